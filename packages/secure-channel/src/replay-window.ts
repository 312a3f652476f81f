/** Words of 32 bits in the ring; a power of two, so that a block's number masked is its place. */
const WORDS = 128
const WORD_BITS = 32
/** How far behind the highest counter one is still looked up, counters. One word is always being refilled. */
const WINDOW: number = (WORDS - 1) * WORD_BITS

/**
 * Which of a path's counters have been used: a counter passes once, and not at all when it is 4064 or more behind
 * the highest. A ring of bits that is cleared a word at a time as it advances (RFC 6479); 512 bytes, and a few
 * nanoseconds per call.
 *
 * One window per path, because frames of one path hardly overtake each other while paths differ in delay.
 */
export class ReplayWindow {
  readonly #bits = new Int32Array(WORDS)
  /** In an array, as a field would be a new object each time it is told a number of one. */
  readonly #highest: Float64Array = Float64Array.of(-1)

  /** The highest counter used, -1 before the first. */
  get highest(): number {
    return this.#highest[0]!
  }

  /**
   * Whether a frame with this counter is worth opening; changes nothing. Only what was opened is proven, so look here
   * first and {@link commit} then. False for what is no counter: below 0, or 2^53 and above.
   */
  check(counter: number): boolean {
    if (counter > this.#highest[0]!) return counter <= Number.MAX_SAFE_INTEGER
    if (!(counter > this.#highest[0]! - WINDOW) || counter < 0) return false
    return ((this.#bits[(counter / WORD_BITS) & (WORDS - 1)] as number) & (1 << (counter & 31))) === 0
  }

  /**
   * Uses a counter up, once its frame was opened.
   * @returns false when it was used already, also by a frame of the same batch: drop this one.
   */
  commit(counter: number): boolean {
    if (!this.check(counter)) return false
    if (counter > this.#highest[0]!) this.#advance(counter)
    const word = (counter / WORD_BITS) & (WORDS - 1)
    this.#bits[word] = (this.#bits[word] as number) | (1 << (counter & 31))
    return true
  }

  /** Clears the words between the old highest counter and the new one, of which mostly there are none. */
  #advance(counter: number): void {
    const highest = this.#highest[0]!
    this.#highest[0] = counter
    if (counter - highest + (highest & 31) < WORD_BITS) return
    const newest = Math.floor(counter / WORD_BITS)
    // Before the first counter all words are clear already.
    const known = Math.floor(Math.max(0, highest) / WORD_BITS)
    const words = Math.min(newest - known, WORDS)
    for (let i = 0; i < words; i++) this.#bits[(newest - i) & (WORDS - 1)] = 0
  }
}
