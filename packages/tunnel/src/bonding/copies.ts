import type { PacketBatch, PacketPool } from '@mp/interface'
import type { TunnelPath } from '../path.ts'

/** Most further paths that one packet takes. */
const MAX_COPIES = 7

/** Copies of packets for further paths. Each has a slot of its own, since frames are written and sealed in place. */
export class Copies {
  /** The further paths of the packet at hand, as the scheduler wrote them. */
  readonly paths: (TunnelPath | undefined)[] = Array.from({ length: MAX_COPIES }, () => undefined)
  readonly #pool: PacketPool
  readonly #one: PacketBatch

  constructor(pool: PacketPool) {
    this.#pool = pool
    this.#one = pool.createBatch(1)
  }

  /** A copy of the packet in `row`, alone in a batch that the caller empties. Undefined when no slot is free. */
  of(batch: PacketBatch, row: number): PacketBatch | undefined {
    const lengthBytes = batch.length[row]!
    const slot = this.#pool.acquire(lengthBytes)
    if (slot < 0) return undefined
    const one = this.#one
    const from = batch.offset[row]!
    batch.copyRow(row, one)
    one.slot[0] = slot
    one.offset[0] = this.#pool.offsetOf(slot)
    this.#pool.arena.copyWithin(one.offset[0], from, from + lengthBytes)
    return one
  }
}
