import { Alarm } from '../alarm.ts'
import type { InnerEndpoint, InnerHost } from '../inner-host.ts'
import { ipv4Number, UDP } from '../ipv4.ts'
import { Ranges } from '../tcp/ranges.ts'
import type { OnDelivered } from '../tcp/receiver.ts'
import { sendUdp, UDP_HEADER_BYTES, type UdpTarget } from '../udp.ts'
import { ACK_HEADER_BYTES, ACK_RANGE_BYTES, MAX_ACK_RANGES, writeAck } from './format.ts'

const MAX_ACK_DELAY_MS = 25
/** An acknowledgement for so many packets. */
const ACK_PACKETS = 2

/** A receiver to wait for a QUIC-like flow. */
export interface QuicReceiverOptions {
  /** IPv4 address of the sender. */
  readonly from: string
  readonly port: number
  readonly onDelivered: OnDelivered
}

/** The receiving end of a QUIC-like flow. */
export class QuicReceiver implements InnerEndpoint {
  readonly #host: InnerHost
  readonly #onDelivered: OnDelivered
  readonly #delay: Alarm
  readonly #target: UdpTarget
  /** Packet numbers and data blocks that arrived, but for those without a gap in front. */
  readonly #numbers = new Ranges()
  readonly #blocks = new Ranges()
  #nextNumber = 0
  #nextBlock = 0
  #largest = -1
  #pending = 0

  constructor(host: InnerHost, options: QuicReceiverOptions) {
    this.#host = host
    this.#onDelivered = options.onDelivered
    this.#target = { sourcePort: options.port, address: ipv4Number(options.from), port: 0 }
    this.#delay = new Alarm(host.runtime, () => this.#acknowledge())
  }

  /** From now on packets may come. */
  listen(): void {
    this.#host.bind(UDP, this.#target.sourcePort, this)
  }

  onPacket(offset: number, lengthBytes: number, nowMs: number): void {
    const { view } = this.#host
    this.#target.port = view.getUint16(offset)
    const number = view.getInt32(offset + UDP_HEADER_BYTES)
    const block = view.getInt32(offset + UDP_HEADER_BYTES + 4)
    const isNext = number === this.#largest + 1
    this.#largest = Math.max(this.#largest, number)
    this.#nextNumber = arrive(this.#numbers, this.#nextNumber, number)
    const isNew = block >= this.#nextBlock && !this.#blocks.has(block, block + 1)
    this.#nextBlock = arrive(this.#blocks, this.#nextBlock, block)
    if (isNew) this.#onDelivered(lengthBytes - UDP_HEADER_BYTES, nowMs)
    if (!isNext || ++this.#pending >= ACK_PACKETS) this.#acknowledge()
    else if (this.#delay.dueMs === Infinity) this.#delay.set(nowMs + MAX_ACK_DELAY_MS)
  }

  #acknowledge(): void {
    this.#pending = 0
    this.#delay.set(Infinity)
    const ranges = Math.min(MAX_ACK_RANGES, this.#numbers.size)
    const offset = sendUdp(this.#host, this.#target, ACK_HEADER_BYTES + ranges * ACK_RANGE_BYTES)
    if (offset >= 0) writeAck(this.#host.view, offset, this.#nextNumber, this.#numbers)
  }
}

/** `number` is there. @returns the first that is not. */
function arrive(ranges: Ranges, next: number, number: number): number {
  if (number === next) return ranges.takeFrom(number + 1)
  if (number > next) ranges.add(number, number + 1)
  return next
}
