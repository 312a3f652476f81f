import type { Schedulable } from '@mp/interface'
import type { CheckedOptions } from './adaptive-options.ts'
import { MAX_STEP_BYTES, RENORMALISE_ABOVE_BYTES } from './limits.ts'
import { Hot, MAX_PATHS, ROW } from './path-table.ts'
import type { PathTable } from './path-table.ts'
import { TIERS } from './tiers.ts'
import type { Tiers } from './tiers.ts'

const NO_TIER = -1

/**
 * The second clock: virtual bytes of the paths, and how far one may get ahead of the others of its tier. Which tier a path
 * is in is noted here too; on changing tiers it is placed like one that left and came back.
 */
export class Fairness<P extends Schedulable> {
  readonly #table: PathTable<P>
  readonly #tiers: Tiers<P>
  readonly #fairnessBytes: number
  readonly #maxPacketBytes: number
  readonly #nextTier = new Int8Array(MAX_PATHS)

  constructor(table: PathTable<P>, tiers: Tiers<P>, options: CheckedOptions) {
    this.#table = table
    this.#tiers = tiers
    this.#fairnessBytes = options.fairnessBytes
    this.#maxPacketBytes = options.maxPacketBytes
  }

  /** Whether there is a limit. Without one nothing looks at virtual bytes, and they are not counted. */
  get isLimited(): boolean {
    return this.#fairnessBytes < Infinity
  }

  /** Most virtual bytes with which a path of this tier may take a packet of this length. */
  limitOf(tier: number, lengthBytes: number): number {
    const { hot } = this.#table
    const { order, ends } = this.#tiers
    let least = Infinity
    for (let at = this.#tiers.beginOf(tier); at < ends[tier]!; at++) {
      const row = order[at]! * ROW
      if (lengthBytes <= hot[row + Hot.maxPacketBytes]!) least = Math.min(least, hot[row + Hot.virtualBytes]!)
    }
    return least + this.#fairnessBytes
  }

  charge(index: number, lengthBytes: number): void {
    const { hot, weight, tier } = this.#table
    const at = index * ROW + Hot.virtualBytes
    hot[at] = hot[at]! + Math.min(lengthBytes / weight[index]!, MAX_STEP_BYTES)
    if (hot[at] > RENORMALISE_ABOVE_BYTES && tier[index] !== NO_TIER) this.#renormalise(tier[index]!)
  }

  /** Debt in bytes stays the same, as far as it is kept at all. */
  setWeight(index: number, weight: number): void {
    const { hot, weight: weights, tier } = this.#table
    const at = index * ROW + Hot.virtualBytes
    const base = tier[index] === NO_TIER ? 0 : this.#leastOf(tier[index]!)
    const debt = ((hot[at]! - base) * weights[index]!) / weight
    this.#table.setWeight(index, weight)
    hot[at] = base + this.#keptOf(index, debt)
  }

  /** Brings the tiers of the table up to date after those of `Tiers` changed. */
  place(): void {
    this.#readTiers()
    for (let tier = 0; tier < TIERS; tier++) this.#leave(tier)
    for (let tier = 0; tier < TIERS; tier++) this.#enter(tier)
  }

  #readTiers(): void {
    const { order, ends } = this.#tiers
    this.#nextTier.fill(NO_TIER)
    for (let tier = 0; tier < TIERS; tier++) {
      for (let at = this.#tiers.beginOf(tier); at < ends[tier]!; at++) this.#nextTier[order[at]!] = tier
    }
  }

  #leave(from: number): void {
    const { count, tier, hot } = this.#table
    const least = this.#leastOf(from)
    for (let index = 0; index < count; index++) {
      if (tier[index] !== from || this.#nextTier[index] === from) continue
      hot[index * ROW + Hot.virtualBytes]! -= least
      tier[index] = NO_TIER
    }
  }

  #enter(to: number): void {
    const { count, tier, hot } = this.#table
    const least = this.#leastOf(to)
    for (let index = 0; index < count; index++) {
      if (this.#nextTier[index] !== to || tier[index] === to) continue
      hot[index * ROW + Hot.virtualBytes] = least + this.#keptOf(index, hot[index * ROW + Hot.virtualBytes]!)
      tier[index] = to
    }
  }

  /** Fewest virtual bytes in a tier; 0 when it is empty, as any number would do. */
  #leastOf(of: number): number {
    const { count, tier, hot } = this.#table
    let least = Infinity
    for (let index = 0; index < count; index++) {
      if (tier[index] === of) least = Math.min(least, hot[index * ROW + Hot.virtualBytes]!)
    }
    return least === Infinity ? 0 : least
  }

  /** What a path owes beyond the limit and one packet is forgiven. */
  #keptOf(index: number, debt: number): number {
    const most = this.#fairnessBytes + this.#maxPacketBytes / this.#table.weight[index]!
    return Math.min(debt, most, MAX_STEP_BYTES)
  }

  /** Moves the virtual bytes of a tier down before they outgrow the precision of a double. Keeps their order. */
  #renormalise(of: number): void {
    const { count, tier, hot } = this.#table
    const least = this.#leastOf(of)
    for (let index = 0; index < count; index++)
      if (tier[index] === of) hot[index * ROW + Hot.virtualBytes]! -= least
  }
}
