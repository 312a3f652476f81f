import type { PacketBatch, PacketPool } from '@mp/interface'

/**
 * Batches for those who have something to put into one. Of the paths of thousands of sessions few have at a time, and
 * a batch takes more memory than all else that a silent path is made of. There are never more batches than were
 * needed at once.
 */
export class BatchShelf {
  readonly #pool: PacketPool
  readonly #rows: number
  readonly #spare: PacketBatch[] = []

  /** @param rows of each batch. */
  constructor(pool: PacketPool, rows: number) {
    this.#pool = pool
    this.#rows = rows
  }

  /** An empty batch. */
  take(): PacketBatch {
    return this.#spare.pop() ?? this.#pool.createBatch(this.#rows)
  }

  /** Takes a batch back, which has to be empty. */
  put(batch: PacketBatch): void {
    this.#spare.push(batch)
  }
}
