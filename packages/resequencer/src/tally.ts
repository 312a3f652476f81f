import type { PathOrder, ResequencerStats } from './stats.ts'
import type { HeldPackets } from './held-packets.ts'

export type SkipReason = 'hopeless' | 'linger' | 'overflow' | 'reset'
export type DropReason = 'duplicate' | 'stale' | 'bad-sequence' | 'closed'

/** All counters of a resequencer. */
export class Tally {
  delivered = 0
  late = 0
  readonly skipped: Record<SkipReason, number> = { hopeless: 0, linger: 0, overflow: 0, reset: 0 }
  readonly drops: Record<DropReason, number> = { duplicate: 0, stale: 0, 'bad-sequence': 0, closed: 0 }
  #reordered = 0
  #depthSum = 0
  #depthMax = 0
  #waited = 0
  /** Sum and maximum. In an array, as a field of fractions would be a new object each time. */
  readonly #holdMs = new Float64Array(2)

  /** A packet came `depth` numbers behind the highest. */
  reordered(depth: number): void {
    this.#reordered++
    this.#depthSum += depth
    if (depth > this.#depthMax) this.#depthMax = depth
  }

  waited(holdMs: number): void {
    this.#waited++
    this.#holdMs[0]! += holdMs
    if (holdMs > this.#holdMs[1]!) this.#holdMs[1] = holdMs
  }

  snapshot(held: HeldPackets, paths: readonly PathOrder[]): ResequencerStats {
    return {
      heldPackets: held.packets,
      heldBytes: held.bytes,
      maxHeldPackets: held.maxPackets,
      maxHeldBytes: held.maxBytes,
      delivered: this.delivered,
      skipped: { ...this.skipped },
      late: this.late,
      reordered: this.#reordered,
      reorderingDepthSum: this.#depthSum,
      reorderingDepthMax: this.#depthMax,
      waited: this.#waited,
      holdMsSum: this.#holdMs[0]!,
      holdMsMax: this.#holdMs[1]!,
      paths,
      drops: { ...this.drops },
    }
  }
}
