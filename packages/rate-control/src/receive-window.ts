import type { PathReport } from '@mp/interface'
import { MAX_GAP_FRAMES } from './path-report.ts'

/** Counters remembered, a power of two: what is further below the highest is out of sight. */
const WINDOW_FRAMES = 8192
const WORDS = WINDOW_FRAMES / 32

/** Which of the last {@link WINDOW_FRAMES} counters of a path arrived: a ring of bits. */
export class ReceiveWindow {
  readonly #words = new Int32Array(WORDS)
  #highest = -1

  /** The highest counter so far; -1 before the first. */
  get highest(): number {
    return this.#highest
  }

  /** The lowest counter that is remembered. */
  get lowest(): number {
    return Math.max(0, this.#highest - WINDOW_FRAMES + 1)
  }

  /** Remembers that `counter`, an integer ≥ 0, arrived, or so many from it on. */
  add(counter: number, frames = 1): void {
    const last = counter + frames - 1
    if (last > this.#highest) this.#advance(last)
    for (let each = Math.max(counter, this.lowest); each <= last; each++) {
      const bit = each & (WINDOW_FRAMES - 1)
      this.#words[bit >>> 5]! |= 1 << (bit & 31)
    }
  }

  /** Whether `counter` arrived, for one from `lowest` to `highest`. */
  has(counter: number): boolean {
    const bit = counter & (WINDOW_FRAMES - 1)
    return ((this.#words[bit >>> 5]! >>> (bit & 31)) & 1) === 1
  }

  /** The first counter from `from` to `to` that arrived, or else did not, as `wanted` says; `to + 1` when none. */
  find(wanted: boolean, from: number, to: number): number {
    for (let counter = from; counter <= to; counter++) {
      const bit = counter & (WINDOW_FRAMES - 1)
      const word = this.#words[bit >>> 5]!
      if ((((word >>> (bit & 31)) & 1) === 1) === wanted) return counter
      // A word of which nothing is wanted is stepped over at once.
      if ((bit & 31) === 0 && word === (wanted ? 0 : -1)) counter += 31
    }
    return to + 1
  }

  /** Forgets what falls out and what the new place held before. */
  #advance(counter: number): void {
    const from = Math.max(this.#highest + 1, counter - WINDOW_FRAMES + 1)
    for (let each = from; each <= counter; each++) {
      const bit = each & (WINDOW_FRAMES - 1)
      if ((bit & 31) === 0 && each + 31 <= counter) {
        this.#words[bit >>> 5] = 0
        each += 31
      } else {
        this.#words[bit >>> 5]! &= ~(1 << (bit & 31))
      }
    }
    this.#highest = counter
  }
}

/**
 * Writes the gaps of `window` from `first` to `last` into `report`, as many as it has room for.
 * @returns the counter up to which nothing is left out: `last`, or the end of the last gap there was room for.
 */
export function writeGaps(window: ReceiveWindow, report: PathReport, first: number, last: number): number {
  let from = first
  report.gapCount = 0
  while (from <= last) {
    const start = window.find(false, from, last)
    if (start > last) return last
    if (report.gapCount === report.gapStart.length) return start - 1
    from = Math.min(window.find(true, start, last), start + MAX_GAP_FRAMES)
    report.gapStart[report.gapCount] = start
    report.gapLength[report.gapCount++] = from - start
  }
  return last
}
