import type { PacketBatch, PacketPool } from '@mp/interface'
import { FRAGMENT_HEADER_BYTES, FragmentHeader, FrameCodec, MAX_FRAGMENTS } from '@mp/wire'

/**
 * Cuts packets into pieces of nearly equal size, so that the last one is no dwarf and a run of pieces suits
 * segmentation offload. Pieces are copies in fresh slots: each has the whole headroom for its frame header.
 */
export class Splitter {
  readonly #pool: PacketPool
  readonly #codec: FrameCodec
  readonly #header = new FragmentHeader()
  /** Packets cut. */
  packets = 0

  constructor(pool: PacketPool) {
    this.#pool = pool
    this.#codec = new FrameCodec(pool.arena)
  }

  /** As `Fragmenter.split` of the contract. */
  split(from: PacketBatch, index: number, pieceBytes: number, to: PacketBatch): boolean {
    const lengthBytes = from.length[index]!
    // A piece without payload says nothing, and a packet in one piece has no fragment header.
    if (lengthBytes < 2 || !(pieceBytes > FRAGMENT_HEADER_BYTES)) {
      throw new RangeError(`cannot cut a packet of ${lengthBytes} bytes into pieces of ${pieceBytes} bytes`)
    }
    const count = Math.max(2, Math.ceil(lengthBytes / (pieceBytes - FRAGMENT_HEADER_BYTES)))
    if (count > MAX_FRAGMENTS || to.capacity - to.count < count) return false
    if (!this.#cut(from, index, count, to)) return false
    this.#pool.release(from.slot[index]!)
    this.#header.packetId = (this.#header.packetId + 1) & 0xffff
    this.packets++
    return true
  }

  /** Appends all pieces, or none when there are not enough slots. */
  #cut(from: PacketBatch, index: number, count: number, to: PacketBatch): boolean {
    const first = to.count
    const lengthBytes = from.length[index]!
    this.#header.count = count
    let start = 0
    for (let piece = 0; piece < count; piece++) {
      const end = Math.floor((lengthBytes * (piece + 1)) / count)
      const slot = this.#pool.acquire(FRAGMENT_HEADER_BYTES + end - start)
      if (slot < 0) {
        while (to.count > first) this.#pool.release(to.slot[--to.count]!)
        return false
      }
      from.copyRow(index, to)
      this.#header.index = piece
      this.#fill(to, slot, from.offset[index]! + start, end - start)
      start = end
    }
    return true
  }

  /** Makes the last row of `to` a piece in `slot`, with `payloadBytes` from `payload` behind the header. */
  #fill(to: PacketBatch, slot: number, payload: number, payloadBytes: number): void {
    const row = to.count - 1
    const offset = this.#pool.offsetOf(slot)
    this.#codec.writeFragment(offset, this.#header)
    this.#pool.arena.copyWithin(offset + FRAGMENT_HEADER_BYTES, payload, payload + payloadBytes)
    to.slot[row] = slot
    to.offset[row] = offset
    to.length[row] = FRAGMENT_HEADER_BYTES + payloadBytes
  }
}
