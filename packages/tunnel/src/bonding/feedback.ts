import type { PathEstimate, PathReport, PickRequest, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import { PathReceiver, emptyReport } from '@mp/rate-control'
import type { ReceivedFrame } from '@mp/rate-control'
import type { Resequencer } from '@mp/resequencer'
import {
  DECODE_ERROR_NAMES,
  DecodeError,
  HEADER_BYTES,
  ReportCodec,
  SentReport,
  TAG_BYTES,
  TrafficClass,
} from '@mp/wire'
import type { FrameWriter } from '../frame-writer.ts'
import { refreshGate } from '../path-gate.ts'
import type { TunnelPath } from '../path.ts'
import type { SessionTrace } from '../trace.ts'
import { OneWayDelays } from './one-way.ts'
import { START_BPS } from './path-sender.ts'
import type { PathSender } from './path-sender.ts'
import type { Pump } from './pump.ts'
import { aliveBps, minRttMs } from './usable-paths.ts'

export interface FeedbackParts {
  readonly arena: Uint8Array
  readonly scheduler: Scheduler<TunnelPath>
  readonly paths: PathManager<TunnelPath>
  readonly writer: FrameWriter
  readonly pump: Pump
  readonly trace: SessionTrace
  /** Puts what comes in order; undefined before the first packet. */
  readonly resequencer: () => Resequencer | undefined
  /** A report leaves out what should have come on `path` long before. */
  readonly onOverdue: (path: TunnelPath, nowMs: number) => void
  /** A report was written: send it. */
  readonly onWritten: (path: TunnelPath) => void
}

/** How often it is looked whether a report is due while frames come, and while one is missing, ms. */
const LOOK_MS = 5
const GAP_LOOK_MS = 1
/** Enough for any report, bytes; only for choosing a path. */
const REPORT_BYTES = 200
/** What finding a loss, reporting it and sending again takes on top of a round trip, ms; measured in the simulator. */
const REPAIR_SLACK_MS = 75
/** No inner TCP takes a silence of this time on top of its RTT for loss, ms: that of Linux waits 200. */
const LINGER_MS = 160
/** A frame lost without repair is not waited for longer than this, ms. */
const HOLD_MS = 3

/**
 * What the two ends tell each other about what came: writes reports of what is received, and makes of the peer's
 * reports what is known of each path: what is lost, what it carries, how long it takes.
 */
export class Feedback {
  readonly #parts: FeedbackParts
  readonly #codec: ReportCodec
  readonly #report: PathReport = emptyReport()
  readonly #sent = new SentReport()
  readonly #oneWay = new OneWayDelays()
  readonly #request: PickRequest = {
    lengthBytes: REPORT_BYTES,
    nowMs: 0,
    trafficClass: TrafficClass.critical,
    flow: 0,
  }
  readonly #estimate: { -readonly [K in keyof PathEstimate]: PathEstimate[K] } = {
    bytesPerSecond: 1,
    owdMinMs: 0,
    queueDelayMs: 0,
    lossRatio: 0,
    repairMs: 0,
    costMs: 0,
    role: 'primary',
    queuedBytes: 0,
    maxPacketBytes: Infinity,
    isExhausted: false,
  }
  /** When to look again, ms; Infinity while there is nothing to tell. */
  #dueMs = Infinity
  #isAsked = false
  /** So many paths are told of in the report that is being written. */
  #told = 0

  constructor(parts: FeedbackParts) {
    this.#parts = parts
    this.#codec = new ReportCodec(parts.arena)
  }

  /** The peer paces what it sends us, and so wants to hear what comes, also when there is one path for us only. */
  get isAsked(): boolean {
    return this.#isAsked
  }

  /** What the peer wants is not known any more. */
  beginAnew(): void {
    this.#isAsked = false
    this.#oneWay.clear()
  }

  /** Takes note of an authentic frame of `path`. */
  handleFrame(path: TunnelPath, frame: ReceivedFrame, nowMs: number): void {
    path.receiver ??= new PathReceiver()
    path.receiver.handleFrame(frame, nowMs)
    if (this.#dueMs === Infinity && path.receiver.hasNews) this.#dueMs = nowMs
    else if (path.receiver.hasGap) this.#dueMs = Math.min(this.#dueMs, nowMs + GAP_LOOK_MS)
  }

  /** A frame lost on `path` came over another one. */
  handleRepair(path: TunnelPath, counter: number): void {
    path.receiver?.handleRepair(counter)
  }

  pollTimeout(): number {
    return this.#dueMs
  }

  /** Writes a report if one is due. */
  handleTimeout(nowMs: number): void {
    if (nowMs < this.#dueMs) return
    const { paths } = this.#parts
    if (paths.list.some(({ receiver }) => receiver?.wantsReport(nowMs) === true)) this.#write(nowMs)
    const hasNews = paths.list.some(({ receiver }) => receiver?.hasNews === true)
    const hasGap = paths.list.some(({ receiver }) => receiver?.hasGap === true)
    this.#dueMs = hasNews ? nowMs + (hasGap ? GAP_LOOK_MS : LOOK_MS) : Infinity
  }

  /**
   * Takes the body of a report. What it says of one path may be impossible and the rest of use.
   * @returns why it is dropped, if any of it is.
   */
  handleReport(offset: number, lengthBytes: number, nowMs: number): string | undefined {
    const codec = this.#codec
    const code = codec.read(offset, lengthBytes)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    let isPossible = true
    while (codec.nextPath(this.#report)) if (!this.#takeReport(nowMs)) isPossible = false
    const { list } = this.#parts.paths
    this.#parts.pump.setCapacity(aliveBps(list))
    this.#oneWay.refresh(list, nowMs)
    for (const path of list) if (path.sender !== undefined) this.observe(path, nowMs)
    const resequencer = this.#parts.resequencer()
    this.#isAsked = false
    while (codec.nextSent(this.#sent)) {
      this.#isAsked = true
      resequencer?.setSnapshot(this.#sent.pathId, this.#sent.sequence, codec.globalSequence)
    }
    return isPossible ? undefined : 'impossible-report'
  }

  /** Tells the scheduler what is known of a path. */
  observe(path: TunnelPath, nowMs: number): void {
    const estimate = this.#estimate
    const { sender, settings } = path
    const rttMs = minRttMs(path)
    const capacityBps = sender?.controller.capacityBps ?? Math.min(START_BPS, settings.maxSendBps)
    estimate.bytesPerSecond = capacityBps / 8
    estimate.role = settings.role
    estimate.costMs = settings.costMs
    estimate.isExhausted = settings.isExhausted
    estimate.owdMinMs = this.#oneWay.of(path, rttMs, nowMs)
    estimate.queueDelayMs = sender?.queueDelayMs(nowMs) ?? 0
    estimate.lossRatio = sender?.controller.lossFloorRatio ?? 0
    estimate.repairMs = rttMs + REPAIR_SLACK_MS
    estimate.queuedBytes = sender?.queuedBytes ?? 0
    // Not known before the first link, and of no concern: without one a path is not in the choice.
    estimate.maxPacketBytes = path.maxFrameBytes === 0 ? Infinity : path.maxFrameBytes - TAG_BYTES
    this.#parts.scheduler.observe(path, estimate, nowMs)
  }

  /** Takes what is said of one path; of one that has ended, or over which nothing was sent, that is nothing. @returns whether it can be. */
  #takeReport(nowMs: number): boolean {
    const path = this.#parts.paths.get(this.#report.pathId)
    const sender = path?.sender
    if (path === undefined || sender === undefined) return true
    const verdict = sender.tracker.handleReport(this.#report, nowMs)
    if (verdict === 'used') this.#learn(path, sender, nowMs)
    return verdict !== 'impossible'
  }

  #learn(path: TunnelPath, sender: PathSender, nowMs: number): void {
    const { paths } = this.#parts
    const { sample } = sender.tracker
    if (sender.isSuspect && sample.newFrames > 0) {
      sender.isSuspect = false
      refreshGate(paths)
    }
    if (sample.lostFrames > 0) path.mtu?.handleDoubt(nowMs)
    sender.controller.handleSample(sample, nowMs)
    if (sample.rttMs >= 0) {
      const sentMs = nowMs - sample.rttMs - this.#report.ackDelayUs / 1000
      path.prober.handleDelivery(sentMs, sender.controller.lossRatio, nowMs)
    }
    sender.pacer.setRate(sender.controller.capacityBps, nowMs)
    if (sender.tracker.isOverdue(nowMs)) this.#parts.onOverdue(path, nowMs)
    this.#parts.trace.handleReport(path)
  }

  #write(nowMs: number): void {
    const path = this.#fastest(nowMs)
    if (path === undefined) return
    const { writer, paths, resequencer } = this.#parts
    writer.setTime(nowMs)
    this.#told = 0
    const write = (offset: number): number => this.#writeBody(offset, path, nowMs)
    // What cannot be written, as the link is full, is no reason to try again: the next report says it.
    for (let before = -1; before < this.#told && this.#told < paths.size;) {
      before = this.#told
      writer.writeReport(path, write)
    }
    let rttMs = Infinity
    for (const each of paths.list) if (each.receiver !== undefined) rttMs = Math.min(rttMs, minRttMs(each))
    const isRepaired = paths.size > 1 && rttMs < Infinity
    resequencer()?.setHoldMs(isRepaired ? rttMs + REPAIR_SLACK_MS : HOLD_MS)
    resequencer()?.setLingerMs(isRepaired ? rttMs + LINGER_MS : LINGER_MS)
    this.#parts.onWritten(path)
  }

  /** Tells, in a frame over `over`, of as many paths as it has room for; those left go into the next one. */
  #writeBody(offset: number, over: TunnelPath, nowMs: number): number {
    const codec = this.#codec
    const { paths, writer } = this.#parts
    const from = this.#told
    codec.begin(offset, writer.sequence, over.maxFrameBytes - HEADER_BYTES - TAG_BYTES)
    do this.#addPath(paths.list[this.#told++]!, nowMs)
    while (this.#told < paths.size && codec.hasRoom(this.#told - from + 1))
    for (const { id, sender } of paths.list.slice(from, this.#told)) {
      if (sender !== undefined && sender.lastSequence >= 0) codec.addSent(id, sender.lastSequence)
    }
    return codec.end()
  }

  #addPath(path: TunnelPath, nowMs: number): void {
    path.receiver?.setRttMin(minRttMs(path))
    if (path.receiver?.writeReport(this.#report, nowMs) !== true) return
    this.#report.pathId = path.id
    this.#codec.addPath(this.#report)
  }

  #fastest(nowMs: number): TunnelPath | undefined {
    this.#request.nowMs = nowMs
    const { scheduler, paths } = this.#parts
    const path = scheduler.peek(this.#request) ?? paths.list.find(({ id }) => paths.state(id) === 'active')
    return path?.link === undefined ? undefined : path
  }
}
