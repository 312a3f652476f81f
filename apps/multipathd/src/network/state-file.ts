import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, readlinkSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import { parseChange } from './change.ts'
import type { Change } from './change.ts'

/**
 * Where a daemon writes down what it is about to change, so that the next one can undo what it leaves when it is
 * killed. Each change has a line, written before it is made, and all go at a clean end. It is kept open: who became
 * another user may not open it any more.
 */
export class StateFile {
  readonly path: string
  /** What an earlier process noted and did not undo, oldest first. */
  readonly left: readonly Change[]
  readonly #file: number
  readonly #noted = new Set<string>()
  #sizeBytes: number

  /** Throws ExitError when the file cannot be opened, or is somebody else's. */
  constructor(path: string) {
    this.path = path
    this.#file = openOwn(path)
    this.left = readFileSync(this.#file, 'utf8')
      .split('\n')
      .flatMap((line) => parseChange(line) ?? [])
    this.#sizeBytes = fstatSync(this.#file).size
  }

  /** How many were noted. */
  get lines(): number {
    return this.#noted.size
  }

  /** Notes a change that is about to be made; once is enough. Throws the error of the system when there is no room for it. */
  note(change: Change): void {
    const line = JSON.stringify(change)
    if (this.#noted.has(line)) return
    // Begun on a line of its own, should the one before have been cut off.
    this.#sizeBytes += writeWhole(this.#file, `\n${line}`, this.#sizeBytes)
    this.#noted.add(line)
  }

  /** Only these are still to be undone. Written over the others and then cut, so that at each moment all of them are there. Throws as {@link note}. */
  rewrite(changes: readonly Change[]): void {
    const lines = changes.map((change) => JSON.stringify(change))
    this.#sizeBytes = writeWhole(this.#file, lines.map((line) => `\n${line}`).join('') + '\n', 0)
    ftruncateSync(this.#file, this.#sizeBytes)
    this.#noted.clear()
    for (const line of lines) this.#noted.add(line)
  }

  /** All that was noted has been undone. */
  clear(): void {
    this.#noted.clear()
    this.#sizeBytes = 0
    ftruncateSync(this.#file)
  }

  /** Lets go of the file, and removes it when it says nothing and the system allows it. */
  close(): void {
    const isEmpty = fstatSync(this.#file).size === 0
    closeSync(this.#file)
    if (!isEmpty) return
    try {
      unlinkSync(this.path)
    } catch {
      // Who became another user leaves it; empty, it says that all is undone.
    }
  }
}

/** Writes a text at a place in a file. Throws when not all of it went there. @returns its length, bytes. */
function writeWhole(file: number, text: string, position: number): number {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, position + done)
  return bytes.length
}

function openOwn(path: string): number {
  const folder = dirname(path)
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 })
    const { uid } = statSync(folder)
    if (uid !== 0 && uid !== process.geteuid?.()) throw new Error(`${folder} belongs to another user`)
    const file = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    fchmodSync(file, 0o600)
    return file
  } catch (error) {
    const advice = 'it is needed to undo routes after a crash; RUNTIME_DIRECTORY names another folder for it'
    throw new ExitError(
      EXIT.unavailable,
      `cannot open the state file ${path}: ${(error as Error).message}; ${advice}`,
    )
  }
}

/**
 * The state file of the daemon that has the TUN device `tun` in this network namespace: in the folder that systemd made
 * for the service, else in /run/multipathd for root, else in the runtime folder of the user.
 */
export function stateFilePath(tun: string, env: NodeJS.ProcessEnv = process.env): string {
  const { RUNTIME_DIRECTORY: service, XDG_RUNTIME_DIR: user } = env
  const isRoot = process.geteuid?.() === 0
  const own =
    user === undefined ? join(tmpdir(), `multipathd-${process.geteuid?.()}`) : join(user, 'multipathd')
  const folder = service?.split(':', 1)[0] ?? (isRoot ? '/run/multipathd' : own)
  return join(folder, `${tun}-${networkNamespace()}.state`)
}

/** The number of our network namespace: others have devices of the same names. */
function networkNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? 'host'
  } catch {
    return 'host'
  }
}
