import type { FlightSample } from './flight-sample.ts'

/** Loss is judged per block of at least this time and number of frames, besides the window of each sample. */
const BLOCK_MS = 300
const BLOCK_FRAMES = 300
/** Frames after which half of what is known of the floor is new. */
const LEARN_FRAMES = 300
/** Frames after which half of what is known of recent loss is new. */
const RECENT_FRAMES = 300
/** No path is trusted to lose less than this, so that few losses among few frames say nothing. */
const LEAST_FLOOR = 0.005
/** Fewer bursts than this are chance, be they of one frame. */
const LEAST_BURSTS = 4
/** The length of bursts is the mean of this many of the last, at least. */
const BURSTS = 16
/** A burst counts as no longer than this in the mean, frames. */
const MAX_BURST_FRAMES = 8

/**
 * Tells the loss that comes from sending too much from that a path has anyway. The second is what is still lost after
 * less was sent; the first is what exceeds it by more than chance.
 */
export class LossSignal {
  #floor = 0
  #ratio = 0
  /** Lost frames lately, and the bursts they came in. */
  #burstFrames = 1
  #bursts = 1
  #blockFrames = 0
  #blockLost = 0
  #blockMs: number | undefined
  #lastFrames = 0
  #lastLost = 0

  /** Share of frames the path loses anyway, 0…1. */
  get floorRatio(): number {
    return this.#floor
  }

  /** Share of frames lost lately, be it for sending too much, 0…1. */
  get ratio(): number {
    return Math.max(0, this.#ratio)
  }

  /** Adds what one report told. */
  record({ newFrames, newMissingFrames, lostFrames, lostRuns }: FlightSample, nowMs: number): void {
    this.#recordBursts(lostFrames, lostRuns)
    if (newFrames > 0)
      this.#ratio += (newMissingFrames - this.#ratio * newFrames) / (newFrames + RECENT_FRAMES)
    this.#blockMs ??= nowMs
    this.#blockFrames += newFrames
    this.#blockLost += newMissingFrames
    if (nowMs - this.#blockMs < BLOCK_MS || this.#blockFrames < BLOCK_FRAMES) return
    this.#lastFrames = this.#blockFrames
    this.#lastLost = this.#blockLost
    if (this.#lastLost < this.#floor * this.#lastFrames) this.learn(this.#lastFrames, this.#lastLost)
    this.#blockMs = nowMs
    this.#blockFrames = this.#blockLost = 0
  }

  /** These were sent at a rate that cannot be too high: what is lost of them is lost anyway. */
  learn(frames: number, lostFrames: number): void {
    if (frames <= 0) return
    this.#floor += (Math.max(0, lostFrames / frames) - this.#floor) * (frames / (frames + LEARN_FRAMES))
  }

  /** Forgets the frames that were sent before the rate was changed. */
  restart(): void {
    this.#lastFrames = this.#lastLost = this.#blockFrames = this.#blockLost = 0
    this.#blockMs = undefined
  }

  /** Whether more than `excess` beyond the floor and chance is lost of the window of `sample`, or of the last block. */
  exceeds({ windowFrames, windowLostFrames }: FlightSample, excess: number): boolean {
    return (
      this.#exceeds(windowFrames, windowLostFrames, excess) ||
      this.#exceeds(this.#lastFrames, this.#lastLost, excess)
    )
  }

  /** Whether `excess` beyond the floor is lost of the window of `sample`, be it by chance. */
  holds({ windowFrames, windowLostFrames }: FlightSample, excess: number): boolean {
    return windowLostFrames > 1 + windowFrames * (this.#floor + excess)
  }

  #recordBursts(frames: number, bursts: number): void {
    this.#burstFrames += frames
    this.#bursts += bursts
    if (this.#bursts < 2 * BURSTS) return
    this.#burstFrames /= 2
    this.#bursts /= 2
  }

  /** Mean length of a burst, frames. */
  get #burst(): number {
    return Math.min(MAX_BURST_FRAMES, this.#burstFrames / this.#bursts)
  }

  /**
   * Chance: three standard deviations. Loss in bursts varies by more than loss one by one, which is what becomes of what a
   * pacer sends too much.
   */
  #exceeds(frames: number, lostFrames: number, excess: number): boolean {
    const floor = Math.max(LEAST_FLOOR, this.#floor)
    const burst = this.#burst
    const chance = 3 * Math.sqrt((2 * burst - 1) * frames * floor * (1 - floor))
    return lostFrames > LEAST_BURSTS * burst + frames * (this.#floor + excess) + chance
  }
}
