import type { Drops, PacketBatch, PacketPool } from '@mp/interface'

/** Counts dropped packets by reason and gives their slots back, so that none is lost without a name. */
export class DropCounter {
  readonly #pool: PacketPool
  readonly #counts: Record<string, number> = {}

  constructor(pool: PacketPool) {
    this.#pool = pool
  }

  /** Counts packets that never had a slot, or whose slot is already back. */
  count(reason: string, packets = 1): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + packets
  }

  /** Drops the packet in `slot`. */
  drop(slot: number, reason: string): void {
    this.count(reason)
    this.#pool.release(slot)
  }

  /** Drops all packets of `batch` and empties it. */
  dropAll(batch: PacketBatch, reason: string): void {
    if (batch.count === 0) return
    this.count(reason, batch.count)
    this.#pool.releaseAll(batch)
  }

  /** Adds what `other` counted. */
  add(other: Drops): void {
    for (const [reason, packets] of Object.entries(other)) this.count(reason, packets)
  }

  snapshot(): Drops {
    return { ...this.#counts }
  }
}
