/** Growth of start-up per feedback delay, as a natural logarithm: it doubles, as TCP does. */
const START_GROWTH = Math.LN2
/** Bounds of the first growth after a back-off, and of growth at all after start-up; logarithms per round. */
const MIN_FIRST_GROWTH = 0.005
const MAX_FIRST_GROWTH = 0.02
const MAX_GROWTH = 0.25
/** A round overshoots by no more than this share of the threshold at first. */
const OVERSHOOT_RATIO = 0.25
/** Growth doubles every so many rounds: slow near the rate that was too much, fast when that is long ago (as CUBIC). */
const DOUBLING_ROUNDS = 3
/** A round is the feedback delay, but not less than this, ms. */
const MIN_ROUND_MS = 50
/** After a pause growth starts as if it had gone on for so many rounds: the path may have changed. */
const ROUNDS_AFTER_IDLE = 10
/** Growth per second among flows that fill the queue. */
const CROWDED_GROWTH_PER_S = 0.25

/** How fast an estimate grows while nothing speaks against it. */
export class Growth {
  #startMs: number | undefined

  /** Growth is slow again from `nowMs` on. */
  restart(nowMs: number): void {
    this.#startMs = nowMs
  }

  /** The same after a pause. */
  restartAfterIdle(feedbackMs: number, nowMs: number): void {
    this.#startMs = nowMs - ROUNDS_AFTER_IDLE * Math.max(MIN_ROUND_MS, feedbackMs)
  }

  /** Factor ≥ 1 of `passedMs` in start-up. */
  startFactor(passedMs: number, feedbackMs: number): number {
    return Math.exp((START_GROWTH * passedMs) / feedbackMs)
  }

  /** Factor ≥ 1 of `passedMs` among flows that fill the queue. */
  crowdedFactor(passedMs: number): number {
    return Math.exp((CROWDED_GROWTH_PER_S * passedMs) / 1000)
  }

  /** Factor ≥ 1 of the `passedMs` up to `nowMs` otherwise, where a queue of `thresholdMs` is too much. */
  factor(
    passedMs: number,
    nowMs: number,
    path: { readonly feedbackMs: number; readonly thresholdMs: number },
  ): number {
    const roundMs = Math.max(MIN_ROUND_MS, path.feedbackMs)
    const rounds = (nowMs - (this.#startMs ??= nowMs)) / roundMs
    const wanted = (OVERSHOOT_RATIO * path.thresholdMs) / roundMs
    const first = Math.min(MAX_FIRST_GROWTH, Math.max(MIN_FIRST_GROWTH, wanted))
    const growth = Math.min(MAX_GROWTH, first * 2 ** (rounds / DOUBLING_ROUNDS))
    return Math.exp((growth * passedMs) / roundMs)
  }
}
