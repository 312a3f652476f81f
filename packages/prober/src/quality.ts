/** A path with a larger share of lost probes is bad … */
const LOSS_HIGH_RATIO = 0.1
/** … and stays so until the share is below this. */
const LOSS_LOW_RATIO = 0.03
/**
 * Gain of the loss average per probe. A tenth of the probes is about the least that two or three lost ones in
 * a second of ten probes can prove, so the average reaches back over some six seconds of an active path: 20 % loss
 * is found after 4 s, and a path with 5 % seldom passes for one with 10 %.
 */
const LOSS_GAIN = 1 / 64
/** A standing queue this long makes a path bad, ms … */
const SLOW_BAD_MS = 1000
/** … and none for this long makes it good again, ms. */
const SLOW_GOOD_MS = 2000

/** Whether a path that loses the share `lossRatio` is bad. */
export function isLossy(lossRatio: number): boolean {
  return lossRatio > LOSS_HIGH_RATIO
}

/**
 * Whether a living path is worth its traffic: the share of lost probes, and delay that does not go away. Both with
 * hysteresis: between bad and good lies a range where the state stays what it is.
 */
export class Quality {
  #lossRatio = 0
  #slowSinceMs = Infinity
  #slowLastMs = -Infinity

  /** Share of probes not answered in time, 0…1, exponentially averaged. */
  get lossRatio(): number {
    return this.#lossRatio
  }

  /** Counts one probe. */
  recordProbe(lost: boolean): void {
    this.#lossRatio += LOSS_GAIN * ((lost ? 1 : 0) - this.#lossRatio)
  }

  /** Takes the verdict on one RTT sample: `slow` = far above what the path can do. */
  recordDelay(slow: boolean, nowMs: number): void {
    if (slow) this.#slowLastMs = nowMs
    if (!slow) this.#slowSinceMs = Infinity
    else if (this.#slowSinceMs === Infinity) this.#slowSinceMs = nowMs
  }

  isLossy(): boolean {
    return isLossy(this.#lossRatio)
  }

  isSlow(nowMs: number): boolean {
    return nowMs - this.#slowSinceMs >= SLOW_BAD_MS
  }

  isGood(nowMs: number): boolean {
    return this.#lossRatio < LOSS_LOW_RATIO && nowMs - this.#slowLastMs >= SLOW_GOOD_MS
  }
}
