import { Alarm } from '../alarm.ts'
import type { CongestionControl } from '../control/congestion-control.ts'
import { Pacer } from '../pacer.ts'
import type { InnerEndpoint, InnerHost } from '../inner-host.ts'
import { ipv4Number, TCP } from '../ipv4.ts'
import { LossRecovery } from './recovery.ts'
import { headerBytesOf, readSegment, Segment, writeSegment } from './segment.ts'

/** A bulk flow to begin. */
export interface TcpSenderOptions {
  /** IPv4 address of the receiver. */
  readonly to: string
  readonly port: number
  readonly sourcePort: number
  readonly control: CongestionControl
  /** Most segments on their way; a power of 2. Default 4096, some 5.5 MB. */
  readonly windowSegments?: number
}

/** What a sender counts. */
export interface TcpSenderStats {
  /** Segments sent, and of those how many were not new. */
  readonly sent: number
  readonly retransmits: number
  /** Times that nothing came back for a whole timeout. */
  readonly timeouts: number
  /** Times that a loss began a recovery, and how often that was wrong. */
  readonly recoveries: number
  readonly undone: number
  readonly cwndPackets: number
  readonly rttMs: number
}

const FIRST_SYN_WAIT_MS = 1000
const TIMESTAMP_OPTION_BYTES = 12
/** A tail loss probe waits this much over two round trips, and longer when its answer may be delayed, ms. */
const PROBE_SLACK_MS = 2
const LONE_PROBE_SLACK_MS = 200

/**
 * The sending end of a TCP flow that never runs out of data: SACK, RACK and tail loss probes, recovery and undo as
 * in Linux, with the congestion control it is given.
 */
export class TcpSender implements InnerEndpoint {
  readonly #host: InnerHost
  readonly #control: CongestionControl
  readonly #recovery: LossRecovery
  readonly #pacer: Pacer
  readonly #timeout: Alarm
  readonly #probe: Alarm
  readonly #reorder: Alarm
  readonly #in = new Segment()
  readonly #out = new Segment()
  readonly #near = { seq: 1, ack: 1 }
  readonly #peer: number
  #mssBytes = 0
  #synWaitMs = FIRST_SYN_WAIT_MS
  #recentTimestamp = 0
  #sent = 0
  #timeouts = 0

  constructor(host: InnerHost, { to, port, sourcePort, control, windowSegments = 4096 }: TcpSenderOptions) {
    this.#host = host
    this.#control = control
    this.#peer = ipv4Number(to)
    this.#recovery = new LossRecovery(control, windowSegments)
    this.#timeout = new Alarm(host.runtime, () => this.#handleTimeout())
    this.#probe = new Alarm(host.runtime, () => this.#handleProbe())
    this.#reorder = new Alarm(host.runtime, () => this.#handleReorder())
    this.#pacer = new Pacer(host.runtime, () => this.#transmit())
    this.#out.sourcePort = sourcePort
    this.#out.destinationPort = port
    host.bind(TCP, sourcePort, this)
  }

  /** Calls the receiver; data follows by itself. */
  start(): void {
    this.#out.isSyn = true
    this.#send(0, 0)
    this.#out.isSyn = false
    this.#timeout.set(this.#host.runtime.nowMs() + this.#synWaitMs)
    this.#synWaitMs *= 2
  }

  onPacket(offset: number, lengthBytes: number, nowMs: number): void {
    const segment = this.#in
    this.#near.ack = 1 + this.#recovery.board.una * this.#mssBytes
    readSegment(this.#host.view, { offset, lengthBytes }, this.#near, segment)
    this.#recentTimestamp = segment.timestamp
    if (segment.isSyn) {
      if (this.#mssBytes > 0) return
      this.#mssBytes = segment.mssBytes - TIMESTAMP_OPTION_BYTES
      this.#recovery.rtt.add(nowMs - segment.echo, nowMs - segment.echo, nowMs)
    } else {
      this.#recovery.onAck(segment, this.#mssBytes, nowMs)
      if (this.#recovery.hasAdvanced) this.#timeout.set(Infinity)
      this.#reorder.set(this.#recovery.reorderDueMs)
    }
    this.#transmit()
    this.#rearm(nowMs)
  }

  stats(): TcpSenderStats {
    const { retransmits, recoveries, undone, rtt } = this.#recovery
    return {
      sent: this.#sent,
      retransmits,
      timeouts: this.#timeouts,
      recoveries,
      undone,
      cwndPackets: this.#control.cwndPackets,
      rttMs: rtt.smoothedMs,
    }
  }

  #transmit(): void {
    const nowMs = this.#host.runtime.nowMs()
    const { board } = this.#recovery
    const cwnd = Math.floor(this.#control.cwndPackets)
    let isLimited = false
    while (this.#pacer.mayRun(nowMs)) {
      isLimited = board.inflight >= cwnd
      if (isLimited || !this.#transmitOne(nowMs)) break
      this.#pacer.onSent(nowMs, this.#control.pacing)
    }
    this.#recovery.isLimited = isLimited || this.#control.pacing < Infinity
  }

  #transmitOne(nowMs: number): boolean {
    const { board } = this.#recovery
    const lost = board.nextLost()
    if (lost < 0 && board.outstanding >= this.#windowSegments()) return false
    const segment = lost >= 0 ? this.#recovery.resend(lost, nowMs) : this.#recovery.sendNext(nowMs)
    this.#send(1 + segment * this.#mssBytes, this.#mssBytes)
    this.#sent++
    return true
  }

  #windowSegments(): number {
    const offered = Math.floor(this.#in.windowBytes / this.#mssBytes)
    return Math.min(offered, this.#recovery.board.places - 1)
  }

  #send(seq: number, payloadBytes: number): void {
    const out = this.#out
    const host = this.#host
    out.seq = seq
    out.ack = out.isSyn ? 0 : 1
    out.windowBytes = 65_536
    out.mssBytes = host.mtuBytes - 40
    out.timestamp = Math.floor(host.runtime.nowMs())
    out.echo = this.#recentTimestamp
    const offset = host.send(TCP, this.#peer, headerBytesOf(out) + payloadBytes)
    if (offset >= 0) writeSegment(host.view, offset, out)
  }

  #rearm(nowMs: number): void {
    const { board, rtt, isOpen } = this.#recovery
    if (board.outstanding === 0) return
    if (this.#timeout.dueMs === Infinity) this.#timeout.set(nowMs + rtt.rtoMs)
    const mayProbe = isOpen && board.arrived === 0
    const slackMs = board.outstanding > 1 ? PROBE_SLACK_MS : LONE_PROBE_SLACK_MS
    const probeMs = nowMs + 2 * rtt.smoothedMs + slackMs
    this.#probe.set(mayProbe && probeMs < this.#timeout.dueMs ? probeMs : Infinity)
  }

  #handleTimeout(): void {
    if (this.#mssBytes === 0) return this.start()
    const nowMs = this.#host.runtime.nowMs()
    this.#timeouts++
    this.#recovery.onTimeout(nowMs)
    this.#reorder.set(Infinity)
    this.#probe.set(Infinity)
    this.#transmit()
    this.#timeout.set(nowMs + this.#recovery.rtt.rtoMs)
  }

  /** Something must come back when something goes out: new data or, without any, what was sent last (RFC 8985, 7). */
  #handleProbe(): void {
    const nowMs = this.#host.runtime.nowMs()
    const { board } = this.#recovery
    if (board.outstanding === 0) return
    const isNew = board.outstanding < this.#windowSegments()
    const segment = isNew ? this.#recovery.sendNext(nowMs) : this.#recovery.probe(nowMs)
    this.#send(1 + segment * this.#mssBytes, this.#mssBytes)
    this.#sent++
    this.#timeout.set(nowMs + this.#recovery.rtt.rtoMs)
  }

  #handleReorder(): void {
    const nowMs = this.#host.runtime.nowMs()
    this.#reorder.set(this.#recovery.onReorderTimer(nowMs))
    this.#transmit()
    this.#rearm(nowMs)
  }
}
