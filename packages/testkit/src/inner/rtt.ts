const MIN_RTO_MS = 200
const FIRST_RTO_MS = 1000
const MAX_RTO_MS = 120_000
const MIN_RTT_WINDOW_MS = 300_000

/** Round-trip times and the time to wait for one (RFC 6298), with the floor of Linux: the deviation counts as 200 ms at least. */
export class RoundTrip {
  smoothedMs = 0
  minMs: number = Infinity
  latestMs = 0
  #deviationMs = 0
  #minAtMs = 0
  #backoff = 1

  /** Takes a sample; `shortestMs` is that of the packet in it that was sent last. */
  add(rttMs: number, shortestMs: number, nowMs: number): void {
    this.#backoff = 1
    this.latestMs = rttMs
    if (shortestMs <= this.minMs || nowMs - this.#minAtMs > MIN_RTT_WINDOW_MS) {
      this.minMs = shortestMs
      this.#minAtMs = nowMs
    }
    if (this.smoothedMs === 0) {
      this.smoothedMs = rttMs
      this.#deviationMs = rttMs / 2
      return
    }
    this.#deviationMs += (Math.abs(rttMs - this.smoothedMs) - this.#deviationMs) / 4
    this.smoothedMs += (rttMs - this.smoothedMs) / 8
  }

  /** After so long without an acknowledgement all is lost, ms. */
  get rtoMs(): number {
    if (this.smoothedMs === 0) return Math.min(MAX_RTO_MS, FIRST_RTO_MS * this.#backoff)
    const waitMs = this.smoothedMs + Math.max(MIN_RTO_MS, 4 * this.#deviationMs)
    return Math.min(MAX_RTO_MS, waitMs * this.#backoff)
  }

  /** It was waited in vain. */
  backOff(): void {
    this.#backoff *= 2
  }
}
