import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'

/** Says yes to whoever has the token. */
export class Token {
  /** For the address that is shown to who may see it. Never logged. */
  readonly text: string
  readonly #digest: Buffer

  constructor(text: string = randomBytes(32).toString('base64url')) {
    this.text = text
    this.#digest = digest(text)
  }

  /** Takes as long for any answer: digests are of one length. */
  matches(given: string): boolean {
    return timingSafeEqual(digest(given), this.#digest)
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What this program writes there. */
const FORM = /^[A-Za-z0-9_-]{43}$/

/**
 * The token in `file`, which is made when it is not there, so that it stays the same over restarts.
 * @throws ExitError when others may read the file, or it holds something else.
 */
export function loadToken(file: string): Token {
  const made = new Token()
  try {
    writeFileSync(file, `${made.text}\n`, { flag: 'wx', mode: 0o600 })
    return made
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readToken(file)
    throw refusal(file, `cannot be written: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function readToken(file: string): Token {
  const text = readPrivate(file).trim()
  if (!FORM.test(text)) throw refusal(file, 'does not hold a token: remove it, and a new one is made')
  return new Token(text)
}

/** Looks at the open file and not at its name, which could lead elsewhere a moment later. */
function readPrivate(file: string): string {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
    const { mode } = fstatSync(descriptor)
    if ((mode & 0o077) !== 0) throw refusal(file, `can be read by others: run \`chmod 600 ${file}\``)
    return readFileSync(descriptor, 'utf8')
  } catch (error) {
    if (error instanceof ExitError) throw error
    throw refusal(file, `cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function refusal(file: string, why: string): ExitError {
  return new ExitError(EXIT.unavailable, `dashboard.tokenFile: ${file} ${why}`)
}
