import { randomFillSync } from 'node:crypto'
import type { Runtime, Timer } from '@mp/interface'

/** setTimeout cannot wait longer than this, ms; longer timers are slept in legs. */
const MAX_TIMEOUT_MS = 0x7fffffff

class SystemTimer implements Timer {
  readonly #atMs: number
  readonly #fn: () => void
  #handle: NodeJS.Timeout | undefined

  constructor(atMs: number, fn: () => void) {
    this.#atMs = atMs
    this.#fn = fn
    this.#sleep()
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }

  #sleep(): void {
    const leftMs = Math.ceil(Math.max(0, this.#atMs - performance.now()))
    this.#handle = setTimeout(() => this.#wake(), Math.min(leftMs, MAX_TIMEOUT_MS))
  }

  /** Node's timers may fire up to a millisecond early: never run `fn` before its time. */
  #wake(): void {
    if (performance.now() < this.#atMs) this.#sleep()
    else this.#fn()
  }
}

/**
 * The real clock, timers and randomness of the process.
 *
 * Timers keep the process alive until they ran or were cancelled.
 */
export function systemRuntime(): Runtime {
  // Behind the global stands a getter that costs more than to read the clock.
  const clock = performance
  return {
    nowMs: () => clock.now(),
    setTimer: (atMs, fn) => new SystemTimer(atMs, fn),
    randomBytes: (into) => {
      randomFillSync(into)
    },
  }
}
