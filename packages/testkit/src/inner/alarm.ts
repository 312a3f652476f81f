import type { Runtime, Timer } from '@mp/interface'

/** A timer whose time changes with every packet. It asks the runtime for a new one only when it must ring earlier. */
export class Alarm {
  readonly #runtime: Runtime
  readonly #ring: () => void
  readonly #onTimer = (): void => this.#fire()
  #timer: Timer | undefined
  #armedMs = Infinity
  #dueMs = Infinity

  constructor(runtime: Runtime, ring: () => void) {
    this.#runtime = runtime
    this.#ring = ring
  }

  /** When it rings, ms; `Infinity` = never. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** Rings at `atMs` instead of when it would have; `Infinity` = never. */
  set(atMs: number): void {
    this.#dueMs = atMs
    if (atMs >= this.#armedMs) return
    this.#timer?.cancel()
    this.#arm(atMs)
  }

  #arm(atMs: number): void {
    this.#armedMs = atMs
    this.#timer = this.#runtime.setTimer(atMs, this.#onTimer)
  }

  #fire(): void {
    this.#armedMs = Infinity
    if (this.#dueMs > this.#runtime.nowMs()) {
      if (this.#dueMs < Infinity) this.#arm(this.#dueMs)
      return
    }
    this.#dueMs = Infinity
    this.#ring()
  }
}
