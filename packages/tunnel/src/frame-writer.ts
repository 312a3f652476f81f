import type { PacketBatch, PacketPool } from '@mp/interface'
import { FrameHeader, FrameType, HEADER_BYTES, sendTimeOf } from '@mp/wire'
import type { ControlBody, FrameCodec, Handshake } from '@mp/wire'
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

  /** Appends a control frame to what waits on `path`. Counted when there is no room for it. */
  writeControl(path: TunnelPath, body: ControlBody): void {
    const slot = this.#acquire(path)
    if (slot < 0) return
    const offset = this.#pool.offsetOf(slot)
    const header = this.#header
    header.type = FrameType.control
    header.flags = 0
    header.sequence = 0
    this.#write(offset, path)
    const bodyBytes = this.#codec.writeControl(offset + HEADER_BYTES, body)
    path.out.push(slot, offset, HEADER_BYTES + bodyBytes)
  }

  /** Appends a `hello` (receiver 0) or `welcome` to what waits on `path`. Counted when there is no room for it. */
  writeHandshake(path: TunnelPath, receiver: number, handshake: Handshake): void {
    const slot = this.#acquire(path)
    if (slot < 0) return
    const offset = this.#pool.offsetOf(slot)
    const header = new FrameHeader()
    header.type = receiver === 0 ? FrameType.hello : FrameType.welcome
    header.receiver = receiver
    header.pathId = path.id
    path.out.push(slot, offset, this.#codec.writeHandshake(offset, header, handshake))
  }

  #write(offset: number, path: TunnelPath): void {
    this.#header.pathId = path.id
    this.#header.counter24 = path.txCounter++
    this.#codec.writeFrame(offset, this.#header)
  }

  #acquire(path: TunnelPath): number {
    const full = path.out.count === path.out.capacity
    const slot = full ? -1 : this.#pool.acquire()
    if (slot < 0) this.#drops.count(full ? 'link-full' : 'pool-empty')
    return slot
  }
}
