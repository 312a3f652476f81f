/** Shortest time a queue is drained over, ms: it need not be gone at once. */
const MIN_DRAIN_MS = 150
/** Longest time, ms: by then more is known. */
const MAX_DRAIN_MS = 1500

/** What a drain is planned from. */
export interface DrainPlan {
  /** What arrives, bit/s. */
  readonly arrivingBps: number
  /** How long the queue is, ms. */
  readonly queueMs: number
  /** Most that may be sent less, as a share of `arrivingBps`. */
  readonly maxShare: number
  /** Time from a change of the rate to the first report that shows it, ms. */
  readonly feedbackMs: number
}

/**
 * Sending less than arrives until a queue is gone. How long that takes is known beforehand, so the rate goes up again
 * at that time and not only when reports show the empty queue: no capacity is wasted on a long way.
 */
export class Drain {
  /** What arrived when it began, bit/s: the capacity of the path, as there was a queue. */
  #arrivingBps = 0
  #share = 0
  #startMs = 0
  #plannedMs = 0
  #byMs = 0
  #longestMs = 0

  /** What arrived when it began, bit/s. */
  get arrivingBps(): number {
    return this.#arrivingBps
  }

  /** What to send while it lasts, bit/s. */
  get rateBps(): number {
    return this.#arrivingBps * (1 - this.#share)
  }

  /** When the queue should be gone, ms. */
  get untilMs(): number {
    return this.#startMs + this.#byMs / this.#share
  }

  /** By how much the queue gets shorter if it is ours, ms. */
  get byMs(): number {
    return this.#byMs
  }

  /** Begins to drain. */
  start(plan: DrainPlan, nowMs: number): void {
    this.#arrivingBps = plan.arrivingBps
    this.#share = Math.min(plan.maxShare, plan.queueMs / Math.max(MIN_DRAIN_MS, plan.feedbackMs))
    this.#startMs = nowMs
    this.#plannedMs = this.#longestMs = plan.queueMs
    this.#byMs = Math.min(plan.queueMs, MAX_DRAIN_MS * this.#share)
  }

  /** Takes note of the queue, ms. */
  observe(queueMs: number): void {
    this.#longestMs = Math.max(this.#longestMs, queueMs)
  }

  /** The queue is `marginMs` longer than it could be if the path carried what it did. */
  overtaken(queueMs: number, marginMs: number): boolean {
    return queueMs > this.#plannedMs + marginMs
  }

  /** Of a queue that is now `queueMs` at least half of what was to be drained is gone. */
  helped(queueMs: number): boolean {
    return queueMs < this.#longestMs - this.#byMs / 2
  }
}
