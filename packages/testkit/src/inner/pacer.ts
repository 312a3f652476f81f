import type { Runtime } from '@mp/interface'
import { Alarm } from './alarm.ts'

/** Packets that may leave at once: timers are no finer, ms. */
const BURST_MS = 1

/** Spreads the packets of a sender over time. */
export class Pacer {
  readonly #alarm: Alarm
  #nextMs = 0

  /** @param onDue called when packets may leave that had to wait. */
  constructor(runtime: Runtime, onDue: () => void) {
    this.#alarm = new Alarm(runtime, onDue)
  }

  /** Whether a packet may leave now; if not, the sender is called when it may. */
  mayRun(nowMs: number): boolean {
    if (this.#nextMs <= nowMs + BURST_MS) return true
    this.#alarm.set(this.#nextMs)
    return false
  }

  /** A packet left; `pacing` is how many may per ms. */
  onSent(nowMs: number, pacing: number): void {
    this.#nextMs = Math.max(nowMs, this.#nextMs) + (pacing < Infinity ? 1 / pacing : 0)
  }
}
