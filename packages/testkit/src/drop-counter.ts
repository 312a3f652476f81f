import type { Drops } from '@mp/interface'

/** Counts dropped packets by reason. */
export class DropCounter {
  readonly #counts: Record<string, number> = {}

  add(reason: string): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1
  }

  snapshot(): Drops {
    return { ...this.#counts }
  }
}
