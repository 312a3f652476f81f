import type { PacketBatch } from '@mp/interface'
import type { HeldPackets, Rows } from './held-packets.ts'

/** Gathers packets that may leave, and hands them on. */
export class Outlet {
  readonly #batch: PacketBatch
  readonly #onPackets: (batch: PacketBatch) => void

  constructor(batch: PacketBatch, onPackets: (batch: PacketBatch) => void) {
    this.#batch = batch
    this.#onPackets = onPackets
  }

  /** Copies rows of `batch`. */
  copy(batch: PacketBatch, { from, to }: Rows): void {
    for (let row = from; row < to;) row += batch.copyRows(row, to, this.#room())
  }

  /** Moves `packets` held packets, from the one at `place` on. */
  take(held: HeldPackets, place: number, packets: number): void {
    for (let taken = 0; taken < packets;) taken += held.take(place + taken, packets - taken, this.#room())
  }

  flush(): void {
    if (this.#batch.count === 0) return
    this.#onPackets(this.#batch)
    this.#batch.count = 0
  }

  #room(): PacketBatch {
    if (this.#batch.count === this.#batch.capacity) this.flush()
    return this.#batch
  }
}
