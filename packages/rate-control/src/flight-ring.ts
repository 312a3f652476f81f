/** What is known of a frame in the ring. */
export const FRAME_UNKNOWN = 0
export const FRAME_IN_FLIGHT = 1
export const FRAME_ACKED = 2
export const FRAME_LOST = 3

/** The last frames sent on a path, by counter, column by column: a ring of fixed size. */
export class FlightRing {
  /** When it was sent; of a lost one when it may be called lost again, ms. */
  readonly sentMs: Float64Array
  /** Bytes sent on the path up to and with this frame. */
  readonly sentBytes: Float64Array
  /** Time up to this frame in which nothing waited to be sent, ms. */
  readonly pausedMs: Float64Array
  readonly bytes: Int32Array
  readonly slot: Int32Array
  readonly state: Uint8Array
  /** 1 for a frame that is answered. */
  readonly isAnswered: Uint8Array
  readonly #mask: number

  /** Room for `capacity` frames, a power of two up to 2^20. */
  constructor(capacity: number) {
    if (!(capacity >= 2 && capacity <= 2 ** 20) || (capacity & (capacity - 1)) !== 0) {
      throw new RangeError(`maxFrames must be a power of two from 2 to ${2 ** 20}, not ${capacity}`)
    }
    this.#mask = capacity - 1
    this.sentMs = new Float64Array(capacity)
    this.sentBytes = new Float64Array(capacity)
    this.pausedMs = new Float64Array(capacity)
    this.bytes = new Int32Array(capacity)
    this.slot = new Int32Array(capacity).fill(-1)
    this.state = new Uint8Array(capacity)
    this.isAnswered = new Uint8Array(capacity)
  }

  get capacity(): number {
    return this.#mask + 1
  }

  /** The row of the frame with `counter`. */
  rowOf(counter: number): number {
    // The low bits of a whole number below 2^53 are those of its remainder modulo 2^32.
    return counter & this.#mask
  }
}
