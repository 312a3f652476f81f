/** Drops that follow each other within so many intervals belong to one congestion. */
const MEMORY_INTERVALS = 16

/**
 * CoDel (RFC 8289) for many queues: strikes a packet when all packets of an interval have waited too long, and then
 * again and again, at distances that shrink with the square root of the strikes, until they wait less.
 *
 * The RFC's loop over several packets is here one question per packet. The answers are the same, but that after good packets the memory of
 * strikes lasts up to one distance longer.
 */
export class Codel {
  readonly #targetMs: number
  readonly #intervalMs: number
  /** When an interval of long waits will be over; `Infinity` = the last wait was short. */
  readonly #firstAboveMs: Float64Array
  readonly #strikeNextMs: Float64Array
  readonly #count: Int32Array
  readonly #lastCount: Int32Array
  readonly #isStriking: Uint8Array

  constructor(queues: number, targetMs: number, intervalMs: number) {
    this.#targetMs = targetMs
    this.#intervalMs = intervalMs
    this.#firstAboveMs = new Float64Array(queues).fill(Infinity)
    this.#strikeNextMs = new Float64Array(queues)
    this.#count = new Int32Array(queues)
    this.#lastCount = new Int32Array(queues)
    this.#isStriking = new Uint8Array(queues)
  }

  /** The queue was found empty. */
  rest(queue: number): void {
    this.#firstAboveMs[queue] = Infinity
    this.#isStriking[queue] = 0
  }

  /** Whether the packet just taken off `queue`, which waited `waitMs`, must be marked or dropped. */
  strikes(queue: number, waitMs: number, nowMs: number): boolean {
    if (!this.#waitsTooLong(queue, waitMs, nowMs)) {
      this.#isStriking[queue] = 0
      return false
    }
    if (this.#isStriking[queue] === 0) this.#begin(queue, nowMs)
    else if (nowMs < this.#strikeNextMs[queue]!) return false
    else this.#goOn(queue)
    return true
  }

  #waitsTooLong(queue: number, waitMs: number, nowMs: number): boolean {
    if (waitMs < this.#targetMs) {
      this.#firstAboveMs[queue] = Infinity
      return false
    }
    if (this.#firstAboveMs[queue] === Infinity) this.#firstAboveMs[queue] = nowMs + this.#intervalMs
    return nowMs >= this.#firstAboveMs[queue]!
  }

  /** If there were strikes just before, the rate that helped then is taken up again. */
  #begin(queue: number, nowMs: number): void {
    const strikes = this.#count[queue]! - this.#lastCount[queue]!
    const isRecent = nowMs - this.#strikeNextMs[queue]! < MEMORY_INTERVALS * this.#intervalMs
    const count = strikes > 1 && isRecent ? strikes : 1
    this.#isStriking[queue] = 1
    this.#count[queue] = count
    this.#lastCount[queue] = count
    this.#strikeNextMs[queue] = nowMs + this.#intervalMs / Math.sqrt(count)
  }

  #goOn(queue: number): void {
    const count = this.#count[queue]! + 1
    this.#count[queue] = count
    this.#strikeNextMs[queue]! += this.#intervalMs / Math.sqrt(count)
  }
}
