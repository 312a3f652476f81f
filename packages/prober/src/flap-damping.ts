/** A path that came back stays on trial at least this long, ms, doubled by each point of penalty. */
const DWELL_MS = 500
/** Most points that count: the dwell is at most 32 s. */
const MAX_POINTS = 6
/** The penalty halves in this time, ms. */
const HALF_LIFE_MS = 60_000

/**
 * Keeps a path that comes and goes from dragging traffic with it: each fall costs a point, points fade, and the
 * time on trial doubles with each. Source: the idea of RFC 2439 (BGP route flap damping).
 */
export class FlapDamping {
  /** The only path to the peer is not kept waiting: nothing would be won. */
  isOff = false
  #points = 0
  #atMs = 0

  /** The path fell from normal. */
  penalize(nowMs: number): void {
    this.#points = this.#pointsAt(nowMs) + 1
    this.#atMs = nowMs
  }

  /** How long the path must be on trial now, ms. */
  dwellMs(nowMs: number): number {
    return this.isOff ? DWELL_MS : DWELL_MS * 2 ** Math.min(MAX_POINTS, this.#pointsAt(nowMs))
  }

  #pointsAt(nowMs: number): number {
    return this.#points * 2 ** ((this.#atMs - nowMs) / HALF_LIFE_MS)
  }
}
