import type { CapacityEvent, CapacityReason } from './capacity-event.ts'
import { Crowd } from './crowd.ts'
import { Drain } from './drain.ts'
import { EventLog } from './event-log.ts'
import type { FlightSample } from './flight-sample.ts'
import { Growth } from './growth.ts'
import { LossSignal } from './loss-signal.ts'
import { checkedOptions } from './options.ts'
import type { CapacityOptions } from './options.ts'
import { Plateau } from './plateau.ts'
import { QueueSignal } from './queue-signal.ts'

/** After this time without a sample the path may have become another, ms. */
const IDLE_MS = 10_000
/** Bounds of the time from one report to the next, ms; in between it is the least RTT. */
const MIN_REPORT_MS = 20
const MAX_REPORT_MS = 100
/** The RTT before the first sample, ms. */
const INITIAL_RTT_MS = 100
/** In flight beyond what rate and delay explain, bytes. */
const SPARE_BYTES = 65_536
/** An estimate is never more than this many times what arrives: feedback of fast growth lags by so much. */
const MAX_LEAD = 4
/** After a drain a little less is sent than arrived, so that the queue does not come back at once. */
const AFTER_DRAIN = 0.98
/** What is kept of what arrives after a loss: alone, and among flows that halve their rate then. */
const AFTER_LOSS = 0.92
const AFTER_LOSS_CROWDED = 0.75
const AFTER_FALL_CROWDED = 0.65
/** No sign but a queue takes more than half at once. */
const MAX_CUT = 0.5
/** Less than this share of the rate is sent only by who was kept from it. */
const LEAST_USE = 0.125
/** A drain of less than so many times the noise says nothing of whose queue it is. */
const CLEAR_NOISE = 8
/** Least share of what was sent that arrives on a path which is not overloaded. */
const IN_TIME = 0.95
const IN_TIME_APP_LIMITED = 0.8
/** Who sends less than this share of the estimate has no part in the queue to speak of. */
const FILLING = 0.3
/** Loss beyond the floor that no radio explains: in start-up, afterwards, and among others. */
const START_LOSS = 0.1
const LOSS = 0.02
const LOSS_CROWDED = 0.003
/** Growth waits while more than this is lost beyond the floor. */
const LOSS_WITHOUT_GROWTH = 0.01

/**
 * - `start`: never full yet; doubles per round trip.
 * - `grow`: slowly at first, then ever faster, until something speaks against it.
 * - `drain`: a queue is being drained.
 * - `settle`: what was changed last has not come back in a report yet.
 */
type Phase = 'start' | 'grow' | 'drain' | 'settle'

/**
 * Estimates what one direction of a path carries, bit/s, from the samples of a {@link FlightTracker}.
 *
 * It sends more until a queue begins to stand, measures what arrives then (which is the capacity), drains the queue,
 * and starts again just below. Loss counts when it exceeds what the path loses anyway; a queue that does not answer
 * to our sending less is not ours. Samples of a source that had nothing more to send never lower the estimate as long
 * as they arrive.
 */
export class CapacityController {
  readonly #options: Required<CapacityOptions>
  readonly #events: EventLog
  readonly #queue: QueueSignal
  readonly #loss = new LossSignal()
  readonly #crowd = new Crowd()
  readonly #drain = new Drain()
  readonly #growth = new Growth()
  readonly #plateau = new Plateau()
  #maxBps: number
  #capacityBps: number
  #phase: Phase = 'start'
  /** When the reports of what was changed last are here, ms. */
  #settledMs = 0
  /** What arrived when the rate was last cut, bit/s. */
  #arrivingBps = 0
  /** The last cut was a drain. */
  #drained = false
  #sampledMs: number | undefined
  #rttMinMs = INITIAL_RTT_MS
  #rttExcessMs = 0

  /** Throws RangeError for options out of their range. */
  constructor(options: CapacityOptions = {}) {
    this.#options = checkedOptions(options)
    this.#events = new EventLog(this.#options.maxEvents)
    this.#queue = new QueueSignal(this.#options.maxFrameBytes)
    this.#maxBps = this.#options.maxBps
    this.#capacityBps = this.#bounded(this.#options.startBps)
  }

  /** What the path is thought to carry, bit/s. */
  get capacityBps(): number {
    return this.#capacityBps
  }

  /** One-way delay of the empty path, ms, plus the difference of the two clocks; `Infinity` before the first sample. */
  get delayBaseMs(): number {
    return this.#queue.baseMs
  }

  /** When the last sample with a frame came, ms; `-Infinity` before the first. */
  get sampledMs(): number {
    return this.#sampledMs ?? -Infinity
  }

  /** Delay that queues add on the path now, ms, smoothed. */
  get queueDelayMs(): number {
    return this.#queue.smoothedMs
  }

  /** Loss that has nothing to do with the rate, as a share of frames. */
  get lossFloorRatio(): number {
    return this.#loss.floorRatio
  }

  /** Share of frames lost lately, for whatever reason. */
  get lossRatio(): number {
    return this.#loss.ratio
  }

  /** Most bytes that should be in flight: bounds what is lost on a path that falls silent. */
  get inFlightLimitBytes(): number {
    return (this.#capacityBps / 8000) * (2 * this.#feedbackMs + this.#rttExcessMs) + SPARE_BYTES
  }

  /** Never believe more than `maxBps` from now on. Throws RangeError for less than the least that is believed. */
  setMax(maxBps: number): void {
    this.#maxBps = checkedOptions({ ...this.#options, maxBps }).maxBps
    this.#capacityBps = this.#bounded(this.#capacityBps)
  }

  /** The oldest change that was not polled yet. */
  pollEvent(): CapacityEvent | undefined {
    return this.#events.shift()
  }

  /** Takes what a tracker made of a report. */
  handleSample(sample: FlightSample, nowMs: number): void {
    this.#rttMinMs = sample.rttMinMs
    this.#rttExcessMs = Math.max(0, sample.rttSmoothedMs - sample.rttMinMs)
    if (sample.newFrames === 0) return
    const passedMs = nowMs - (this.#sampledMs ?? nowMs)
    this.#sampledMs = nowMs
    if (passedMs > IDLE_MS) this.#resumeAfterIdle(nowMs)
    this.#queue.record(sample, this.#capacityBps, nowMs)
    this.#loss.record(sample, nowMs)
    this.#crowd.handleSample(this.#queue.calm, nowMs)
    if (sample.deliveredBps > 0) this.#step(sample, Math.min(this.#feedbackMs, passedMs), nowMs)
  }

  /** Time from a change of the rate to the first report that shows it, ms. */
  get #feedbackMs(): number {
    return this.#rttMinMs + Math.min(MAX_REPORT_MS, Math.max(MIN_REPORT_MS, this.#rttMinMs))
  }

  #step(sample: FlightSample, passedMs: number, nowMs: number): void {
    if (this.#phase === 'drain') this.#keepDraining(sample, nowMs)
    else if (this.#phase === 'settle') this.#settle(sample, nowMs)
    else if (!this.#backOff(sample, nowMs)) this.#grow(sample, passedMs, nowMs)
  }

  #resumeAfterIdle(nowMs: number): void {
    this.#phase = 'grow'
    this.#growth.restartAfterIdle(this.#feedbackMs, nowMs)
  }

  /** Cuts the estimate when something speaks against it. */
  #backOff(sample: FlightSample, nowMs: number): boolean {
    if (sample.appLimited && arrivesInTime(sample, IN_TIME_APP_LIMITED) && !this.#isFilledBy(sample))
      return false
    const deaf = this.#crowd.isDeaf(nowMs)
    if (!deaf && this.#queue.congested) {
      this.#startDrain(sample, 'delay', nowMs)
    } else if (this.#loss.exceeds(sample, this.#lossLimit)) {
      this.#queue.handleOverflow(nowMs)
      if (!deaf && !this.#queue.calm) this.#startDrain(sample, 'loss', nowMs)
      else this.#accept(sample, 'loss', nowMs)
    } else if (this.#phase === 'start' && this.#plateau.reached(sample, this.#feedbackMs, nowMs)) {
      this.#accept(sample, 'plateau', nowMs)
    } else {
      return false
    }
    return true
  }

  /** A source that always waits for its acknowledgements, as a flow with a window, fills the queue of the path instead of ours. */
  #isFilledBy({ sentBps }: FlightSample): boolean {
    return this.#queue.deep && sentBps > FILLING * this.#capacityBps
  }

  get #lossLimit(): number {
    if (this.#phase === 'start') return START_LOSS
    return this.#crowd.suspected ? LOSS_CROWDED : LOSS
  }

  /** Takes what arrives for the capacity where there is no queue to drain, or none that is understood. */
  #accept(sample: FlightSample, reason: CapacityReason, nowMs: number): void {
    const lossKeeps = this.#crowd.suspected ? AFTER_LOSS_CROWDED : AFTER_LOSS
    const keep = reason === 'loss' ? lossKeeps : 1
    const least = this.#leastKept(reason) * this.#capacityBps
    const arriving = sample.deliveredBps / (1 - this.#loss.floorRatio)
    this.#set(Math.max(least, keep * Math.min(this.#capacityBps, arriving)), reason, sample)
    this.#drained = false
    this.#arrivingBps = sample.deliveredBps
    this.#phase = 'settle'
    this.#settledMs = nowMs + this.#feedbackMs + this.#rttExcessMs + 50
  }

  /** A capacity may fall to any part of what it was; what looks like it a second time may be the work of others. */
  #leastKept(reason: CapacityReason): number {
    if (reason !== 'delay') return MAX_CUT
    return this.#crowd.suspected ? AFTER_FALL_CROWDED : 0
  }

  #startDrain(sample: FlightSample, reason: CapacityReason, nowMs: number): void {
    const arrivingBps = this.#arriving(sample)
    this.#arrivingBps = arrivingBps
    const queueMs = this.#queueMs(sample, arrivingBps)
    const { maxDrainShare: maxShare } = this.#crowd
    this.#drain.start({ arrivingBps, queueMs, maxShare, feedbackMs: this.#feedbackMs }, nowMs)
    this.#drained = true
    this.#phase = 'drain'
    this.#set(this.#drain.rateBps, reason, sample)
  }

  /** What arrives while a queue stands is what the path carries, unless others share it or we did not fill it. */
  #arriving({ deliveredBps, sentBps, appLimited }: FlightSample): number {
    // What kept the sender from using the path, as a busy machine does, delays frames too.
    const isFilled = !appLimited && sentBps > LEAST_USE * this.#capacityBps
    if (!isFilled) return Math.max(deliveredBps, MAX_CUT * this.#capacityBps)
    return this.#crowd.suspected
      ? Math.max(deliveredBps, AFTER_LOSS_CROWDED * this.#capacityBps)
      : deliveredBps
  }

  /** How long the queue is by now: longer than the reports show, as more was sent since. */
  #queueMs({ inFlightBytes }: FlightSample, arrivingBps: number): number {
    const seenMs = this.#queue.delayMs
    const mostMs = seenMs + Math.max(0, (this.#capacityBps / arrivingBps - 1) * this.#feedbackMs)
    const flightMs = (inFlightBytes * 8000) / arrivingBps - this.#rttMinMs
    const hiddenMs = this.#crowd.suspected ? 0 : this.#queue.takeHiddenMs()
    return Math.min(mostMs, Math.max(seenMs, flightMs)) + hiddenMs
  }

  #keepDraining(sample: FlightSample, nowMs: number): void {
    const { delayMs, thresholdMs } = this.#queue
    this.#drain.observe(delayMs)
    if (this.#drain.overtaken(delayMs, 2 * thresholdMs) && !arrivesInTime(sample, 0.9)) {
      // The capacity fell meanwhile, or somebody else came: drain when it is known what is left.
      this.#accept(sample, 'delay', nowMs)
      this.#crowd.handleFall()
    } else if (nowMs >= this.#drain.untilMs) {
      this.#set(AFTER_DRAIN * this.#drain.arrivingBps, 'drained', sample)
      this.#phase = 'settle'
      this.#settledMs = nowMs + 1.25 * this.#feedbackMs + this.#rttExcessMs + 10
    }
  }

  #settle(sample: FlightSample, nowMs: number): void {
    this.#drain.observe(this.#queue.delayMs)
    if (nowMs < this.#settledMs) return
    this.#phase = 'grow'
    this.#growth.restart(nowMs)
    this.#loss.restart()
    // No more is sent than arrived before, so what is lost now is lost anyway.
    if (sample.sentBps <= 1.02 * this.#arrivingBps)
      this.#loss.learn(sample.windowFrames, sample.windowLostFrames)
    if (this.#drained) this.#judgeDrain(sample, nowMs)
  }

  #judgeDrain(sample: FlightSample, nowMs: number): void {
    if (this.#queue.calm) return this.#crowd.handleDrained()
    if (this.#drain.helped(this.#queue.delayMs) || !this.#isDrainClear) return
    if (this.#crowd.handleResistance(!arrivesInTime(sample, IN_TIME), nowMs)) {
      this.#queue.rebase(nowMs)
      this.#set(this.#drain.arrivingBps, 'not-our-queue', sample)
    } else {
      this.#accept(sample, 'delay', nowMs)
    }
  }

  /** What was to be drained is more than the delay may jump by itself. */
  get #isDrainClear(): boolean {
    return this.#drain.byMs > CLEAR_NOISE * this.#queue.noiseMs
  }

  #grow(sample: FlightSample, passedMs: number, nowMs: number): void {
    const deaf = this.#crowd.isDeaf(nowMs)
    const { calm, thresholdMs } = this.#queue
    if (calm && sample.deliveredBps > this.#capacityBps) this.#set(sample.deliveredBps, 'delivered', sample)
    if (sample.appLimited || (!calm && !deaf) || this.#loss.holds(sample, LOSS_WITHOUT_GROWTH)) return
    const feedbackMs = this.#feedbackMs
    if (this.#phase === 'start')
      this.#raise(this.#growth.startFactor(passedMs, feedbackMs), 'start-up', sample)
    else if (deaf) this.#raise(this.#growth.crowdedFactor(passedMs), 'growth', sample)
    else this.#raise(this.#growth.factor(passedMs, nowMs, { feedbackMs, thresholdMs }), 'growth', sample)
  }

  #raise(factor: number, reason: CapacityReason, sample: FlightSample): void {
    const most = Math.max(this.#capacityBps, MAX_LEAD * sample.deliveredBps)
    this.#set(Math.min(factor * this.#capacityBps, most), reason, sample)
  }

  #bounded(bps: number): number {
    return Math.min(this.#maxBps, Math.max(this.#options.minBps, bps))
  }

  #set(bps: number, reason: CapacityReason, sample: FlightSample): void {
    const from = this.#capacityBps
    const to = this.#bounded(bps)
    this.#capacityBps = to
    if (to === from || !this.#events.enabled) return
    const lossRatio = sample.windowLostFrames / Math.max(1, sample.windowFrames)
    const { deliveredBps } = sample
    this.#events.push({
      reason,
      atMs: this.#sampledMs!,
      from,
      to,
      delayMs: this.#queue.delayMs,
      lossRatio,
      deliveredBps,
    })
  }
}

/** Whether at least `share` of the rate that was sent arrives. */
function arrivesInTime({ deliveredBps, sentBps }: FlightSample, share: number): boolean {
  return deliveredBps > share * sentBps
}
