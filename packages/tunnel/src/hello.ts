import { Backoff } from '@mp/path-manager'
import type { Wakeable } from './driver.ts'

/** First and last wait for a welcome, ms, and the factor between one and the next. */
const FIRST_MS = 250
const LAST_MS = 2000
const FACTOR = 1.5

/** Says when a client greets its server: at once, and again with longer waits until it is told to stop. */
export class HelloSchedule implements Wakeable {
  readonly #greet: (attempt: number) => void
  readonly #random: () => number
  readonly #backoff: Backoff = new Backoff({ initialMs: FIRST_MS, maxMs: LAST_MS, factor: FACTOR })
  #nextMs = Infinity
  #attempt = 0

  /** `greet` sends a hello on all paths, for the `attempt`th time since the start; `random` gives 0 ≤ x < 1. */
  constructor(greet: (attempt: number) => void, random: () => number) {
    this.#greet = greet
    this.#random = random
  }

  get running(): boolean {
    return this.#nextMs < Infinity
  }

  /** The first greeting is due now. Nothing changes when it is running. */
  start(nowMs: number): void {
    if (this.running) return
    this.#backoff.reset()
    this.#attempt = 0
    this.#nextMs = nowMs
  }

  stop(): void {
    this.#nextMs = Infinity
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + this.#backoff.nextDelayMs(this.#random())
    this.#greet(++this.#attempt)
  }
}
