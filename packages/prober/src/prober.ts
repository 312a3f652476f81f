import type { Machine } from '@mp/interface'
import type { RttEstimator } from './estimator.ts'
import { Health, UNSTABLE_MISSES } from './health.ts'
import { HoltSmoothing } from './holt.ts'
import { checkedOptions } from './options.ts'
import type { CheckedOptions, ProberOptions } from './options.ts'
import { PROBE_ANSWERED, PROBE_EXPIRED, PROBE_WAITING, ProbeRing } from './probe-ring.ts'
import { ProbeSchedule } from './probe-schedule.ts'
import { isLossy } from './quality.ts'
import { rtoMs } from './rto.ts'
import type { ProberState } from './state.ts'
import type { Probe, ProberEvent, ProberStats, ReplyVerdict } from './types.ts'
import { WindowedMin } from './windowed-min.ts'

/** A path that gave no reply for this long after the start is lost, ms. */
const INITIALIZING_MS = 10_000
/** Window of the minimal RTT, ms: long enough to see an empty queue, short enough to follow a new route. */
const MIN_RTT_WINDOW_MS = 10_000
/** A sample this many deviations above the minimum is slow … */
const SLOW_DEVIATIONS = 4
/** Traffic from the peer stands in for replies this long after the last one, ms. It proves one direction only. */
const ALIVE_TRUST_MS = 1000
/**
 * What the peer tells of our data stands in for replies this long after anything came over the path itself, ms: it shows that
 * the way there works, while the way back may be dead. Longer than replies are late where a queue builds up.
 */
const DELIVERY_TRUST_MS = 2000
/** Bounds of the interval of an idle path, ms. */
const MIN_IDLE_INTERVAL_MS = 1000
const MAX_IDLE_INTERVAL_MS = 255_000
/** State changes kept for `pollEvent`; of more, the oldest are forgotten. */
const MAX_EVENTS = 16
/** Most probes in flight, and how many are remembered for late replies: 4.8 s of an active path, above any RTO. */
const MAX_PROBES = 64

/**
 * Watches one path: sends probes, measures the round trip, and says in which state the path is.
 *
 * Each probe has the deadline it was sent with. A late reply counts as loss all the same, but it is a proof of life
 * and a good RTT sample, for nonces leave no doubt which probe it answers: were late samples thrown away, a path
 * whose RTT doubled would never be believed again.
 */
export class Prober implements Machine<Probe, ProberEvent> {
  readonly #options: CheckedOptions
  readonly #estimator: RttEstimator
  readonly #health: Health
  readonly #schedule: ProbeSchedule
  readonly #probes: ProbeRing = new ProbeRing(MAX_PROBES)
  readonly #minRtt: WindowedMin = new WindowedMin(MIN_RTT_WINDOW_MS)
  readonly #events: ProberEvent[] = []
  readonly #probe: { nonce: number } = { nonce: 0 }
  #initializedByMs = Infinity
  /** When the youngest answered probe was sent, and when the last reply came. */
  #answeredSentMs = -Infinity
  #repliedMs = -Infinity
  /** When anything came over the path, a reply or data. */
  #heardMs = -Infinity
  /** When the youngest frame was sent that the peer told of, of a path that does not lose many. */
  #deliveredSentMs = -Infinity
  #rttMs: number | undefined
  #received = 0
  #lost = 0
  #late = 0
  #duplicate = 0
  #unknown = 0
  #sent = 0

  /** Throws RangeError for an option out of range. */
  constructor(options: ProberOptions) {
    const checked = checkedOptions(options)
    const { activeIntervalMs } = checked
    this.#options = checked
    this.#estimator = options.estimator ?? new HoltSmoothing({ intervalMs: activeIntervalMs })
    this.#schedule = new ProbeSchedule(activeIntervalMs)
    this.#health = new Health(activeIntervalMs, (from, to, reason, nowMs) => {
      this.#schedule.handleState(to, nowMs)
      if (this.#events.length === MAX_EVENTS) this.#events.shift()
      this.#events.push({ type: 'state', from, to, reason, atMs: nowMs })
    })
  }

  get state(): ProberState {
    return this.#health.state
  }

  /** Begins: the first probe is due at once. Before it nothing is due and no state changes. A second call does nothing. */
  start(nowMs: number): void {
    if (this.#isStarted()) return
    this.#initializedByMs = nowMs + INITIALIZING_MS
    this.#health.start(nowMs)
    this.#schedule.start(nowMs)
  }

  /** A reply with `nonce` came in over the path. Any number is fine. */
  handleReply(nonce: number, nowMs: number): ReplyVerdict {
    const slot = this.#probes.find(nonce)
    if (slot < 0) {
      this.#unknown++
      return 'unknown'
    }
    if (this.#probes.outcome(slot) === PROBE_ANSWERED) {
      this.#duplicate++
      return 'duplicate'
    }
    const inTime = this.#settle(slot, nowMs)
    const sentMs = this.#probes.sentMs(slot)
    this.#answeredSentMs = Math.max(this.#answeredSentMs, sentMs)
    this.#repliedMs = this.#heardMs = nowMs
    this.#recordRtt(Math.max(0, nowMs - sentMs), nowMs)
    this.#health.handleReply(inTime, !this.#probes.isExtra(slot), nowMs)
    return inTime ? 'sample' : 'late'
  }

  /**
   * Authenticated data came in over the path. It shows that the path is alive towards us: the next probe can wait,
   * to one a second at least, and probes missed are forgiven for a second after the last reply, for only a reply
   * shows that the peer hears us. On a lost path it brings the next probe forward.
   */
  handleAlive(nowMs: number): void {
    this.#heardMs = nowMs
    if (this.state === 'lost') this.#schedule.hasten(nowMs)
    else if (this.state !== 'initializing' && nowMs - this.#repliedMs <= ALIVE_TRUST_MS)
      this.#health.forgive()
    if (this.state === 'normal' && this.#health.misses === 0) this.#schedule.postpone(nowMs)
  }

  /**
   * The peer tells, by whatever path, that a frame sent at `sentMs` came over this one, and that of the frames of late the
   * share `lossRatio` did not: a better proof than a reply that the peer hears us, and a better measure of what is lost.
   * While most comes, probes sent before that frame say nothing, as long as something comes over the path too: that we
   * hear the peer over it is shown by nothing else.
   */
  handleDelivery(sentMs: number, lossRatio: number, nowMs: number): void {
    if (sentMs <= this.#deliveredSentMs || isLossy(lossRatio)) return
    if (nowMs - this.#heardMs > DELIVERY_TRUST_MS) return
    this.#deliveredSentMs = sentMs
    this.#health.handleDelivery()
  }

  /**
   * Data was sent over the path, or would have been were it not lost: for the next 5 s it is probed at the active interval,
   * or every second while it is lost.
   */
  handleActivity(nowMs: number): void {
    if (this.#isStarted()) this.#schedule.handleActivity(this.state, nowMs)
  }

  /** The next probe is due one active interval after the last, if it is not sooner. */
  hasten(nowMs: number): void {
    if (this.#isStarted()) this.#schedule.hasten(nowMs)
  }

  /** The local system says that the peer cannot be reached over the path: lost, whatever was in flight. */
  handleUnreachable(nowMs: number): void {
    if (!this.#isStarted() || this.state === 'lost') return
    this.#lost += this.#probes.clear()
    this.#health.handleUnreachable(nowMs)
  }

  /** Tells whether this is the only path to the peer; then it is not kept on trial for having flapped. Default false. */
  setSolePath(isSole: boolean): void {
    this.#health.damping.isOff = isSole
  }

  /**
   * Probes the path every `intervalMs`, ±25 %, while nothing was sent over it for a minute; 15 000 without this call.
   * Throws RangeError for what is not from 1000 to 255 000 ms.
   */
  setIdleInterval(intervalMs: number, nowMs: number): void {
    if (!(intervalMs >= MIN_IDLE_INTERVAL_MS && intervalMs <= MAX_IDLE_INTERVAL_MS)) {
      throw new RangeError(
        `expected an interval from ${MIN_IDLE_INTERVAL_MS} to ${MAX_IDLE_INTERVAL_MS} ms, found ${intervalMs}`,
      )
    }
    if (intervalMs === this.#schedule.asleepIntervalMs) return
    this.#schedule.asleepIntervalMs = intervalMs
    // One that is not due for long was planned with the interval before.
    if (this.#isStarted() && this.state === 'normal') this.#schedule.hasten(nowMs)
  }

  pollTimeout(): number {
    const probeMs = this.#probes.hasRoom ? this.#schedule.nextMs : Infinity
    const silenceMs = this.state === 'initializing' ? this.#initializedByMs : Infinity
    return Math.min(probeMs, silenceMs, this.#probes.nextDeadlineMs)
  }

  handleTimeout(nowMs: number): void {
    for (let slot = this.#probes.findOverdue(nowMs); slot >= 0; slot = this.#probes.findOverdue(nowMs)) {
      this.#probes.settle(slot, PROBE_EXPIRED)
      this.#lost++
      this.#handleExpired(slot, nowMs)
    }
    if (nowMs >= this.#initializedByMs) this.#health.handleSilence(nowMs)
  }

  /** The probe to send now, if one is due and fewer than 64 are in flight. The object is used again by the next call. */
  pollTransmit(nowMs: number): Probe | undefined {
    if (nowMs < this.#schedule.nextMs || !this.#probes.hasRoom) return undefined
    const nonce = this.#options.nextNonce() >>> 0
    const deadlineMs = nowMs + rtoMs(this.#estimator, this.#options)
    this.#probes.add(nonce, nowMs, deadlineMs, this.#schedule.isExtra)
    this.#schedule.handleSent(nonce, this.state, nowMs)
    this.#sent++
    this.#probe.nonce = nonce
    return this.#probe
  }

  pollEvent(): ProberEvent | undefined {
    return this.#events.length === 0 ? undefined : this.#events.shift()
  }

  /** A snapshot. */
  stats(): ProberStats {
    return {
      state: this.state,
      sinceMs: this.#health.sinceMs,
      sent: this.#sent,
      received: this.#received,
      lost: this.#lost,
      late: this.#late,
      duplicate: this.#duplicate,
      unknown: this.#unknown,
      inFlight: this.#probes.waiting,
      rttMs: this.#rttMs,
      minRttMs: this.#minRtt.min,
      smoothedRttMs: this.#estimator.smoothedMs,
      predictedMs: this.#estimator.predict(1),
      deviationMs: this.#estimator.deviationMs,
      rtoMs: rtoMs(this.#estimator, this.#options),
      lossRatio: this.#health.quality.lossRatio,
    }
  }

  #isStarted(): boolean {
    return this.#initializedByMs < Infinity
  }

  /** Books a reply to the probe in `slot`. Returns whether it was in time, and not only by a timer that is late. */
  #settle(slot: number, nowMs: number): boolean {
    const waited = this.#probes.outcome(slot) === PROBE_WAITING
    const inTime = waited && !this.#probes.isOverdue(slot, nowMs)
    this.#probes.settle(slot, PROBE_ANSWERED)
    if (inTime) {
      this.#received++
      return true
    }
    this.#late++
    if (waited) {
      this.#lost++
      this.#health.handleLoss(!this.#probes.isExtra(slot))
    }
    return false
  }

  /** Only a regular probe younger than all answered ones says that the path may be dead. */
  #handleExpired(slot: number, nowMs: number): void {
    if (this.#probes.sentMs(slot) < this.#deliveredSentMs) return
    const isExtra = this.#probes.isExtra(slot)
    if (isExtra || this.#probes.sentMs(slot) < this.#answeredSentMs) {
      this.#health.handleLoss(!isExtra)
      return
    }
    this.#health.handleMiss(nowMs)
    if (this.state === 'normal') this.#schedule.hasten(nowMs)
    else if (this.state === 'unstable' && this.#health.misses === UNSTABLE_MISSES) this.#schedule.burst(nowMs)
  }

  #recordRtt(rttMs: number, nowMs: number): void {
    this.#rttMs = rttMs
    this.#estimator.update(rttMs, nowMs)
    const roomMs = Math.max(SLOW_DEVIATIONS * this.#estimator.deviationMs, this.#options.delayLimitMs)
    const minMs = this.#minRtt.record(rttMs, nowMs)
    this.#health.quality.recordDelay(rttMs > minMs + roomMs, nowMs)
  }
}
