/** What may be saved up: so much time's worth of the budget … */
const BURST_MS = 100
/** … and never less bytes than this, or slow paths would not copy at all. */
const MIN_BURST_BYTES = 3000

/** Limits second copies of packets to a share of the capacity: a token bucket that begins full. */
export class CopyBudget {
  readonly #ratio: number
  #bytesPerMs = 0
  #tokenBytes = 0
  #filledAtMs = -Infinity

  /** @param ratio Share of the capacity, 0…1; 0 = no copies. */
  constructor(ratio: number) {
    this.#ratio = ratio
  }

  /** Says what all paths carry together, bytes per second. */
  setCapacity(bytesPerSecond: number): void {
    this.#bytesPerMs = (this.#ratio * bytesPerSecond) / 1000
  }

  /** Takes `bytes` out of the budget; false, and nothing is taken, when there are not so many. */
  take(bytes: number, nowMs: number): boolean {
    if (this.#bytesPerMs === 0) return false
    if (nowMs > this.#filledAtMs) {
      const limit = Math.max(MIN_BURST_BYTES, this.#bytesPerMs * BURST_MS)
      const earned = this.#bytesPerMs * (nowMs - this.#filledAtMs)
      this.#tokenBytes = Math.min(limit, this.#tokenBytes + earned)
      this.#filledAtMs = nowMs
    }
    if (bytes > this.#tokenBytes) return false
    this.#tokenBytes -= bytes
    return true
  }
}
