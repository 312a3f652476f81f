const MS_PER_SECOND = 1000

/** Lets `burst` things happen at once and `perSecond` in the long run. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAtMs = -Infinity

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** Whether there is a token; if so, takes it. Time that goes back counts as standing still. */
  take(nowMs: number): boolean {
    if (nowMs > this.#filledAtMs) {
      const earned = ((nowMs - this.#filledAtMs) * this.#perSecond) / MS_PER_SECOND
      this.#tokens = Math.min(this.#burst, this.#tokens + earned)
      this.#filledAtMs = nowMs
    }
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
