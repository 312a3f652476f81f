/** Wishes of the owner of a pacer. */
export interface PacerOptions {
  /** The largest frame, bytes: two of them may always leave at once. Default 1500. */
  readonly maxFrameBytes?: number
}

/** What may leave at once is what the rate allows in this time, ms: twice the tick that all pacers share. */
const BURST_MS = 2

/**
 * A token bucket that spreads the frames of one path over time at a rate which changes. It counts when it is asked
 * and wants no timer of its own: a path that is offered less than its rate costs one comparison per batch.
 */
export class Pacer {
  readonly #minBurstBytes: number
  #bytesPerMs = 0
  /** Whole bytes, for the same reason as below. */
  #burstBytes = 0
  /** Bytes. In an array, as a field of fractions would be a new object each time. */
  readonly #tokens = new Float64Array(1)
  #countedMs: number | undefined

  /** @param rateBps bit/s > 0. */
  constructor(rateBps: number, options: PacerOptions = {}) {
    this.#minBurstBytes = 2 * (options.maxFrameBytes ?? 1500)
    this.#spread(rateBps)
    this.#tokens[0] = this.burstBytes
  }

  /** The most that may leave at once, bytes. */
  get burstBytes(): number {
    return this.#burstBytes
  }

  /** Changes the rate from `nowMs` on, bit/s > 0; what was earned before stays, as far as the new bucket holds it. */
  setRate(rateBps: number, nowMs: number): void {
    this.#count(nowMs)
    this.#spread(rateBps)
    this.#tokens[0] = Math.min(this.#tokens[0]!, this.burstBytes)
  }

  /** What may be sent now, bytes; 0 while a debt is paid. */
  budgetBytes(nowMs: number): number {
    this.#count(nowMs)
    return Math.max(0, this.#tokens[0]!)
  }

  /** Takes `bytes` that were sent, with or without a budget: what goes beyond it is a debt, of one burst at most. */
  spend(bytes: number): void {
    this.#tokens[0] = Math.max(this.#tokens[0]! - bytes, -this.burstBytes)
  }

  /** The first time at which a frame of `bytes` may be sent, ms; not later than a full bucket. */
  nextMs(bytes: number): number {
    const missing = Math.min(bytes, this.burstBytes) - this.#tokens[0]!
    return (this.#countedMs ?? 0) + Math.max(0, missing) / this.#bytesPerMs
  }

  #spread(rateBps: number): void {
    this.#bytesPerMs = rateBps / 8000
    this.#burstBytes = Math.max(this.#minBurstBytes, Math.ceil(BURST_MS * this.#bytesPerMs))
  }

  #count(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - (this.#countedMs ?? nowMs))
    this.#countedMs = Math.max(nowMs, this.#countedMs ?? nowMs)
    this.#tokens[0] = Math.min(this.burstBytes, this.#tokens[0]! + passedMs * this.#bytesPerMs)
  }
}
