import type { Io } from '../io.ts'

/**
 * How to start this program again: by its name where it is installed, else by its file, as in a checkout. With the
 * whole path, because `sudo` does not know aliases and may begin in another folder.
 */
export function commandOf({ argv = [] }: Pick<Io, 'argv'>): string {
  const [, file = ''] = argv
  if (!file.endsWith('.js')) return 'multipathd'
  return `node ${/^[\w./-]+$/.test(file) ? file : JSON.stringify(file)}`
}
