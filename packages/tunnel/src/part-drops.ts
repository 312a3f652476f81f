import type { Drops } from '@mp/interface'
import type { DropCounter } from './drop-counter.ts'

/** Drops that a part counts for itself are counted like all others too: none is lost without a name. */
export class PartDrops {
  readonly #drops: DropCounter
  readonly #prefix: string
  /** What the part had dropped when it was last looked at. */
  #seen: Drops = {}

  /** Names get `prefix` in front, where they would mean something else. */
  constructor(drops: DropCounter, prefix = '') {
    this.#drops = drops
    this.#prefix = prefix
  }

  /** Counts what was dropped since the last call; `sum` is all that the part ever dropped. */
  count(sum: Drops): void {
    for (const [reason, packets] of Object.entries(sum)) {
      const before = this.#seen[reason] ?? 0
      if (packets > before) this.#drops.count(this.#prefix + reason, packets - before)
    }
    this.#seen = sum
  }
}
