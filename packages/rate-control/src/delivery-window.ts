/** What was known at one report, all of it counted since the path began. */
export interface DeliveryPoint {
  /** When the newest frame came, µs of the receiver's clock, unwrapped. */
  receivedUs: number
  /** When the frame with the highest counter was sent, ms. */
  sentMs: number
  receivedFrames: number
  receivedBytes: number
  sentBytes: number
  pausedMs: number
  highestCounter: number
}

const POINTS = 64
/** A rate needs this many frames, and the interval must not be longer than this, ms. */
const MIN_FRAMES = 8
const MAX_INTERVAL_MS = 2500

function emptyPoint(): DeliveryPoint {
  return {
    receivedUs: 0,
    sentMs: 0,
    receivedFrames: 0,
    receivedBytes: 0,
    sentBytes: 0,
    pausedMs: 0,
    highestCounter: 0,
  }
}

/**
 * The last reports of a path as points in time, from which rates over a chosen interval are taken: the longer it
 * is, the less jitter matters. A ring of fixed size.
 */
export class DeliveryWindow {
  readonly #points: DeliveryPoint[] = Array.from({ length: POINTS }, emptyPoint)
  #added = 0

  /** The point to fill in for the report at hand; call `push` when that is done. */
  get next(): DeliveryPoint {
    return this.#points[this.#added % POINTS]!
  }

  /** The point pushed last; `undefined` before the first. */
  get last(): DeliveryPoint | undefined {
    return this.#added === 0 ? undefined : this.#points[(this.#added - 1) % POINTS]!
  }

  push(): void {
    this.#added++
  }

  /** Forgets all points. */
  clear(): void {
    this.#added = 0
  }

  /** The newest point that is at least `minMs` and eight frames before the last one; `undefined` when there is none. */
  before(minMs: number): DeliveryPoint | undefined {
    const last = this.last!
    const oldest = Math.max(0, this.#added - POINTS + 1)
    for (let each = this.#added - 2; each >= oldest; each--) {
      const point = this.#points[each % POINTS]!
      const passedMs = (last.receivedUs - point.receivedUs) / 1000
      if (passedMs > MAX_INTERVAL_MS) return undefined
      if (passedMs >= minMs && last.receivedFrames - point.receivedFrames >= MIN_FRAMES) return point
    }
    return undefined
  }
}
