import type { PathReport } from '@mp/interface'
import { DeliveryWindow } from './delivery-window.ts'
import type { DeliveryPoint } from './delivery-window.ts'
import { FlightRing, FRAME_ACKED, FRAME_IN_FLIGHT, FRAME_LOST, FRAME_UNKNOWN } from './flight-ring.ts'
import { emptySample } from './flight-sample.ts'
import type { FlightSample } from './flight-sample.ts'
import { RoundTrip } from './round-trip.ts'
import type { SentFrames } from './sent-frames.ts'

/** Is told what became of frames, during a call of the tracker. It must not call the tracker. */
export interface FrameFate {
  /**
   * The frame with this counter is lost, be it again after it was repaired. It keeps `slot`, unless that is -1.
   * @returns from when on a report that still misses it calls it lost again, ms; Infinity when that is of no use.
   */
  onLost(counter: number, slot: number): number
  /** `slot` is not needed any more: its frame came, or nobody will say what became of it. Once for each slot. */
  onDone(slot: number): void
}

/** Wishes of the owner of a tracker. */
export interface FlightTrackerOptions {
  /** Frames remembered, a power of two; more in flight than this are forgotten and counted. Default 8192. */
  readonly maxFrames?: number
}

/**
 * What a report was good for: nothing when `stale`, as others said it before or nothing was sent since the tracker was made, or
 * `impossible`, as it tells of more than was sent.
 */
export type ReportVerdict = 'used' | 'stale' | 'impossible'

/** Bounds of the interval rates are taken over, ms; in between it is the least RTT. */
const MIN_RATE_MS = 60
const MAX_RATE_MS = 200
/** So many frames in a row are not lost by chance where the ones before came. */
const OVERDUE_FRAMES = 8
/** A sample is limited by its source when nothing waited for more than this share of its time. */
const APP_LIMITED_RATIO = 0.1
/** A frame that is overtaken by more than this is dropped by its receiver as a replay, and these are the most bytes they have. */
const LATE_FRAMES = 4096
const LATE_BYTES = LATE_FRAMES * 9216

/**
 * The sending side of one path: remembers what was sent, and learns from the peer's reports what came, what is lost,
 * how long it took and at which rate. Costs some stores per frame and allocates nothing after it was made.
 */
export class FlightTracker {
  /** What the last report said that was `used`. */
  readonly sample: FlightSample = emptySample()
  readonly #ring: FlightRing
  readonly #fate: FrameFate
  readonly #points = new DeliveryWindow()
  readonly #roundTrip = new RoundTrip()
  /** The counter after the last one sent; -1 before the first frame. */
  #next = -1
  /** Bytes sent in all. In an array, as a field beyond 31 bits would be a new object each time. */
  readonly #sentBytes = new Float64Array(1)
  /** When the last frame was sent, and how long in all nothing waited, ms. */
  #sentMs = 0
  #pausedMs = 0
  /** Nothing waits since the last frame. */
  #paused = true
  /** Of the bytes sent, those up to the newest frame heard of. */
  #heardBytes = 0
  /** All frames below it have their verdict. */
  #judgedTo = 0
  /** Of no frame below it a report can say anything new: it came, or was forgotten. */
  #openFrom = 0
  #highest = -1
  /** The oldest frame that an answer is due for is not below it. */
  #unanswered = 0
  /** What the peer may count at most beyond what was sent: it began to count elsewhere, and some frames come late. */
  #framesAhead = 0
  #bytesAhead = 0
  #lostFrames = 0
  #spuriousFrames = 0
  #unknownFrames = 0

  constructor(fate: FrameFate, options: FlightTrackerOptions = {}) {
    this.#fate = fate
    this.#ring = new FlightRing(options.maxFrames ?? 8192)
  }

  /** Bytes sent after the newest frame that the peer is known to have; what is missing below it is lost, or nearly there. */
  get inFlightBytes(): number {
    return this.#sentBytes[0]! - this.#heardBytes
  }

  /** Smoothed RTT, ms; 0 before the first sample. */
  get smoothedRttMs(): number {
    return this.#roundTrip.smoothedMs
  }

  /** Least RTT of the last 30 s, ms; 100 before the first sample. */
  get rttMinMs(): number {
    return this.#roundTrip.minMs
  }

  /** How long a frame may stay without a report, ms, 50…3000. */
  get rtoMs(): number {
    return this.#roundTrip.rtoMs
  }

  /** Frames called lost, those that came after all included. */
  get lostFrames(): number {
    return this.#lostFrames
  }

  /** Frames called lost that came after all, late or repaired. */
  get spuriousFrames(): number {
    return this.#spuriousFrames
  }

  /** Frames of which nobody will ever say what became of them. */
  get unknownFrames(): number {
    return this.#unknownFrames
  }

  /** When the path is suspect unless a report comes before, ms: then its oldest unheard frame that is answered is older than an RTO. `Infinity` when none is. */
  get suspectAtMs(): number {
    const ring = this.#ring
    let unheard = Math.max(this.#unanswered, this.#highest + 1, this.#next - ring.capacity)
    while (unheard < this.#next && ring.isAnswered[ring.rowOf(unheard)] === 0) unheard++
    this.#unanswered = unheard
    if (unheard >= this.#next) return Infinity
    return ring.sentMs[ring.rowOf(unheard)]! + this.#roundTrip.rtoMs
  }

  /** A report that came at `nowMs` leaves out more frames in a row than chance loses, all of which should have come by then. */
  isOverdue(nowMs: number): boolean {
    const counter = this.#highest + OVERDUE_FRAMES
    if (counter >= this.#next) return false
    return nowMs - this.#ring.sentMs[this.#ring.rowOf(counter)]! > this.#roundTrip.overdueMs
  }

  /**
   * Remembers frames handed to the link at `nowMs`. Throws RangeError when they do not follow those before.
   * @returns their length together, bytes.
   */
  handleSent(sent: SentFrames, nowMs: number): number {
    const { counter, frames } = sent
    if (this.#next < 0) this.#begin(counter)
    else if (counter !== this.#next) throw new RangeError(`frame ${counter} was sent after ${this.#next - 1}`)
    if (this.#paused) this.#pausedMs += nowMs - this.#sentMs
    this.#paused = sent.appLimited
    if (this.#sentMs !== nowMs) this.#sentMs = nowMs
    this.#next = counter + frames
    return this.#remember(sent, nowMs)
  }

  #remember({ counter, frames, from, bytes, slots, isReport = false }: SentFrames, nowMs: number): number {
    const ring = this.#ring
    const beforeBytes = this.#sentBytes[0]!
    let sentBytes = beforeBytes
    for (let each = 0; each < frames; each++) {
      const row = ring.rowOf(counter + each)
      this.#forget(row)
      sentBytes += bytes[from + each]!
      ring.sentMs[row] = nowMs
      ring.sentBytes[row] = sentBytes
      ring.pausedMs[row] = this.#pausedMs
      ring.bytes[row] = bytes[from + each]!
      ring.slot[row] = slots === undefined ? -1 : slots[from + each]!
      ring.isAnswered[row] = isReport ? 0 : 1
      ring.state[row] = FRAME_IN_FLIGHT
    }
    this.#sentBytes[0] = sentBytes
    return sentBytes - beforeBytes
  }

  /** More waits now: frames handed to the link at `nowMs` were not followed by a pause, whatever was said of them. */
  handleQueued(nowMs: number): void {
    if (nowMs === this.#sentMs) this.#paused = false
  }

  /** Takes a report on this path, by whichever path it came; `sample` is filled when it is `used`. */
  handleReport(report: PathReport, nowMs: number): ReportVerdict {
    if (this.#next < 0) return 'stale'
    if (report.highestCounter >= this.#next) return 'impossible'
    const last = this.#points.last
    const newFrames = last === undefined ? report.frames : (report.frames - last.receivedFrames) | 0
    if (newFrames < 0 || report.settledCounter + 1 < this.#judgedTo) return 'stale'
    if (last !== undefined && this.#isTooMuch(report, last, newFrames)) return 'impossible'
    this.#clearSample()
    this.#judge(report, nowMs)
    if (newFrames > 0) this.#measure(report, nowMs, newFrames)
    this.#fillWindow()
    return 'used'
  }

  /**
   * Calls all frames lost that were not heard of, and none of them again: their path does not answer. What was sent last is
   * called first with `newest-first`, for a path that is cut at our end: what was sent before is mostly under way still.
   */
  giveUp(order: 'oldest-first' | 'newest-first' = 'oldest-first'): void {
    const first = Math.max(this.#highest + 1, this.#next - this.#ring.capacity)
    if (order === 'oldest-first') for (let each = first; each < this.#next; each++) this.#giveUpOn(each)
    else for (let each = this.#next - 1; each >= first; each--) this.#giveUpOn(each)
  }

  #giveUpOn(counter: number): void {
    const row = this.#ring.rowOf(counter)
    if (this.#ring.state[row] !== FRAME_IN_FLIGHT) return
    this.#ring.state[row] = FRAME_LOST
    this.#fate.onLost(counter, this.#ring.slot[row]!)
    this.#release(row)
  }

  /** Begins anew with the next frame, after a pause of the path: nobody will say what became of those before. */
  clear(): void {
    this.#forgetBelow(this.#next)
    this.#judgedTo = Math.max(0, this.#next)
    this.#heardBytes = this.#sentBytes[0]!
    this.#highest = this.#next - 1
    this.#points.clear()
  }

  #begin(counter: number): void {
    this.#judgedTo = this.#openFrom = counter
    this.#highest = counter - 1
  }

  /** More frames or bytes than can have come since the first report. */
  #isTooMuch(report: PathReport, last: DeliveryPoint, newFrames: number): boolean {
    const newBytes = bytesSince(report.bytes, last.receivedBytes)
    return (
      last.receivedFrames + newFrames - this.#next > this.#framesAhead ||
      last.receivedBytes + newBytes - this.#sentBytes[0]! > this.#bytesAhead
    )
  }

  #clearSample(): void {
    const { sample } = this
    sample.ackedFrames = sample.ackedBytes = sample.lostFrames = sample.lostBytes = sample.lostRuns = 0
    sample.rttMs = sample.deliveredBps = sample.sentBps = NaN
    sample.newFrames = sample.newMissingFrames = sample.windowFrames = sample.windowLostFrames = 0
  }

  /** Gives every frame the report judges its verdict; of those before it nobody will say more. */
  #judge(report: PathReport, nowMs: number): void {
    this.#forgetBelow(report.firstCounter)
    let counter = this.#openFrom
    for (let gap = 0; gap < report.gapCount; gap++) {
      const start = report.gapStart[gap]!
      const end = start + report.gapLength[gap]!
      this.#acknowledge(counter, start)
      counter = Math.max(counter, start)
      const lostBefore = this.sample.lostFrames
      for (; counter < end; counter++) this.#miss(counter, nowMs)
      if (this.sample.lostFrames > lostBefore) this.sample.lostRuns++
    }
    this.#acknowledge(counter, report.settledCounter + 1)
    this.#judgedTo = Math.max(this.#judgedTo, report.settledCounter + 1)
    this.#close()
  }

  /** Steps over what came: the next reports say it again, some times over. */
  #close(): void {
    const { state } = this.#ring
    let open = this.#openFrom
    while (open < this.#judgedTo && state[this.#ring.rowOf(open)] === FRAME_ACKED) open++
    this.#openFrom = open
  }

  /** The frames `from … to-1` came. */
  #acknowledge(from: number, to: number): void {
    const { sample } = this
    const ring = this.#ring
    for (let counter = from; counter < to; counter++) {
      const row = ring.rowOf(counter)
      const state = ring.state[row]
      if (state === FRAME_IN_FLIGHT) {
        sample.ackedFrames++
        sample.ackedBytes += ring.bytes[row]!
      } else if (state === FRAME_LOST) {
        this.#spuriousFrames++
      } else continue
      ring.state[row] = FRAME_ACKED
      this.#release(row)
    }
  }

  #miss(counter: number, nowMs: number): void {
    const { sample } = this
    const ring = this.#ring
    const row = ring.rowOf(counter)
    if (ring.state[row] === FRAME_IN_FLIGHT) {
      this.#lostFrames++
      sample.lostFrames++
      sample.lostBytes += ring.bytes[row]!
      ring.state[row] = FRAME_LOST
    } else if (ring.state[row] !== FRAME_LOST || ring.slot[row]! < 0 || nowMs < ring.sentMs[row]!) return
    ring.sentMs[row] = this.#fate.onLost(counter, ring.slot[row]!)
    if (ring.sentMs[row] === Infinity) this.#release(row)
  }

  #forgetBelow(end: number): void {
    // Those of which the ring has lost its memory were forgotten then.
    const from = Math.max(this.#openFrom, this.#next - this.#ring.capacity)
    for (let each = from; each < end; each++) this.#forget(this.#ring.rowOf(each))
    this.#openFrom = Math.max(from, end)
  }

  #forget(row: number): void {
    if (this.#ring.state[row] === FRAME_IN_FLIGHT) {
      this.#ring.state[row] = FRAME_UNKNOWN
      this.#unknownFrames++
    }
    this.#release(row)
  }

  #release(row: number): void {
    const slot = this.#ring.slot[row]!
    this.#ring.slot[row] = -1
    if (slot >= 0) this.#fate.onDone(slot)
  }

  /** Round trip, delays, and a point for the rates. */
  #measure(report: PathReport, nowMs: number, newFrames: number): void {
    const { sample } = this
    const row = this.#ring.rowOf(report.highestCounter)
    const remembered = report.highestCounter >= this.#next - this.#ring.capacity
    sample.delayMinMs = report.delayMinUs / 1000
    sample.delayMeanMs = report.delayMeanUs / 1000
    if (!remembered) return
    if (report.highestCounter > this.#highest) {
      sample.rttMs = Math.max(0, nowMs - this.#ring.sentMs[row]! - report.ackDelayUs / 1000)
      this.#roundTrip.record(sample.rttMs, nowMs)
      this.#highest = report.highestCounter
      this.#heardBytes = this.#ring.sentBytes[row]!
    }
    this.#addPoint(report, row, newFrames)
  }

  #addPoint(report: PathReport, row: number, newFrames: number): void {
    const { last, next } = this.#points
    if (last === undefined) {
      next.receivedUs = report.receivedUs
      next.receivedFrames = report.frames
      next.receivedBytes = report.bytes
      this.#framesAhead = report.frames - (report.highestCounter + 1) + LATE_FRAMES
      this.#bytesAhead = report.bytes - this.#ring.sentBytes[row]! + LATE_BYTES
    } else {
      next.receivedUs = last.receivedUs + ((report.receivedUs - last.receivedUs) | 0)
      next.receivedFrames = last.receivedFrames + newFrames
      next.receivedBytes = last.receivedBytes + bytesSince(report.bytes, last.receivedBytes)
    }
    next.sentMs = this.#ring.sentMs[row]!
    next.sentBytes = this.#ring.sentBytes[row]!
    next.pausedMs = this.#ring.pausedMs[row]!
    next.highestCounter = report.highestCounter
    if (last !== undefined) {
      this.sample.newFrames = report.highestCounter - last.highestCounter
      this.sample.newMissingFrames = this.sample.newFrames - newFrames
    }
    this.#points.push()
  }

  /** Rates and loss over about one RTT. */
  #fillWindow(): void {
    const { sample } = this
    sample.rttMinMs = this.#roundTrip.minMs
    sample.rttSmoothedMs = this.#roundTrip.smoothedMs
    sample.inFlightBytes = this.inFlightBytes
    const last = this.#points.last
    if (last === undefined) return
    const from = this.#points.before(Math.min(MAX_RATE_MS, Math.max(MIN_RATE_MS, sample.rttMinMs)))
    if (from === undefined) return
    const sentMs = last.sentMs - from.sentMs
    const receivedMs = (last.receivedUs - from.receivedUs) / 1000
    const sentBytes = last.sentBytes - from.sentBytes
    // Counted, not taken from the gaps: a report cannot name all of them when every second frame is lost.
    sample.windowFrames = Math.max(0, last.highestCounter - from.highestCounter)
    const arrived = last.receivedFrames - from.receivedFrames
    sample.windowLostFrames = Math.max(0, sample.windowFrames - arrived)
    if (sentMs <= 0) return
    sample.sentBps = (sentBytes * 8000) / sentMs
    // The longer of the two intervals: neither a burst of the sender nor one of the link is a rate.
    sample.deliveredBps = ((last.receivedBytes - from.receivedBytes) * 8000) / Math.max(sentMs, receivedMs)
    sample.appLimited = last.pausedMs - from.pausedMs > APP_LIMITED_RATIO * sentMs
  }
}

/** Bytes counted since `before`, of a count that wraps at 2^48. */
function bytesSince(wrapped: number, before: number): number {
  const passed = (wrapped - before) % 2 ** 48
  return passed < 0 ? passed + 2 ** 48 : passed
}
