import type { Schedulable } from '@mp/interface'
import { Hot, MAX_PATHS, ROW } from './path-table.ts'
import type { PathTable } from './path-table.ts'

/** Primaries, secondaries, backups. */
export const TIERS = 3
const BACKUP = 2

/**
 * Which paths are asked, in which order, and how much may wait for each. Made anew whenever something becomes known, so
 * that a pick has nothing to work out but the time.
 *
 * A tier holds the usable paths of one role, the one with the least one-way delay first. Left out are backups while there is anything
 * else, and paths that are slower than the fastest by more than the spread: by the time one of those pays, so much
 * would be waiting for the others that every flow suffered.
 */
export class Tiers<P extends Schedulable> {
  /** Indices of paths, tier by tier. */
  readonly order: Uint8Array = new Uint8Array(MAX_PATHS)
  /** Where each tier ends in `order`; the next one begins there. */
  readonly ends: Uint8Array = new Uint8Array(TIERS)
  readonly #table: PathTable<P>
  readonly #slackMs: number
  readonly #spreadMs: number
  #length = 0

  constructor(table: PathTable<P>, slackMs: number, spreadMs: number) {
    this.#table = table
    this.#slackMs = slackMs
    this.#spreadMs = spreadMs
  }

  /** Where a tier begins in `order`. */
  beginOf(tier: number): number {
    return tier === 0 ? 0 : this.ends[tier - 1]!
  }

  refresh(): void {
    this.#guessDelays()
    this.#length = 0
    let fastestMs = Infinity
    for (let role = 0; role < TIERS; role++) {
      if (role < BACKUP || this.#length === 0) {
        fastestMs = Math.min(fastestMs, this.#fastestOf(role))
        this.#fill(role, fastestMs + this.#spreadMs)
      }
      this.ends[role] = this.#length
    }
  }

  #isUsable(index: number, role: number): boolean {
    const { role: roles, isRunnable, isExhausted } = this.#table
    return roles[index] === role && isRunnable[index] === 1 && isExhausted[index] === 0
  }

  /** Delays have no common zero, so that a path never observed is taken for as slow as the slowest that was. */
  #guessDelays(): void {
    const { count, isObserved, hot } = this.#table
    let slowestMs = -Infinity
    for (let index = 0; index < count; index++) {
      if (isObserved[index] === 1) slowestMs = Math.max(slowestMs, hot[index * ROW + Hot.delayMs]!)
    }
    const guessMs = slowestMs === -Infinity ? 0 : slowestMs
    for (let index = 0; index < count; index++) {
      if (isObserved[index] === 0) hot[index * ROW + Hot.delayMs] = guessMs
    }
  }

  #fastestOf(role: number): number {
    const { count, hot } = this.#table
    let fastestMs = Infinity
    for (let index = 0; index < count; index++) {
      if (this.#isUsable(index, role)) fastestMs = Math.min(fastestMs, hot[index * ROW + Hot.delayMs]!)
    }
    return fastestMs
  }

  #fill(role: number, limitMs: number): void {
    const { count, hot } = this.#table
    const begin = this.#length
    let slowestMs = -Infinity
    for (let index = 0; index < count; index++) {
      const delayMs = hot[index * ROW + Hot.delayMs]!
      if (!this.#isUsable(index, role) || delayMs > limitMs) continue
      this.#insert(begin, index)
      slowestMs = Math.max(slowestMs, delayMs)
    }
    for (let at = begin; at < this.#length; at++) {
      const row = this.order[at]! * ROW
      hot[row + Hot.allowanceMs] = slowestMs - hot[row + Hot.delayMs]! + this.#slackMs
    }
  }

  /** Keeps the tier sorted; of equals, the one that was added first stays in front. */
  #insert(begin: number, index: number): void {
    const { owdMinMs } = this.#table
    const { order } = this
    let at = this.#length++
    for (; at > begin && owdMinMs[order[at - 1]!]! > owdMinMs[index]!; at--) order[at] = order[at - 1]!
    order[at] = index
  }
}
