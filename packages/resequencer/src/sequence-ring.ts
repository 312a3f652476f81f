/** Not received yet, or not seen at all. */
export const MISSING = 0
/** Received, and waiting for the packet before it. */
export const HELD = 1
/** Received and passed on. */
export const DELIVERED = 2
/** Not received, and not waited for. */
export const SKIPPED = 3

/**
 * What is known of each number in a window ahead of `base`, the first number that is neither delivered nor skipped, and
 * of as many behind it. A number has a place in the columns; distances and places are small integers, so that only
 * `base` needs the range of a sequence.
 *
 * Of the numbers from `base` on the first `span` matter: up to the highest seen. While there are any, `base` is missing.
 */
export class SequenceRing {
  span = 0
  readonly window: number
  readonly state: Uint8Array
  /** How far ahead the packet is that waits for this number, 0 for none. */
  readonly waiter: Uint16Array
  /** When a missing number was first overtaken, a held packet came, or a number was skipped, ms. */
  readonly sinceMs: Float64Array
  /** When the last path had passed a missing number, ms; Infinity before. */
  readonly hopelessMs: Float64Array
  /** Place of `base`. */
  head = 0
  /** Numbers below this have no history. */
  #start: number
  /** Of numbers from `base` to below this it is known that they are hopeless. */
  #hopelessBelow: number
  readonly #mask: number
  /** Base. In an array, as a field beyond 31 bits would be a new object each time. */
  readonly #base = new Float64Array(1)

  /** @param window Numbers ahead and behind, a power of two. */
  constructor(window: number, base: number) {
    this.window = window
    this.#base[0] = base
    this.#start = base
    this.#hopelessBelow = base
    this.#mask = 2 * window - 1
    this.state = new Uint8Array(2 * window)
    this.waiter = new Uint16Array(2 * window)
    this.sinceMs = new Float64Array(2 * window)
    this.hopelessMs = new Float64Array(2 * window)
  }

  get base(): number {
    return this.#base[0]!
  }

  /** Place of the number `delta` ahead of base, -window … window-1. */
  place(delta: number): number {
    return (this.head + delta) & this.#mask
  }

  /** Place of the packet `distance` ahead of the one at `place`. */
  ahead(place: number, distance: number): number {
    return (place + distance) & this.#mask
  }

  /** Whether the number `-delta` behind base is still remembered. */
  remembers(delta: number): boolean {
    return -delta <= this.window && this.base + delta >= this.#start
  }

  /** The number `delta` ahead of base, not seen before, is the highest now; those it has overtaken are missing. */
  overtake(delta: number, nowMs: number): void {
    for (let hole = this.span; hole < delta; hole++) {
      const place = this.place(hole)
      this.state[place] = MISSING
      this.sinceMs[place] = nowMs
      this.hopelessMs[place] = Infinity
    }
    this.span = delta + 1
  }

  /**
   * How many numbers from `delta` ahead of base on, `most` at most, are new: within the window, not seen, and none waits for
   * them. What is below `delta` was seen or is missing.
   */
  countNew(delta: number, most: number): number {
    const end = delta < 0 ? delta : Math.min(delta + most, this.window)
    let at = delta
    for (; at < end; at++) {
      const place = this.place(at)
      if (this.waiter[place] !== 0 || (at < this.span && this.state[place] !== MISSING)) break
    }
    return Math.max(0, at - delta)
  }

  /** As many `numbers`, the first `delta` ahead of base, all new, came and leave at once. */
  deliver(delta: number, numbers: number): void {
    for (let each = delta; each < delta + numbers; each++) this.state[this.place(each)] = DELIVERED
    this.span = Math.max(this.span, delta + numbers)
    if (delta > 0) return
    this.#base[0]! += numbers
    this.head = this.place(numbers)
    this.span -= numbers
  }

  /** As many `numbers`, the first `delta` ahead of base, all new, came: each waits for the one before it. */
  hold(delta: number, numbers: number, nowMs: number): void {
    for (let each = delta; each < delta + numbers; each++) {
      const place = this.place(each)
      const before = this.place(each - 1)
      this.state[place] = HELD
      this.sinceMs[place] = nowMs
      if (this.waiter[before] === 0) this.waiter[before] = 1
    }
    this.span = Math.max(this.span, delta + numbers)
  }

  /** Moves base to the next number. */
  advance(): void {
    this.#base[0]!++
    this.head = (this.head + 1) & this.#mask
    if (this.span > 0) this.span--
  }

  /** Moves base over more than a window of numbers, of which none was seen: all are skipped. Nothing may be held. */
  jump(base: number, nowMs: number): void {
    this.#base[0] = base
    for (let delta = -this.window; delta < 0; delta++) {
      const place = this.place(delta)
      this.state[place] = SKIPPED
      this.sinceMs[place] = nowMs
      this.hopelessMs[place] = Infinity
    }
  }

  /** Notes since when the missing numbers are hopeless: those below `bound`, which may be more or less than before. */
  noteHopeless(bound: number, nowMs: number): void {
    const end = Math.max(this.base, Math.min(bound, this.base + this.span))
    const start = Math.max(this.base, this.#hopelessBelow)
    for (let sequence = start; sequence < end; sequence++) {
      this.hopelessMs[this.place(sequence - this.base)] = nowMs
    }
    for (let sequence = end; sequence < start; sequence++) {
      this.hopelessMs[this.place(sequence - this.base)] = Infinity
    }
    this.#hopelessBelow = end
  }

  /** Forgets everything; the next number is `base`. Nothing may be held. */
  reset(base: number): void {
    this.#base[0] = base
    this.#start = base
    this.#hopelessBelow = base
    this.span = 0
  }
}
