import type { RttEstimator } from './estimator.ts'

/**
 * TCP's estimator: smoothed RTT (gain ⅛) and its mean deviation (gain ¼). It has no trend, so it predicts the
 * smoothed RTT for any time ahead. Source: RFC 6298 §2 (V. Jacobson, 1988). The one-second floor of the RFC is not
 * here: a prober has its own, as a false alarm costs a probe and not a window.
 */
export class Rfc6298 implements RttEstimator {
  #smoothedMs: number | undefined
  #deviationMs = 0

  /** SRTT, ms; `undefined` before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs
  }

  /** RTTVAR, ms. */
  get deviationMs(): number {
    return this.#deviationMs
  }

  update(rttMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = rttMs
      this.#deviationMs = rttMs / 2
      return
    }
    const error = rttMs - this.#smoothedMs
    this.#deviationMs += (Math.abs(error) - this.#deviationMs) / 4
    this.#smoothedMs += error / 8
  }

  predict(): number | undefined {
    return this.#smoothedMs
  }
}
