import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What was used of the quota of a path since its period began. */
export interface Usage {
  /** When the period began, ms since 1970. */
  readonly sinceMs: number
  readonly bytes: number
}

/** By the name of the path. */
export type Usages = ReadonlyMap<string, Usage>

const { O_RDWR, O_CREAT, O_CLOEXEC = 0 } = constants as typeof constants & { O_CLOEXEC?: number }
const FORMAT = z.object({
  paths: z.record(z.string(), z.object({ sinceMs: z.number(), bytes: z.number() })),
})

/**
 * Keeps what was used across restarts. The file stays open, so that it can be written once root is given up, and is
 * written in place by one call: a process that is killed leaves the old text or the new one.
 */
export class UsageFile {
  readonly path: string
  readonly #fd: number
  #lengthBytes: number

  /** Makes the folder and the file if they are not there. Throws what the system says when it cannot. */
  constructor(folder: string, tunnel: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.path = join(folder, `usage-${tunnel}.json`)
    this.#fd = openSync(this.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    this.#lengthBytes = readFileSync(this.path).length
  }

  /** Undefined when the file holds something else. */
  read(): Usages | undefined {
    const text = readFileSync(this.path, 'utf8').trim()
    if (text === '') return new Map()
    try {
      return new Map(Object.entries(FORMAT.parse(JSON.parse(text)).paths))
    } catch {
      return undefined
    }
  }

  /** Throws what the system says when it cannot. */
  write(usages: Usages): void {
    const text = `${JSON.stringify({ paths: Object.fromEntries(usages) }, undefined, 2)}\n`
    // Blanks over what the old text had more: JSON has no use for them.
    const padded = Buffer.from(text.padEnd(this.#lengthBytes))
    const written = writeSync(this.#fd, padded, 0, padded.length, 0)
    this.#lengthBytes = Math.max(this.#lengthBytes, written)
    if (written < padded.length) throw new Error(`only ${written} of ${padded.length} bytes were written`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Where this user keeps such files, when the config does not say. */
export function usualStateFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME = '/' } = env
  if (STATE_DIRECTORY !== undefined) return STATE_DIRECTORY
  if (process.geteuid?.() === 0) return '/var/lib/multipathd'
  return join(XDG_STATE_HOME ?? join(HOME, '.local', 'state'), 'multipathd')
}
