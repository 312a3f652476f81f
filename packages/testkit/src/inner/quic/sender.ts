import { Alarm } from '../alarm.ts'
import { emptySample, type CongestionControl } from '../control/congestion-control.ts'
import { DeliveryRate } from '../delivery-rate.ts'
import type { InnerEndpoint, InnerHost } from '../inner-host.ts'
import { ipv4Number, UDP } from '../ipv4.ts'
import { Pacer } from '../pacer.ts'
import { RoundTrip } from '../rtt.ts'
import type { Range } from '../tcp/ranges.ts'
import { sendUdp, UDP_HEADER_BYTES, type UdpTarget } from '../udp.ts'
import { readAck } from './format.ts'
import { PacketLog } from './packet-log.ts'

/** A QUIC-like bulk flow to begin. */
export interface QuicSenderOptions {
  /** IPv4 address of the receiver. */
  readonly to: string
  readonly port: number
  readonly sourcePort: number
  readonly control: CongestionControl
}

/** What a QUIC-like sender counts. */
export interface QuicSenderStats {
  readonly sent: number
  readonly retransmits: number
  readonly timeouts: number
  readonly cwndPackets: number
  readonly rttMs: number
}

const PAYLOAD_BYTES = 1252
const PACKET_THRESHOLD = 3
const TIME_THRESHOLD = 9 / 8
const PLACES = 8192
/** What a receiver may wait before it acknowledges, ms. */
const PEER_DELAY_MS = 25
/** Silence for so many probe timeouts in a row is persistent congestion (RFC 9002, 7.6). */
const PERSISTENT = 3

/**
 * The sending end of a bulk flow with the loss detection of QUIC (RFC 9002): a packet is lost when one that was sent
 * three later has arrived, and that threshold never adapts. What is lost goes out again under a new number.
 */
export class QuicSender implements InnerEndpoint {
  readonly #host: InnerHost
  readonly #target: UdpTarget
  readonly #control: CongestionControl
  readonly #log = new PacketLog(PLACES)
  readonly #rate = new DeliveryRate(PLACES)
  readonly #rtt = new RoundTrip()
  readonly #pacer: Pacer
  readonly #timer: Alarm
  readonly #sample = emptySample()
  /** Data that was lost and must go out again. */
  readonly #lostBlocks: number[] = []
  #nextBlock = 0
  #recoveryEnd = 0
  #inRecovery = false
  #sentInRecovery = 0
  #probes = 0
  #isLimited = true
  #latestMs = -1
  #retransmits = 0
  #timeouts = 0

  constructor(host: InnerHost, { to, port, sourcePort, control }: QuicSenderOptions) {
    this.#host = host
    this.#control = control
    this.#target = { sourcePort, address: ipv4Number(to), port }
    this.#pacer = new Pacer(host.runtime, () => this.#transmit())
    this.#timer = new Alarm(host.runtime, () => this.#handleTimer())
    host.bind(UDP, sourcePort, this)
  }

  start(): void {
    this.#transmit()
    this.#timer.set(this.#host.runtime.nowMs() + this.#rtt.rtoMs)
  }

  onPacket(offset: number, _lengthBytes: number, nowMs: number): void {
    const prior = this.#rate.delivered
    this.#latestMs = -1
    readAck(this.#host.view, offset + UDP_HEADER_BYTES, (range) => this.#takeRange(range, nowMs))
    if (this.#latestMs >= 0) this.#rtt.add(nowMs - this.#latestMs, nowMs - this.#latestMs, nowMs)
    if (this.#rate.delivered > prior) this.#probes = 0
    if (this.#inRecovery && this.#log.highest > this.#recoveryEnd) this.#leaveRecovery()
    const lost = this.#detect(nowMs)
    this.#tell({ nowMs, lost, delivered: this.#rate.delivered - prior })
    this.#transmit()
  }

  stats(): QuicSenderStats {
    return {
      sent: this.#log.next,
      retransmits: this.#retransmits,
      timeouts: this.#timeouts,
      cwndPackets: this.#control.cwndPackets,
      rttMs: this.#rtt.smoothedMs,
    }
  }

  #takeRange({ start, end }: Range, nowMs: number): void {
    const log = this.#log
    const to = Math.min(end, log.next)
    for (let number = Math.max(start, log.oldest); number < to; number++) {
      if (!log.arrive(number)) continue
      const sentMs = log.sentMs(number)
      this.#rate.onDelivered(number % PLACES, sentMs, nowMs)
      if (number + 1 === log.highest) this.#latestMs = sentMs
    }
  }

  /** @returns how many packets are found to be lost. */
  #detect(nowMs: number): number {
    const log = this.#log
    const patienceMs = TIME_THRESHOLD * Math.max(this.#rtt.smoothedMs, this.#rtt.latestMs)
    let lost = 0
    let againMs = Infinity
    for (let number = log.oldest; number < log.highest; number++) {
      if (!log.isOut(number)) continue
      const dueMs = log.sentMs(number) + patienceMs
      if (log.highest - 1 - number < PACKET_THRESHOLD && dueMs > nowMs) {
        againMs = Math.min(againMs, dueMs)
        continue
      }
      this.#lose(number, nowMs)
      lost++
    }
    log.forget()
    const waitMs = (this.#rtt.rtoMs + PEER_DELAY_MS) * 2 ** this.#probes
    this.#timer.set(Math.min(againMs, nowMs + waitMs))
    return lost
  }

  #lose(number: number, nowMs: number): void {
    this.#lostBlocks.push(this.#log.lose(number))
    if (number <= this.#recoveryEnd && this.#recoveryEnd > 0) return
    this.#recoveryEnd = this.#log.next - 1
    this.#inRecovery = true
    this.#sentInRecovery = 0
    this.#control.onRecovery(nowMs, this.#log.inflight)
  }

  #leaveRecovery(): void {
    this.#inRecovery = false
    this.#control.onRecoveryEnd()
  }

  #tell({ nowMs, lost, delivered }: { nowMs: number; lost: number; delivered: number }): void {
    const sample = this.#sample
    sample.nowMs = nowMs
    sample.delivered = delivered
    sample.acked = delivered
    sample.lost = lost
    sample.inflight = this.#log.inflight
    sample.sentInRecovery = this.#sentInRecovery
    sample.inRecovery = this.#inRecovery
    sample.isLimited = this.#isLimited
    sample.rttMs = this.#latestMs < 0 ? -1 : nowMs - this.#latestMs
    sample.minRttMs = this.#rtt.minMs
    sample.deliveryRate = this.#rate.sample(nowMs, this.#rtt.minMs)
    sample.isRoundStart = this.#rate.endRound()
    this.#control.onAck(sample)
  }

  #transmit(): void {
    const nowMs = this.#host.runtime.nowMs()
    const cwnd = Math.floor(this.#control.cwndPackets)
    let isLimited = false
    while (this.#pacer.mayRun(nowMs)) {
      isLimited = this.#log.inflight >= cwnd
      if (isLimited || this.#log.isFull) break
      this.#send(nowMs)
      this.#pacer.onSent(nowMs, this.#control.pacing)
    }
    this.#isLimited = isLimited || this.#control.pacing < Infinity
  }

  #send(nowMs: number): void {
    const lostBlock = this.#lostBlocks.shift()
    if (lostBlock !== undefined) this.#retransmits++
    const block = lostBlock ?? this.#nextBlock++
    const inflight = this.#log.inflight
    const number = this.#log.send(block, nowMs)
    this.#rate.onSent(number % PLACES, nowMs, inflight)
    this.#sentInRecovery++
    const offset = sendUdp(this.#host, this.#target, PAYLOAD_BYTES)
    if (offset < 0) return
    this.#host.view.setInt32(offset, number)
    this.#host.view.setInt32(offset + 4, block)
  }

  /** A packet waited too long for those behind it, or nothing came back at all. */
  #handleTimer(): void {
    const nowMs = this.#host.runtime.nowMs()
    const lost = this.#detect(nowMs)
    if (lost === 0) this.#probe(nowMs)
    this.#transmit()
  }

  #probe(nowMs: number): void {
    this.#probes++
    this.#timeouts++
    if (this.#probes === PERSISTENT) this.#control.onTimeout(nowMs)
    const oldest = this.#log.firstOut()
    if (oldest >= 0) this.#lostBlocks.push(this.#log.lose(oldest))
    this.#send(nowMs)
    this.#timer.set(nowMs + (this.#rtt.rtoMs + PEER_DELAY_MS) * 2 ** this.#probes)
  }
}
