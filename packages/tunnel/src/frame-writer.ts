import type { PacketBatch, PacketPool } from '@mp/interface'
import {
  CLASS_MASK,
  ControlKind,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  TrafficClass,
  sendTimeOf,
  FLAG_FRAGMENT,
} from '@mp/wire'
import type { ControlBody, FrameCodec } from '@mp/wire'
import type { DropCounter } from './drop-counter.ts'
import { FlowOrder } from './bonding/flow-order.ts'
import type { TunnelPath } from './path.ts'
import { FLAG_CONTROL, FLAG_UNANSWERED } from './row-flags.ts'
import type { SessionTrace } from './trace.ts'

const LOW24 = 0xff_ffff

/** How a control frame differs from others. */
interface ControlTraits {
  /** Bytes it needs. Default: those of any packet. */
  readonly roomBytes?: number
  /** No report about it is due. */
  readonly isUnanswered?: boolean
}

/** What a writer works with. */
export interface FrameWriterParts {
  readonly pool: PacketPool
  readonly codec: FrameCodec
  readonly drops: DropCounter
  readonly trace: SessionTrace
}

/** Puts frame headers in front of packets, with the counters of session and path. */
export class FrameWriter {
  readonly #pool: PacketPool
  readonly #codec: FrameCodec
  readonly #drops: DropCounter
  readonly #trace: SessionTrace
  readonly #header = new FrameHeader()
  /** Global sequence number of the packet at hand; -1 before the first. */
  #sequence = -1
  /** Number of the last urgent packet that took several paths, 1…2^24-1; 0 before the first. */
  #copied = 0
  readonly #flows = new FlowOrder()
  #nowMs = 0

  constructor({ pool, codec, drops, trace }: FrameWriterParts) {
    this.#pool = pool
    this.#codec = codec
    this.#drops = drops
    this.#trace = trace
  }

  /** The peer's index for the session: the receiver of all frames from now on. Numbering starts anew. */
  setReceiver(receiver: number): void {
    this.#header.receiver = receiver
    this.#sequence = -1
    this.#copied = 0
    this.#flows.reset()
  }

  /** The epoch that frames are sealed in from now on. */
  setEpoch(epoch: number): void {
    this.#header.epoch = epoch
  }

  /** Send time of the frames that follow; once per batch, because reading a clock per packet tells no more. */
  setTime(nowMs: number): void {
    this.#nowMs = nowMs
    this.#header.sendTime = sendTimeOf(nowMs)
  }

  /** That time, ms. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** The last number given; -1 before the first. */
  get sequence(): number {
    return this.#sequence
  }

  /**
   * Gives the packet in `row` the next number: its low 24 bits into column `sequence`, and how far back the packet before
   * in its flow is into column `peer`, which has no other meaning before a link takes the row. All its pieces share both.
   * Urgent packets have no number: they overtake others and wait for none, unless they are copied.
   */
  number(batch: PacketBatch, row: number): void {
    if ((batch.flags[row]! & CLASS_MASK) === TrafficClass.critical) {
      batch.sequence[row] = batch.peer[row] = 0
      return
    }
    const sequence = ++this.#sequence
    batch.sequence[row] = sequence & LOW24
    batch.peer[row] = this.#flows.distance(batch.flow[row]!, sequence)
  }

  /** The same for the rows `from … to-1`. */
  numberRun(batch: PacketBatch, from: number, to: number): void {
    for (let row = from; row < to; row++) this.number(batch, row)
  }

  /** The numbered packet in `row` takes several paths: an urgent one needs a number by which its copies are known. */
  numberCopied(batch: PacketBatch, row: number): void {
    if ((batch.flags[row]! & CLASS_MASK) !== TrafficClass.critical) return
    this.#copied = (this.#copied % LOW24) + 1
    batch.sequence[row] = this.#copied
  }

  /** The whole number of which `low24` are the low bits, given not long ago. */
  wholeSequence(low24: number): number {
    return this.#sequence - ((this.#sequence - low24) & LOW24)
  }

  /** Makes the numbered packet or piece in `row` a data frame of `path`, in place. Its flags are the row's. */
  writeData(batch: PacketBatch, row: number, path: TunnelPath): void {
    const header = this.#header
    const flags = batch.flags[row]!
    if (this.#trace.isTapping && (flags & FLAG_FRAGMENT) === 0)
      this.#trace.handlePacket(batch, row, { path, direction: 'out' })
    header.type = FrameType.data
    header.flags = flags
    header.sequence = batch.sequence[row]!
    header.flowSequence = batch.peer[row]!
    this.#write((batch.offset[row]! -= HEADER_BYTES), path)
    batch.length[row]! += HEADER_BYTES
  }

  /** The same for all rows from `from` on. @returns the length of the frames together, bytes. */
  writeRun(batch: PacketBatch, from: number, path: TunnelPath): number {
    let bytes = 0
    for (let row = from; row < batch.count; row++) {
      this.writeData(batch, row, path)
      bytes += batch.length[row]!
    }
    return bytes
  }

  /** Appends a control frame of `path` to `into`. Counted when there is no room for it. */
  writeControl(path: TunnelPath, body: ControlBody, into: PacketBatch = path.out): void {
    const write = (offset: number): number => this.#codec.writeControl(offset, body)
    // What goes another way may stay without an answer and says nothing of this one.
    const isUnanswered = into !== path.out
    if (body.kind !== ControlKind.sizeProbe) return this.#appendControl(path, into, { isUnanswered }, write)
    // It may well get lost, which says nothing of the health of the path.
    this.#appendControl(path, into, { roomBytes: HEADER_BYTES + body.sizeBytes, isUnanswered: true }, write)
  }

  /** Appends a report to `path.out` whose body `write` writes; it answers its length, bytes. */
  writeReport(path: TunnelPath, write: (offset: number) => number): void {
    this.#appendControl(path, path.out, { isUnanswered: true }, write)
  }

  #appendControl(
    path: TunnelPath,
    into: PacketBatch,
    { roomBytes, isUnanswered = false }: ControlTraits,
    write: (offset: number) => number,
  ): void {
    const full = into.count === into.capacity
    const slot = full ? -1 : this.#pool.acquire(roomBytes)
    if (slot < 0) return this.#drops.count(full ? 'link-full' : 'pool-empty')
    const offset = this.#pool.offsetOf(slot)
    const header = this.#header
    header.type = FrameType.control
    header.flags = 0
    header.sequence = 0
    header.flowSequence = 0
    this.#write(offset, path)
    const row = into.push(slot, offset, HEADER_BYTES + write(offset + HEADER_BYTES))
    into.flags[row] = isUnanswered ? FLAG_CONTROL | FLAG_UNANSWERED : FLAG_CONTROL
  }

  #write(offset: number, path: TunnelPath): void {
    this.#header.pathId = path.id
    this.#header.counter24 = path.txCounter++
    this.#codec.writeFrame(offset, this.#header)
  }
}
