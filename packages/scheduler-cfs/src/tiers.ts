import type { Schedulable } from '@mp/interface'
import { Hot, MAX_PATHS, ROW } from './path-table.ts'
import type { PathTable } from './path-table.ts'

/** Primaries, secondaries, backups. */
export const TIERS = 3
const BACKUP = 2
/** A far path is worth its delay when it carries so many times what the near ones do together, and as long as so many times. */
const GOES_FAR = 2
const STAYS_FAR = 1.2

/**
 * Which paths are asked, in which order, and how much may wait for each. Made anew whenever something becomes known, so
 * that a pick has nothing to work out but the time.
 *
 * A tier holds the usable paths of one role, those in use before those that stand by, of both the one with the least one-way
 * delay first. Backups are left out while there is anything else. In use are paths whose delays differ by no more than the
 * spread: by the time a slower one pays, so much would be waiting for the others that every flow suffered. They are the
 * nearest, unless a farther one carries much more, by itself: what several are thought to at first proves nothing. What waits for the best path, whatever it is, has those that stand by, too.
 */
export class Tiers<P extends Schedulable> {
  /** Indices of paths, tier by tier. */
  readonly order: Uint8Array = new Uint8Array(MAX_PATHS)
  /** Where the paths in use end in `order`, of each tier. */
  readonly ends: Uint8Array = new Uint8Array(TIERS)
  /** Where each tier ends in `order`, with those that stand by; the next one begins there. */
  readonly reaches: Uint8Array = new Uint8Array(TIERS)
  readonly #table: PathTable<P>
  readonly #slackMs: number
  readonly #spreadMs: number
  readonly #standby = new Uint8Array(MAX_PATHS)
  #length = 0
  /** Bounds of the delays of paths in use, ms. */
  #leastMs = -Infinity
  #mostMs = Infinity
  #isFar = false

  constructor(table: PathTable<P>, slackMs: number, spreadMs: number) {
    this.#table = table
    this.#slackMs = slackMs
    this.#spreadMs = spreadMs
  }

  /** Where a tier begins in `order`. */
  beginOf(tier: number): number {
    return tier === 0 ? 0 : this.reaches[tier - 1]!
  }

  refresh(): void {
    this.#guessDelays()
    this.#length = 0
    for (let role = 0; role < TIERS; role++) {
      const begin = this.#length
      if (role < BACKUP || begin === 0) this.#fill(role)
      if (begin === 0 && this.#length > 0) this.#chooseDelays()
      this.#part(role, begin)
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

  #fill(role: number): void {
    const { count } = this.#table
    const begin = this.#length
    for (let index = 0; index < count; index++) if (this.#isUsable(index, role)) this.#insert(begin, index)
  }

  /** Of the paths in `order` finds those to use, be it with others of lower rank that are about as far. */
  #chooseDelays(): void {
    let nearestMs = Infinity
    let bestMs = Infinity
    let most = 0
    for (let at = 0; at < this.#length; at++) {
      const fromMs = this.#delayAt(at)
      const largest = this.#carriedFrom(fromMs, Math.max)
      nearestMs = Math.min(nearestMs, fromMs)
      if (largest < most || (largest === most && fromMs > bestMs)) continue
      most = largest
      bestMs = fromMs
    }
    this.#isFar = most > (this.#isFar ? STAYS_FAR : GOES_FAR) * this.#carriedFrom(nearestMs, sum)
    const fromMs = this.#isFar ? bestMs : nearestMs
    this.#mostMs = fromMs + this.#spreadMs
    this.#leastMs = this.#slowestBelow(this.#mostMs) - this.#spreadMs
  }

  #delayAt(at: number): number {
    return this.#table.hot[this.order[at]! * ROW + Hot.delayMs]!
  }

  /** What the paths in `order` carry, put together by `fold`, that are not more than the spread slower than `fromMs`, and not faster. */
  #carriedFrom(fromMs: number, fold: (a: number, b: number) => number): number {
    const { bytesPerSecond } = this.#table
    let carried = 0
    for (let at = 0; at < this.#length; at++) {
      const delayMs = this.#delayAt(at)
      if (delayMs < fromMs || delayMs > fromMs + this.#spreadMs) continue
      carried = fold(carried, bytesPerSecond[this.order[at]!]!)
    }
    return carried
  }

  #slowestBelow(limitMs: number): number {
    let slowestMs = -Infinity
    for (let at = 0; at < this.#length; at++) {
      const delayMs = this.#delayAt(at)
      if (delayMs <= limitMs) slowestMs = Math.max(slowestMs, delayMs)
    }
    return slowestMs
  }

  /** Moves the paths of a tier that are not in use behind the others, and says what may wait for those. */
  #part(role: number, begin: number): void {
    const { hot } = this.#table
    let end = begin
    let standing = 0
    let slowestMs = -Infinity
    for (let at = begin; at < this.#length; at++) {
      const index = this.order[at]!
      const delayMs = this.#delayAt(at)
      if (delayMs < this.#leastMs || delayMs > this.#mostMs) {
        this.#standby[standing++] = index
        continue
      }
      this.order[end++] = index
      slowestMs = Math.max(slowestMs, delayMs)
    }
    for (let at = 0; at < standing; at++) this.order[end + at] = this.#standby[at]!
    this.ends[role] = end
    this.reaches[role] = this.#length
    for (let at = begin; at < end; at++)
      hot[this.order[at]! * ROW + Hot.allowanceMs] = slowestMs - this.#delayAt(at) + this.#slackMs
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

const sum = (a: number, b: number): number => a + b
