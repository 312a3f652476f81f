import type { FlightSample } from './flight-sample.ts'

/** What arrives has to grow by this factor to be called growing. */
const GROWS = 1.25
/** It has so many feedback delays, and some time for the rate to be measured, ms. */
const ROUNDS = 3
const MEASURE_MS = 100

/** Notices that no more arrives although more is sent (the end of start-up in BBR). */
export class Plateau {
  #mostBps = 0
  #grewMs = 0

  /** Whether what arrives has stopped growing, with the sample at `nowMs`. */
  reached(sample: FlightSample, feedbackMs: number, nowMs: number): boolean {
    if (sample.appLimited || sample.deliveredBps > GROWS * this.#mostBps) {
      this.#mostBps = sample.deliveredBps
      this.#grewMs = nowMs
    }
    return nowMs - this.#grewMs > ROUNDS * feedbackMs + MEASURE_MS
  }
}
