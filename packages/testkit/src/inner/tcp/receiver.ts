import { Alarm } from '../alarm.ts'
import type { InnerEndpoint, InnerHost } from '../inner-host.ts'
import { TCP } from '../ipv4.ts'
import { Ranges } from './ranges.ts'
import { headerBytesOf, MAX_SACK_BLOCKS, readSegment, Segment, writeSegment } from './segment.ts'

/** What a receiver counts. */
export interface TcpReceiverStats {
  /** Bytes of the stream that arrived without a gap in front. */
  readonly deliveredBytes: number
  /** Segments that were there already. */
  readonly duplicates: number
  /** Segments behind a gap. */
  readonly outOfOrder: number
}

const DELAYED_ACK_MS = 40
/** Segments acknowledged one by one at the beginning, so that the other side gets going. */
const QUICK_ACKS = 16
/** IPv4 and TCP headers without options, bytes. */
const PLAIN_HEADERS_BYTES = 40

/** Who is told of bytes that were delivered, and when. */
export type OnDelivered = (bytes: number, nowMs: number) => void

/** A receiver to wait for a bulk flow. */
export interface TcpReceiverOptions {
  /** What it offers to hold, bytes. */
  readonly windowBytes: number
  readonly onDelivered: OnDelivered
}

/** The receiving end of a bulk flow: acknowledges as Linux does, and reads at once what is in order. */
export class TcpReceiver implements InnerEndpoint {
  readonly #host: InnerHost
  readonly #windowBytes: number
  readonly #onDelivered: OnDelivered
  readonly #delay: Alarm
  readonly #in = new Segment()
  readonly #out = new Segment()
  readonly #ranges = new Ranges()
  readonly #near = { seq: 0, ack: 1 }
  #peer = 0
  #next = 0
  #pending = 0
  #quick = QUICK_ACKS
  #ackSent = 0
  #recentTimestamp = 0
  #duplicates = 0
  #outOfOrder = 0

  constructor(host: InnerHost, port: number, options: TcpReceiverOptions) {
    this.#host = host
    this.#windowBytes = options.windowBytes
    this.#onDelivered = options.onDelivered
    this.#out.sourcePort = port
    this.#delay = new Alarm(host.runtime, () => this.#acknowledge())
  }

  /** From now on flows may call. */
  listen(): void {
    this.#host.bind(TCP, this.#out.sourcePort, this)
  }

  onPacket(offset: number, lengthBytes: number, nowMs: number): void {
    const segment = this.#in
    this.#near.seq = this.#next
    readSegment(this.#host.view, { offset, lengthBytes }, this.#near, segment)
    if (segment.isSyn) return this.#accept(offset)
    if (segment.payloadBytes === 0) return
    if (segment.seq <= this.#ackSent) this.#recentTimestamp = segment.timestamp
    const end = segment.seq + segment.payloadBytes
    if (end <= this.#next || this.#ranges.has(segment.seq, end)) this.#takeDuplicate(segment.seq, end)
    else if (segment.seq > this.#next) this.#takeEarly(segment.seq, end)
    else this.#takeInOrder(end, nowMs)
  }

  stats(): TcpReceiverStats {
    const deliveredBytes = Math.max(0, this.#next - 1)
    return { deliveredBytes, duplicates: this.#duplicates, outOfOrder: this.#outOfOrder }
  }

  #accept(offset: number): void {
    // The IP header in front tells who calls.
    this.#peer = this.#host.view.getInt32(offset - 8)
    this.#out.destinationPort = this.#in.sourcePort
    this.#recentTimestamp = this.#in.timestamp
    this.#next = Math.max(this.#next, 1)
    this.#out.isSyn = true
    this.#acknowledge()
    this.#out.isSyn = false
  }

  #takeDuplicate(start: number, end: number): void {
    this.#duplicates++
    this.#acknowledge(start, end)
  }

  #takeEarly(start: number, end: number): void {
    this.#outOfOrder++
    this.#ranges.add(start, end)
    this.#acknowledge()
  }

  #takeInOrder(end: number, nowMs: number): void {
    const fills = this.#ranges.size > 0
    const next = fills ? this.#ranges.takeFrom(end) : end
    this.#onDelivered(next - this.#next, nowMs)
    this.#next = next
    this.#pending++
    if (this.#quick > 0) this.#quick--
    if (fills || this.#quick > 0 || this.#pending >= 2) return this.#acknowledge()
    if (this.#delay.dueMs === Infinity) this.#delay.set(nowMs + DELAYED_ACK_MS)
  }

  /** With the range of a duplicate in front, if there was one (RFC 2883). */
  #acknowledge(duplicateStart = 0, duplicateEnd = 0): void {
    const out = this.#out
    out.sackBlocks = 0
    if (duplicateEnd > 0) this.#addBlock(duplicateStart, duplicateEnd)
    const ranges = out.isSyn ? 0 : Math.min(MAX_SACK_BLOCKS - out.sackBlocks, this.#ranges.size)
    for (let index = 0; index < ranges; index++) {
      const { start, end } = this.#ranges.at(index)
      this.#addBlock(start, end)
    }
    this.#pending = 0
    this.#delay.set(Infinity)
    this.#send()
  }

  #addBlock(start: number, end: number): void {
    const { sackStart, sackEnd } = this.#out
    const block = this.#out.sackBlocks++
    sackStart[block] = start
    sackEnd[block] = end
  }

  #send(): void {
    const out = this.#out
    const host = this.#host
    out.seq = out.isSyn ? 0 : 1
    out.ack = this.#next
    out.windowBytes = this.#windowBytes
    out.mssBytes = host.mtuBytes - PLAIN_HEADERS_BYTES
    out.timestamp = Math.floor(host.runtime.nowMs())
    out.echo = this.#recentTimestamp
    this.#ackSent = this.#next
    const offset = host.send(TCP, this.#peer, headerBytesOf(out))
    if (offset >= 0) writeSegment(host.view, offset, out)
  }
}
