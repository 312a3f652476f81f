import { readFileSync } from 'node:fs'

let version: string | undefined

/** The version of multipathd, from its package.json. */
export function programVersion(): string {
  version ??= (
    JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      readonly version: string
    }
  ).version
  return version
}
