import type { PacketBatch, PacketPool } from '@mp/interface'
import { FrameHeader, FrameType, HEADER_BYTES, sendTimeOf } from '@mp/wire'
import type { ControlBody, FrameCodec } from '@mp/wire'
import type { DropCounter } from './drop-counter.ts'
import type { TunnelPath } from './path.ts'

/** Puts frame headers in front of packets, with the counters of session and path. */
export class FrameWriter {
  readonly #pool: PacketPool
  readonly #codec: FrameCodec
  readonly #drops: DropCounter
  readonly #header = new FrameHeader()
  /** Global sequence number of the packet at hand; -1 before the first. */
  #sequence = -1

  constructor(pool: PacketPool, codec: FrameCodec, drops: DropCounter) {
    this.#pool = pool
    this.#codec = codec
    this.#drops = drops
  }

  /** The peer's index for the session: the receiver of all frames from now on. Numbering starts anew. */
  setReceiver(receiver: number): void {
    this.#header.receiver = receiver
    this.#sequence = -1
  }

  /** The epoch that frames are sealed in from now on. */
  setEpoch(epoch: number): void {
    this.#header.epoch = epoch
  }

  /** Send time of the frames that follow; once per batch, because reading a clock per packet tells no more. */
  setTime(nowMs: number): void {
    this.#header.sendTime = sendTimeOf(nowMs)
  }

  /** The next packet has the next number; all its pieces share it. */
  nextPacket(): void {
    this.#sequence++
  }

  /** Makes the packet or piece in `row` a data frame of `path`, in place. Its flags are the row's. */
  writeData(batch: PacketBatch, row: number, path: TunnelPath): void {
    const header = this.#header
    header.type = FrameType.data
    header.flags = batch.flags[row]!
    header.sequence = this.#sequence
    this.#write((batch.offset[row]! -= HEADER_BYTES), path)
    batch.length[row]! += HEADER_BYTES
  }

  /** Appends a control frame of `path` to `into`. Counted when there is no room for it. */
  writeControl(path: TunnelPath, body: ControlBody, into: PacketBatch = path.out): void {
    const full = into.count === into.capacity
    const slot = full ? -1 : this.#pool.acquire()
    if (slot < 0) return this.#drops.count(full ? 'link-full' : 'pool-empty')
    const offset = this.#pool.offsetOf(slot)
    const header = this.#header
    header.type = FrameType.control
    header.flags = 0
    header.sequence = 0
    this.#write(offset, path)
    const bodyBytes = this.#codec.writeControl(offset + HEADER_BYTES, body)
    into.push(slot, offset, HEADER_BYTES + bodyBytes)
  }

  #write(offset: number, path: TunnelPath): void {
    this.#header.pathId = path.id
    this.#header.counter24 = path.txCounter++
    this.#codec.writeFrame(offset, this.#header)
  }
}
