import type { Runtime, Timer } from '@mp/interface'
import type { LogLevel } from '../config/schema/log.ts'
import type { Fields, LeveledLog } from './log.ts'

/** A line is said this often in a window as it comes; then it is counted until the window ends. */
const LINES = 5
const WINDOW_MS = 10_000
/** Different lines that are told apart in a window; further ones share a count. */
const MAX_KINDS = 2000
const OTHERS = 'other lines'

interface Repeats {
  readonly level: LogLevel
  said: number
  held: number
  /** Of the last one that was held. */
  fields: Fields | undefined
}

/** A log in which a line that comes again and again is summed up: `… 25 more in 10 s: lte: lost`. */
export class RepeatFilter implements LeveledLog {
  readonly #log: LeveledLog
  readonly #runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
  readonly #kinds = new Map<string, Repeats>()
  #timer: Timer | undefined

  constructor(log: LeveledLog, runtime: Pick<Runtime, 'nowMs' | 'setTimer'>) {
    this.#log = log
    this.#runtime = runtime
  }

  info(message: string, fields?: Fields): void {
    this.#take('info', message, fields)
  }

  warn(message: string, fields?: Fields): void {
    this.#take('warn', message, fields)
  }

  error(message: string, fields?: Fields): void {
    this.#take('error', message, fields)
  }

  setLevel(level: LogLevel): void {
    this.#log.setLevel(level)
  }

  /** Says what is held back, and begins anew. To be called at the end. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const [message, { level, held, fields }] of this.#kinds) {
      if (held > 0) this.#log[level](`… ${held} more in ${WINDOW_MS / 1000} s: ${message}`, fields)
    }
    this.#kinds.clear()
  }

  #take(level: LogLevel, message: string, fields: Fields | undefined): void {
    const repeats = this.#repeatsOf(level, message)
    if (repeats.said < LINES) {
      repeats.said++
      this.#log[level](message, fields)
    } else {
      repeats.held++
      repeats.fields = fields
    }
  }

  #repeatsOf(level: LogLevel, message: string): Repeats {
    const known = this.#kinds.get(message)
    if (known !== undefined) return known
    if (this.#kinds.size > MAX_KINDS) return this.#kinds.get(OTHERS)!
    // The last place is for all that have none.
    const isLast = this.#kinds.size === MAX_KINDS
    const repeats = { level, said: isLast ? LINES : 0, held: 0, fields: undefined }
    this.#kinds.set(isLast ? OTHERS : message, repeats)
    this.#timer ??= this.#runtime.setTimer(this.#runtime.nowMs() + WINDOW_MS, () => this.flush())
    return repeats
  }
}
