/** Delay is no sign of our sending too much for this time, ms, after more than so many vain tries to drain a queue. */
const DEAF_MS = 4000
const REFUTED_DRAINS = 2
/** A path without a queue for this time is our own again, ms. */
const CALM_MS = 2000
/** How much less than arrives is sent to drain a queue: alone, in doubt, and among others. */
const SHARES = [0.5, 0.3, 0.15] as const

/**
 * Whether others fill the queue of a path too. Who makes way for a flow that fills whatever queue there is (TCP with
 * loss-based congestion control) is left with nothing, so a queue that does not get shorter when less is sent is not
 * drained any more; only loss counts then, until the queue is gone (after the mode switch of Copa, NSDI 2018).
 */
export class Crowd {
  /** Drains that did not help, or were overtaken by a fall of the capacity, since one did. */
  #doubts = 0
  /** Those of them after which the queue was taken to be of others. */
  #refuted = 0
  #deafUntilMs = -Infinity
  #busyMs = -Infinity

  /** It is not certain that the queue is ours alone. */
  get suspected(): boolean {
    return this.#doubts > 0
  }

  /** Most that may be sent less than arrives, as a share of it. */
  get maxDrainShare(): number {
    return SHARES[Math.min(this.#doubts, SHARES.length - 1)]!
  }

  /** Delay says nothing now. */
  isDeaf(nowMs: number): boolean {
    return nowMs < this.#deafUntilMs
  }

  /** A sample at `nowMs` found the path without a queue, or with one. */
  handleSample(calm: boolean, nowMs: number): void {
    if (!calm || this.isDeaf(nowMs)) this.#busyMs = nowMs
    else if (nowMs - this.#busyMs > CALM_MS) this.handleDrained()
  }

  /** The queue was ours: it is drained. */
  handleDrained(): void {
    this.#doubts = this.#refuted = 0
  }

  /** The queue grew during a drain. */
  handleFall(): void {
    this.#doubts = Math.max(1, this.#doubts)
  }

  /**
   * The queue is as long as before a drain.
   * @param congested what was sent did not arrive in time.
   * @returns whether it is the queue of others, and not what a falling capacity looks like.
   */
  handleResistance(congested: boolean, nowMs: number): boolean {
    this.#doubts++
    if (congested && this.#doubts < SHARES.length) return false
    if (++this.#refuted > REFUTED_DRAINS) this.#deafUntilMs = nowMs + DEAF_MS
    return true
  }
}
