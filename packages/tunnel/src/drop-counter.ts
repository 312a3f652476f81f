import type { Drops, PacketBatch, PacketPool } from '@mp/interface'

/** Counts dropped packets by reason and gives their slots back, so that none is lost without a name. */
export class DropCounter {
  readonly #pool: PacketPool
  readonly #total: DropCounter | undefined
  readonly #counts: Record<string, number> = {}

  /** What is counted here is counted in `total` too, which lives longer. */
  constructor(pool: PacketPool, total?: DropCounter) {
    this.#pool = pool
    this.#total = total
  }

  /** Counts packets that never had a slot, or whose slot is already back. */
  count(reason: string, packets = 1): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + packets
    this.#total?.count(reason, packets)
  }

  /** Drops the packet in `slot`. */
  drop(slot: number, reason: string): undefined {
    this.count(reason)
    this.#pool.release(slot)
  }

  /** Drops all packets of `batch` and empties it. */
  dropAll(batch: PacketBatch, reason: string): void {
    if (batch.count === 0) return
    this.count(reason, batch.count)
    this.#pool.releaseAll(batch)
  }

  snapshot(): Drops {
    return { ...this.#counts }
  }
}
