/** How far the highest counter has to be above a missing one before that can count as lost (RFC 9002 §6.1.1). */
const GUARD_FRAMES = 3
/** What is assumed of a path before any frame came late, ms. */
const INITIAL_GUARD_MS = 2
/** A path that reorders by more than this is not waited for, ms. */
const MAX_GUARD_MS = 100
/** How much longer a frame is waited for when the third after it does not come, ms. */
const TAIL_MS = 20
/** A guard shrinks to half in this time, ms. */
const HALF_LIFE_MS = 10_000
const CHECKPOINTS = 64

/**
 * Tells which missing frames will not come any more: those that the third after them overtook, longer ago than frames
 * of this path were ever late lately. It remembers when the highest counter was what, at a bounded number of moments,
 * so the time per frame does not depend on the traffic.
 */
export class ReorderGuard {
  readonly #counters = new Float64Array(CHECKPOINTS)
  readonly #times = new Float64Array(CHECKPOINTS)
  #added = 0
  /** The newest highest counter, which need not have a checkpoint. */
  #lastCounter = -1
  #lastMs = 0
  #guardMs = INITIAL_GUARD_MS
  #shrunkMs: number | undefined

  /** How long a missing frame is waited for after later ones came, ms. */
  get guardMs(): number {
    return this.#guardMs
  }

  /** The highest counter became `counter` at `nowMs`. */
  handleHighest(counter: number, nowMs: number): void {
    this.#lastCounter = counter
    this.#lastMs = nowMs
    const last = (this.#added - 1) & (CHECKPOINTS - 1)
    const stepMs = Math.max(1, (2 * this.#guardMs + TAIL_MS) / CHECKPOINTS)
    if (this.#added > 0 && nowMs - this.#times[last]! < stepMs) {
      // Frames of one batch came at one time; those of a later time in this step must not be taken for older.
      if (nowMs === this.#times[last]) this.#counters[last] = counter
      return
    }
    const slot = this.#added++ & (CHECKPOINTS - 1)
    this.#counters[slot] = counter
    this.#times[slot] = nowMs
  }

  /** A frame below the highest counter came at `nowMs`: the path reorders, by as much as it came late. */
  handleLate(counter: number, nowMs: number): void {
    const overtakenMs = this.#overtakenMs(counter)
    if (overtakenMs === undefined) return
    this.#guardMs = Math.min(MAX_GUARD_MS, Math.max(this.#guardMs, 1.25 * (nowMs - overtakenMs)))
  }

  /** The highest counter of which, and below which, missing frames count as lost at `nowMs`; -1 when there is none. */
  settledAt(nowMs: number, highest: number): number {
    this.#shrink(nowMs)
    const full = Math.min(this.#highestAt(nowMs - this.#guardMs), highest - GUARD_FRAMES)
    return Math.max(full, this.#highestAt(nowMs - this.#guardMs - TAIL_MS))
  }

  /** What the highest counter was at `atMs`, or somewhat earlier. */
  #highestAt(atMs: number): number {
    if (this.#lastMs <= atMs) return this.#lastCounter
    const oldest = Math.max(0, this.#added - CHECKPOINTS)
    for (let each = this.#added - 1; each >= oldest; each--) {
      const slot = each & (CHECKPOINTS - 1)
      if (this.#times[slot]! <= atMs) return this.#counters[slot]!
    }
    return -1
  }

  /** When a counter above `counter` was first noted, or the oldest such time that is remembered; `undefined` without one. */
  #overtakenMs(counter: number): number | undefined {
    const oldest = Math.max(0, this.#added - CHECKPOINTS)
    let overtakenMs: number | undefined
    for (let each = this.#added - 1; each >= oldest; each--) {
      const slot = each & (CHECKPOINTS - 1)
      if (this.#counters[slot]! < counter) return overtakenMs
      overtakenMs = this.#times[slot]!
    }
    return overtakenMs
  }

  #shrink(nowMs: number): void {
    const passedMs = nowMs - (this.#shrunkMs ?? nowMs)
    this.#shrunkMs = nowMs
    const keep = 2 ** (-passedMs / HALF_LIFE_MS)
    this.#guardMs = INITIAL_GUARD_MS + (this.#guardMs - INITIAL_GUARD_MS) * keep
  }
}
