/** Bytes of a stream from `start` up to, not including, `end`. */
export interface Range {
  start: number
  end: number
}

/** What arrived behind a gap: ranges that do not touch, the one that grew last first. */
export class Ranges {
  readonly #ranges: Range[] = []

  get size(): number {
    return this.#ranges.length
  }

  /** By how lately it grew. */
  at(index: number): Range {
    return this.#ranges[index]!
  }

  has(start: number, end: number): boolean {
    return this.#ranges.some((range) => range.start <= start && end <= range.end)
  }

  /** Adds bytes, joined with what they touch, in front. */
  add(start: number, end: number): void {
    const ranges = this.#ranges
    let joined: Range | undefined
    for (let index = ranges.length - 1; index >= 0; index--) {
      const range = ranges[index]!
      if (range.start > end || range.end < start) continue
      range.start = Math.min(range.start, joined?.start ?? start)
      range.end = Math.max(range.end, joined?.end ?? end)
      joined = range
      ranges.splice(index, 1)
    }
    ranges.unshift(joined ?? { start, end })
  }

  /** All up to `end` is there: takes out what follows on it. @returns the end of what is there without a gap. */
  takeFrom(end: number): number {
    const ranges = this.#ranges
    let reached = end
    for (let index = 0; index < ranges.length;) {
      const range = ranges[index]!
      if (range.start > reached) {
        index++
        continue
      }
      reached = Math.max(reached, range.end)
      ranges.splice(index, 1)
      index = 0
    }
    return reached
  }
}
