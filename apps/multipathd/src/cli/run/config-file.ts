import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where installed configs are. */
export const CONFIG_FOLDER = '/etc/multipathd'

/** `home` means /etc/multipathd/home.json, unless there is a file of that name here. */
export function configFileOf(nameOrFile: string): string {
  const isName = /^[\w@-]+$/.test(nameOrFile) && !existsSync(nameOrFile)
  return isName ? join(CONFIG_FOLDER, `${nameOrFile}.json`) : nameOrFile
}
