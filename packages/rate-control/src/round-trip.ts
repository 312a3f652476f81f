import { WindowedMin } from './windowed-min.ts'

/** The least RTT is that of this time, ms. */
const MIN_WINDOW_MS = 30_000
/** What is taken for the RTT before the first sample, ms. */
const INITIAL_RTT_MS = 100
/** Shortest and longest deadline, ms. A false alarm costs a repeated frame, so it need not be a second. */
const MIN_RTO_MS = 50
const MAX_RTO_MS = 3000
/** The longest RTT is that of this time, ms. */
const MAX_WINDOW_MS = 10_000
/** A frame is overdue this much after the longest RTT, ms. */
const OVERDUE_MS = 20
/** Longest time the peer keeps a report back, ms. */
const REPORT_DELAY_MS = 100

/** The round trip of the frames of a path, without the time the receiver kept its report back (RFC 6298 §2). */
export class RoundTrip {
  readonly #min = new WindowedMin(MIN_WINDOW_MS)
  /** The longest, negated: it is looked for with a minimum. */
  readonly #max = new WindowedMin(MAX_WINDOW_MS)
  #smoothedMs = 0
  #deviationMs = 0

  /** Least RTT of the last 30 s, ms; 100 before the first sample. */
  get minMs(): number {
    return this.#min.min === Infinity ? INITIAL_RTT_MS : this.#min.min
  }

  /** Smoothed RTT, ms; 0 before the first sample. */
  get smoothedMs(): number {
    return this.#smoothedMs
  }

  /** How long a frame may stay without a report, ms. */
  get rtoMs(): number {
    if (this.#min.min === Infinity) return MAX_RTO_MS
    const reportMs = Math.min(REPORT_DELAY_MS, Math.max(20, this.minMs))
    return Math.min(MAX_RTO_MS, Math.max(MIN_RTO_MS, this.#smoothedMs + 4 * this.#deviationMs + reportMs))
  }

  /** How old a frame may be when a report that leaves it out comes, ms; Infinity before the first sample. */
  get overdueMs(): number {
    return this.#max.min === Infinity ? Infinity : OVERDUE_MS - this.#max.min
  }

  /** Takes a sample of `rttMs` ≥ 0. */
  record(rttMs: number, nowMs: number): void {
    if (this.#min.min === Infinity) {
      this.#smoothedMs = rttMs
      this.#deviationMs = rttMs / 2
    } else {
      const error = rttMs - this.#smoothedMs
      this.#deviationMs += (Math.abs(error) - this.#deviationMs) / 4
      this.#smoothedMs += error / 8
    }
    this.#min.record(rttMs, nowMs)
    this.#max.record(-rttMs, nowMs)
  }
}
