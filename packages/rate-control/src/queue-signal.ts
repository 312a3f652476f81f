import { WindowedMin } from './windowed-min.ts'

/** The delay of an empty path is the least of this time, ms: queues are drained more often, and clocks drift less than matters. */
const BASE_WINDOW_MS = 30_000
/**
 * Delay above the base that counts as a queue, ms, where the queue is deep and the path fast and steady. Whatever stands
 * there delays calls and games too, and it grows to three times of this until less that is sent shows.
 */
const THRESHOLD_MS = 4
/** A queue of so many times the threshold is no chance, even of one interval. */
const DEEP = 4
/** The same where the queue is known to be shallow, at least. */
const MIN_THRESHOLD_MS = 2
/** A queue has to be this much deeper than the delay jumps about anyway, and at most so much, ms. */
const NOISE_FACTOR = 4
const MAX_NOISE_MS = 60
/** One jump counts as so many times what is usual, and 1 ms: a queue that fills within one report is not noise. */
const MAX_JUMP = 4
/** A frame takes its time on a slow path; this many of them are no queue. */
const THRESHOLD_FRAMES = 2
/** A shallow queue is one that overflowed within this time, ms. */
const SHALLOW_MS = 30_000

/** How much longer frames take than on the empty path, and whether that is a queue or only jitter. */
export class QueueSignal {
  readonly #base = new WindowedMin(BASE_WINDOW_MS)
  /** The deepest queue lately, negated: it is looked for with a minimum. */
  readonly #deepest = new WindowedMin(SHALLOW_MS)
  readonly #frameBits: number
  #delayMs = 0
  #smoothedMs = 0
  #noiseMs = 0
  #hiddenMs = 0
  #overflowMs = -Infinity
  /** The least delay of the last sample, and the one before. */
  #lastMs: number | undefined
  #secondLastMs: number | undefined
  #thresholdMs = THRESHOLD_MS
  /** Whether the last three samples were above the threshold, one bit each. */
  #hot = 0

  /** @param maxFrameBytes the largest frame. */
  constructor(maxFrameBytes: number) {
    this.#frameBits = 8 * maxFrameBytes
  }

  /** Delay of the empty path, ms plus the constant of `record`; `Infinity` before the first sample. */
  get baseMs(): number {
    return this.#base.min
  }

  /** Least delay above the base in the last interval, ms: the least, as jitter only adds. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Mean delay above the base, smoothed over some reports, ms: what a frame sent now has to expect. */
  get smoothedMs(): number {
    return this.#smoothedMs
  }

  /** How much the delay jumps about from one sample to the next, ms. */
  get noiseMs(): number {
    return this.#noiseMs
  }

  /** Delay above the base that is a queue, ms. */
  get thresholdMs(): number {
    return this.#thresholdMs
  }

  /** Nothing to speak of queues. */
  get calm(): boolean {
    return this.#delayMs <= this.#thresholdMs / 2
  }

  /** Two of the last three samples were above the threshold and so is this one, or it is far above. */
  get congested(): boolean {
    const count = (this.#hot & 1) + ((this.#hot >> 1) & 1) + ((this.#hot >> 2) & 1)
    return this.deep || ((this.#hot & 1) === 1 && count >= 2)
  }

  /** So far above the threshold that one sample will do. */
  get deep(): boolean {
    return this.#delayMs > DEEP * this.#thresholdMs
  }

  /** Takes least and mean one-way delay of an interval, ms plus one unknown constant, of a path of `capacityBps`. */
  record(
    delays: { readonly delayMinMs: number; readonly delayMeanMs: number },
    capacityBps: number,
    nowMs: number,
  ): void {
    const { delayMinMs, delayMeanMs } = delays
    const baseMs = this.#base.record(delayMinMs, nowMs)
    this.#delayMs = delayMinMs - baseMs
    this.#smoothedMs += (Math.max(0, delayMeanMs - baseMs) - this.#smoothedMs) / 2
    this.#recordNoise(delayMinMs)
    this.#deepest.record(baseMs - delayMeanMs, nowMs)
    this.#thresholdMs = this.#threshold(capacityBps, nowMs)
    this.#hot = ((this.#hot << 1) | (this.#delayMs > this.#thresholdMs ? 1 : 0)) & 7
  }

  /** Frames were lost that a path does not lose by itself: a queue that is not deeper than lately overflowed. */
  handleOverflow(nowMs: number): void {
    this.#overflowMs = nowMs
  }

  /** The present delay is the path's own from now on: a new route, or a queue that others keep. */
  rebase(nowMs: number): void {
    this.#hiddenMs += this.#delayMs
    this.#base.clear()
    this.#base.record(this.#lastMs ?? 0, nowMs)
    this.#delayMs = 0
    this.#hot = 0
  }

  /** What `rebase` took for the path's own since this was asked last, ms: it may have been a queue of ours after all. */
  takeHiddenMs(): number {
    const hiddenMs = this.#hiddenMs
    this.#hiddenMs = 0
    return hiddenMs
  }

  /** How far three delays are from a straight line: a queue that grows or drains at a steady pace is no noise. */
  #recordNoise(delayMinMs: number): void {
    const lastMs = this.#lastMs ?? delayMinMs
    const jumpMs = Math.abs(delayMinMs - 2 * lastMs + (this.#secondLastMs ?? lastMs)) / 2
    this.#noiseMs += (Math.min(jumpMs, MAX_JUMP * (this.#noiseMs + 1)) - this.#noiseMs) / 16
    this.#secondLastMs = lastMs
    this.#lastMs = delayMinMs
  }

  #threshold(capacityBps: number, nowMs: number): number {
    const frameMs = (this.#frameBits * 1000) / capacityBps
    const noiseMs = Math.min(MAX_NOISE_MS, NOISE_FACTOR * this.#noiseMs)
    const shallow = nowMs - this.#overflowMs < SHALLOW_MS
    // Half of a shallow queue is room enough to notice it before it overflows.
    const depthMs = shallow ? Math.max(MIN_THRESHOLD_MS, -this.#deepest.min / 2) : Infinity
    return Math.max(Math.min(THRESHOLD_MS, depthMs), noiseMs, THRESHOLD_FRAMES * frameMs)
  }
}
