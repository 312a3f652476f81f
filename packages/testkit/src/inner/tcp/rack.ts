import type { RoundTrip } from '../rtt.ts'
import type { Scoreboard } from './scoreboard.ts'

/** Segments behind a gap that prove a loss as long as no reordering was seen. */
const DUPLICATE_THRESHOLD = 3
/** A widened window lasts for so many recoveries without a sign that it is needed. */
const PERSISTENCE = 16
const MAX_STEPS = 255
/** Waits shorter than this are over, ms: less than the grain of any timer. */
const GRAIN_MS = 0.001

/**
 * Finds lost segments by time (RFC 8985), with the window of Linux: a segment is lost when one sent later has arrived
 * and a quarter of the shortest round trip has passed, which becomes more with each round trip that shows a needless
 * retransmission. Before any reordering was seen, three segments behind a gap are enough.
 */
export class Rack {
  readonly #board: Scoreboard
  readonly #rtt: RoundTrip
  /** The segment sent last of those that arrived. */
  #sentMs = -1
  #segment = -1
  #rttMs = 0
  #steps = 1
  #persistence = 0
  #stepAtDelivered = 0
  hasReordering = false

  constructor(board: Scoreboard, rtt: RoundTrip) {
    this.#board = board
    this.#rtt = rtt
  }

  /** `segment` has arrived; call before the board knows it. */
  onArrived(segment: number, nowMs: number): void {
    const sentMs = this.#board.sentMs(segment)
    const wasResent = this.#board.wasResent(segment)
    if (!wasResent && segment < this.#board.highest) this.hasReordering = true
    // Faster than can be: the first transmission arrived, not this one.
    if (wasResent && nowMs - sentMs < this.#rtt.minMs) return
    if (!isAfter(sentMs, segment, this.#sentMs, this.#segment)) return
    this.#sentMs = sentMs
    this.#segment = segment
    this.#rttMs = nowMs - sentMs
  }

  /** A segment arrived twice. */
  onDuplicate(delivered: number, priorDelivered: number): void {
    this.#persistence = PERSISTENCE
    if (priorDelivered < this.#stepAtDelivered) return
    this.#stepAtDelivered = delivered
    this.#steps = Math.min(MAX_STEPS, this.#steps + 1)
  }

  onRecoveryEnd(): void {
    if (this.#persistence > 0) this.#persistence--
    else this.#steps = 1
  }

  /**
   * Marks what is lost.
   * @returns when more may be, ms; `Infinity` = not before the next acknowledgement.
   */
  detect(nowMs: number, inRecovery: boolean): number {
    const board = this.#board
    const patienceMs = this.#rttMs + this.#windowMs(inRecovery)
    let againMs = Infinity
    for (let segment = board.firstSent(); segment >= 0;) {
      const later = board.sentAfter(segment)
      const sentMs = board.sentMs(segment)
      if (!isAfter(this.#sentMs, this.#segment, sentMs, segment)) break
      if (sentMs + patienceMs - nowMs <= GRAIN_MS) board.markLost(segment)
      else againMs = Math.min(againMs, sentMs + patienceMs)
      segment = later
    }
    return againMs
  }

  #windowMs(inRecovery: boolean): number {
    const isStrict = inRecovery || this.#board.arrived >= DUPLICATE_THRESHOLD
    if (!this.hasReordering && isStrict) return 0
    return Math.min((this.#rtt.minMs / 4) * this.#steps, this.#rtt.smoothedMs)
  }
}

function isAfter(sentMs: number, segment: number, otherMs: number, other: number): boolean {
  return sentMs > otherMs || (sentMs === otherMs && segment > other)
}
