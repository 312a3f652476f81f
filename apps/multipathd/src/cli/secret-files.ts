import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EXIT } from './exit-codes.ts'
import { ExitError, messageOf } from './explain.ts'

/** What is in files, by their names. */
export type SecretFiles = Readonly<Record<string, string | Buffer>>

/** What a system says that has no room, or a disk that fails. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'])

/**
 * Writes files for nobody but the owner to read, all of them or none. `folder` is made when it is not there.
 * @throws ExitError when there is no room for them, else the error of the system.
 */
export function writeSecretFiles(folder: string, files: SecretFiles): void {
  let made: string | undefined
  try {
    made = mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeByDrafts(folder, files)
  } catch (error) {
    if (made !== undefined) rmSync(made, { recursive: true })
    if (!NO_ROOM.has(String((error as NodeJS.ErrnoException).code))) throw error
    const advice = 'nothing was written: make room, or choose another folder'
    throw new ExitError(EXIT.notWritten, `cannot write to "${folder}": ${messageOf(error)}; ${advice}`)
  }
}

/** Writes all of them beside their places before the first takes the place of an old one: a link there leads nowhere else. */
function writeByDrafts(folder: string, files: SecretFiles): void {
  const drafts = mkdtempSync(join(folder, '.multipathd-'))
  try {
    const moves = Object.entries(files).map(([name, content], index) => {
      const from = join(drafts, `${index}-${basename(name)}`)
      // Some disks say only when they are to be flushed that they are full.
      writeFileSync(from, content, { mode: 0o600, flush: true })
      return { from, to: join(folder, name) }
    })
    for (const { from, to } of moves) {
      mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
      renameSync(from, to)
    }
  } finally {
    rmSync(drafts, { recursive: true })
  }
}
