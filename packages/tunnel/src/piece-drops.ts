import type { Drops, Fragmenter } from '@mp/interface'
import type { DropCounter } from './drop-counter.ts'

/** Pieces dropped while they waited for others count like frames dropped at once: none is lost without a name. */
export class PieceDrops {
  readonly #fragmenter: Fragmenter
  readonly #drops: DropCounter
  /** What the fragmenter had dropped when it was last looked at. */
  #seen: Drops = {}

  constructor(fragmenter: Fragmenter, drops: DropCounter) {
    this.#fragmenter = fragmenter
    this.#drops = drops
  }

  /** Counts what the fragmenter dropped since the last call. */
  count(): void {
    const { drops } = this.#fragmenter.stats()
    for (const [reason, pieces] of Object.entries(drops)) {
      const before = this.#seen[reason] ?? 0
      if (pieces > before) this.#drops.count(`piece-${reason}`, pieces - before)
    }
    this.#seen = drops
  }
}
