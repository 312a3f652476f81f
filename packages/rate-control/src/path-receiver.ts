import type { PathReport } from '@mp/interface'
import { DelayMeter } from './delay-meter.ts'
import { ReceiveWindow, writeGaps } from './receive-window.ts'
import { ReorderGuard } from './reorder-guard.ts'

/** A frame that came, or several in a row that are alike but for their counters. Reuse one object for all of them. */
export interface ReceivedFrame {
  /** Its whole path counter, an integer from 0; of several the first. */
  counter: number
  /** How many they are, each with the counter after that of the one before. Default 1. */
  frames?: number
  /** Its length, bytes; of several the sum. */
  bytes: number
  /** When it was sent, as it says: 128 µs of the sender's clock, 0…65535. */
  sendTime: number
  /** It came before; then only this is counted. */
  duplicate: boolean
  /** It is a report: nothing has to be said of it, unless it shows that something is missing. Default false. */
  isReport?: boolean
  /** A router on its way had too much to carry (ECN-CE). Default false. */
  isMarked?: boolean
}

/** Bounds of the time from one report to the next while frames come, ms; in between it is the RTT. */
const MIN_INTERVAL_MS = 20
const MAX_INTERVAL_MS = 100
/**
 * So many frames are told of whenever that is asked: the sender keeps each until it hears of it, and what it keeps for
 * long has left the caches of its processor when the memory is used again.
 */
const ENOUGH_FRAMES = 512
/** Least time from one report to the next when something is missing, ms. */
const GAP_INTERVAL_MS = 5
/** A report repeats what this many before it said, so that some may get lost. */
const REPEATED_REPORTS = 8
/** Ages above this are told as this, µs. */
const MAX_ACK_DELAY_US = 2 ** 20 - 16

/**
 * The receiving side of one path: looks at every frame and says now and then what came, what is missing and how long
 * frames took. It costs some arithmetic per frame and allocates nothing after it was made.
 */
export class PathReceiver {
  readonly #window = new ReceiveWindow()
  readonly #guard = new ReorderGuard()
  readonly #delay = new DelayMeter()
  /** What the last reports judged up to, a ring, so that the next one knows where to begin. */
  readonly #settled = new Float64Array(REPEATED_REPORTS).fill(-1)
  /** When they were written, ms. */
  readonly #toldMs = new Float64Array(REPEATED_REPORTS)
  #reports = 0
  #intervalMs = MAX_INTERVAL_MS
  #rttMinMs = MAX_INTERVAL_MS
  #frames = 0
  #bytes = 0
  #duplicates = 0
  #marks = 0
  /** When the newest frame came, and the one with the highest counter, ms. */
  #receivedMs = 0
  #highestMs = 0
  #reportedMs = -Infinity
  #reportedFrames = 0
  /** Something came that no report has told yet. */
  #news = false
  /** The highest counter whose verdict the sender waits for: all but those of reports. */
  #awaited = -1
  /** A counter was left out that no report has judged yet. */
  #gap = false

  /** How long a missing frame is waited for, ms: grows when frames overtake each other on this path. */
  get reorderGuardMs(): number {
    return this.#guard.guardMs
  }

  /** The least RTT of the path, ms: reports need not come more often. Until it is known they come every 100 ms. */
  setRttMin(rttMinMs: number): void {
    this.#rttMinMs = rttMinMs
    this.#intervalMs = Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, rttMinMs))
  }

  /** Takes note of an authentic frame, or of several: none of them is both below and above the highest so far. */
  handleFrame(frame: ReceivedFrame, nowMs: number): void {
    const { counter, frames = 1 } = frame
    const { highest } = this.#window
    const last = counter + frames - 1
    if (last < highest && this.#isRepair(last, nowMs)) return this.handleRepair(counter, frames)
    if (frame.isReport !== true || counter > highest + 1) {
      this.#news = true
      this.#awaited = Math.max(this.#awaited, last)
    }
    if (frame.duplicate) {
      this.#duplicates += frames
      return
    }
    this.#frames += frames
    this.#bytes += frame.bytes
    if (frame.isMarked === true) this.#marks += frames
    this.#receivedMs = nowMs
    this.#delay.record(frame.sendTime, nowMs, frames)
    this.#window.add(counter, frames)
    // The first of them came latest.
    if (counter <= highest) return this.#guard.handleLate(counter, nowMs)
    if (counter > highest + 1) this.#gap = true
    this.#highestMs = nowMs
    this.#guard.handleHighest(last, nowMs)
  }

  /**
   * A report called it missing so long ago that it may have been sent again over this very path: then it says nothing of how
   * long the path takes or how late its frames are.
   */
  #isRepair(counter: number, nowMs: number): boolean {
    for (let back = REPEATED_REPORTS; back >= 1; back--) {
      if (this.#judged(back) < counter) continue
      return nowMs - this.#toldMs[(this.#reports - back) % REPEATED_REPORTS]! >= this.#rttMinMs / 2
    }
    return false
  }

  /** A frame that was missing came over another path, or several: they are not missed any more, and say nothing of this one. */
  handleRepair(counter: number, frames = 1): void {
    if (counter + frames - 1 < this.#window.highest) this.#window.add(counter, frames)
  }

  /** There is something to tell, now or later, even when nothing else comes. */
  get hasNews(): boolean {
    return this.#news
  }

  /** A frame was overtaken that no report has called lost yet. */
  get hasGap(): boolean {
    return this.#gap
  }

  /** Whether it is time to tell the sender. Ask after each batch of frames and every few milliseconds. */
  wantsReport(nowMs: number): boolean {
    if (!this.#news) return false
    const passedMs = nowMs - this.#reportedMs
    if (passedMs >= this.#intervalMs || this.#frames - this.#reportedFrames >= ENOUGH_FRAMES) return true
    return this.#gap && passedMs >= GAP_INTERVAL_MS && this.#hasNewGap(nowMs)
  }

  /**
   * Fills all of `report` but its path id with what is known now, and begins the next interval.
   * @returns false, with nothing filled, when no frame has come yet.
   */
  writeReport(report: PathReport, nowMs: number): boolean {
    const { highest } = this.#window
    if (highest < 0) return false
    report.highestCounter = highest
    report.frames = this.#frames % 2 ** 32
    report.bytes = this.#bytes % 2 ** 48
    report.duplicates = this.#duplicates % 2 ** 16
    report.congestionMarks = this.#marks % 2 ** 16
    report.receivedUs = Math.floor(this.#receivedMs * 1000) % 2 ** 32
    report.ackDelayUs = Math.min(MAX_ACK_DELAY_US, Math.round((nowMs - this.#highestMs) * 1000))
    report.delayMinUs = this.#delay.minUs | 0
    report.delayMeanUs = this.#delay.meanUs | 0
    report.delayMaxUs = this.#delay.maxUs | 0
    this.#writeGaps(report, nowMs)
    this.#delay.restart()
    this.#reportedMs = nowMs
    this.#reportedFrames = this.#frames
    return true
  }

  /** Judges as far back as there is room for gaps; what was not judged before has to fit. */
  #writeGaps(report: PathReport, nowMs: number): void {
    const known = Math.max(this.#judged(1), this.#window.lowest - 1)
    const last = Math.max(known, this.#guard.settledAt(nowMs, this.#window.highest))
    let settled = last
    for (let back = REPEATED_REPORTS; back >= 1; back--) {
      report.firstCounter = Math.max(this.#judged(back) + 1, this.#window.lowest)
      settled = writeGaps(this.#window, report, report.firstCounter, last)
      if (settled === last) break
    }
    report.settledCounter = settled
    this.#toldMs[this.#reports % REPEATED_REPORTS] = nowMs
    this.#settled[this.#reports++ % REPEATED_REPORTS] = settled
    // What is not judged yet is news for the next report, even when nothing else comes.
    this.#news = settled < this.#awaited
    this.#gap =
      settled < last || this.#window.find(false, settled + 1, this.#window.highest) <= this.#window.highest
  }

  #hasNewGap(nowMs: number): boolean {
    const from = Math.max(this.#judged(1) + 1, this.#window.lowest)
    const last = this.#guard.settledAt(nowMs, this.#window.highest)
    return this.#window.find(false, from, last) <= last
  }

  /** What the report `back` before the next one judged up to, 1…8; -1 before the first. */
  #judged(back: number): number {
    const report = this.#reports - back
    return report < 0 ? -1 : this.#settled[report % REPEATED_REPORTS]!
  }
}
