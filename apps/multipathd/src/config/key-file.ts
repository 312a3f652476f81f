import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { Secret } from '@mp/secure-channel'
import { faultOfKey } from './fields.ts'

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants
/** All rights of the group and of others. */
const FOREIGN_RIGHTS = 0o077
/** A key and a line end take 45; what is longer is another kind of file. */
const SIZE_LIMIT_BYTES = 128

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; `multipathd genkey` or `genpsk` makes a key',
  EACCES: 'the user that this runs as may not read it',
  ELOOP: 'it is a link that leads to itself',
}

/** Keys by the whole path of the file they were read from. */
export type KnownKeys = Map<string, Secret>

/**
 * The key in `file`, or what is wrong with it; what is read becomes known. One that is known may be kept from this process by
 * now, which gave up root: it is the same as before then. A link is followed: what counts is the file that was opened, so that
 * nobody can put another in its place between the look and the reading.
 */
export function readKeyFile(file: string, known: KnownKeys): Secret | string {
  let fd: number
  try {
    // Not to wait for somebody at the other end of a pipe.
    fd = openSync(file, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    const kept = code === 'EACCES' ? known.get(file) : undefined
    return kept ?? `cannot read "${file}": ${REASONS[code] ?? code}`
  }
  try {
    const key = faultOfFile(file, fstatSync(fd)) ?? keyIn(file, readFileSync(fd, 'utf8'))
    if (key instanceof Secret) known.set(file, key)
    return key
  } finally {
    closeSync(fd)
  }
}

function faultOfFile(file: string, stats: Stats): string | undefined {
  if (!stats.isFile()) return `"${file}" is no regular file`
  if ((stats.mode & FOREIGN_RIGHTS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
    return `"${file}" has mode ${mode}, so that others may use the key: run \`chmod 600 ${file}\``
  }
  if (!trustedOwners().includes(stats.uid)) {
    return `"${file}" belongs to user ${stats.uid}, not to who runs this: run \`chown ${process.geteuid?.()} ${file}\``
  }
  return stats.size > SIZE_LIMIT_BYTES
    ? `"${file}" has ${stats.size} bytes: expected one line with a key`
    : undefined
}

/** Root, this user, and who became root by sudo. */
function trustedOwners(): readonly number[] {
  const euid = process.geteuid?.() ?? 0
  const caller = Number(process.env['SUDO_UID'])
  return euid === 0 && Number.isInteger(caller) ? [0, caller] : [0, euid]
}

function keyIn(file: string, text: string): Secret | string {
  const key = text.trim()
  const fault = faultOfKey(key)
  return fault === undefined ? Secret.fromBase64(key)! : `"${file}": ${fault}`
}
