const WORD_BITS = 32
const FIRST_CAPACITY = 16
/** 2^32 divided by the golden ratio: multiplying by it spreads neighbours (Knuth, TAOCP vol. 3, §6.4). */
const SPREAD = 0x9e37_79b1
const FREE = -1

/** Where an address is looked up or a prefix is put: big-endian 32-bit words. */
export interface Prefix {
  readonly words: readonly number[]
  /** How many bits count; the others are ignored. */
  readonly length: number
}

/**
 * Values by prefixes of one address family. Each prefix length that occurs is one look into a hash table with open
 * addressing, longest first: with host routes and perhaps a default route, as tunnels have them, one look or two.
 */
export class PrefixTable {
  readonly #width: number
  /** The bits of each word that count, for each prefix length. */
  readonly #masks: Int32Array
  /** Prefixes of each length. */
  readonly #uses: Uint32Array
  /** Lengths that occur, longest first. */
  #lengths = new Uint8Array(0)
  #count = 0
  #words: Int32Array
  #lengthOf: Uint8Array
  #values: Int32Array
  /** The address that is looked for. */
  readonly #key: Int32Array

  /** `width`: words in an address, 1 or 4. */
  constructor(width: number) {
    this.#width = width
    this.#masks = masksOf(width)
    this.#uses = new Uint32Array(width * WORD_BITS + 1)
    this.#key = new Int32Array(width)
    this.#words = new Int32Array(width * FIRST_CAPACITY)
    this.#lengthOf = new Uint8Array(FIRST_CAPACITY)
    this.#values = new Int32Array(FIRST_CAPACITY).fill(FREE)
  }

  /** Puts a value ≥ 0 at a prefix. @returns the value that was there, or -1. */
  set(prefix: Prefix, value: number): number {
    if (2 * (this.#count + 1) > this.#values.length) this.#rebuild(2 * this.#values.length)
    this.#key.set(prefix.words)
    const place = this.#placeOf(prefix.length)
    const before = this.#values[place] as number
    this.#values[place] = value
    if (before !== FREE) return before
    for (let i = 0; i < this.#width; i++) {
      this.#words[place * this.#width + i] = this.#masked(prefix.length, i)
    }
    this.#lengthOf[place] = prefix.length
    this.#count++
    const uses = this.#uses[prefix.length] as number
    this.#uses[prefix.length] = uses + 1
    if (uses === 0) this.#sortLengths()
    return FREE
  }

  /** Removes every prefix of a value. @returns how many there were. */
  removeAll(value: number): number {
    const before = this.#count
    this.#rebuild(this.#values.length, value)
    return before - this.#count
  }

  /** The value of the longest prefix of the address at `offset`, or -1. */
  lookup(arena: DataView, offset: number): number {
    for (let i = 0; i < this.#width; i++) this.#key[i] = arena.getInt32(offset + 4 * i)
    for (let i = 0; i < this.#lengths.length; i++) {
      const value = this.#values[this.#placeOf(this.#lengths[i] as number)] as number
      if (value !== FREE) return value
    }
    return FREE
  }

  /** The place of the first `length` bits of the key, or the free place where they belong. */
  #placeOf(length: number): number {
    let hash = length
    for (let i = 0; i < this.#width; i++) {
      hash = Math.imul(hash ^ this.#masked(length, i), SPREAD)
      hash ^= hash >>> 15
    }
    const last = this.#values.length - 1
    let place = hash & last
    while (this.#values[place] !== FREE && !this.#holds(place, length)) place = (place + 1) & last
    return place
  }

  #holds(place: number, length: number): boolean {
    if (this.#lengthOf[place] !== length) return false
    for (let i = 0; i < this.#width; i++) {
      if (this.#words[place * this.#width + i] !== this.#masked(length, i)) return false
    }
    return true
  }

  #masked(length: number, word: number): number {
    return (this.#key[word] as number) & (this.#masks[length * this.#width + word] as number)
  }

  /** Makes the table anew, without the prefixes of `without`. */
  #rebuild(capacity: number, without = FREE): void {
    const words = this.#words
    const lengthOf = this.#lengthOf
    const values = this.#values
    this.#words = new Int32Array(this.#width * capacity)
    this.#lengthOf = new Uint8Array(capacity)
    this.#values = new Int32Array(capacity).fill(FREE)
    this.#uses.fill(0)
    this.#count = 0
    for (const [place, value] of values.entries()) {
      if (value === FREE || value === without) continue
      const at = place * this.#width
      const prefix = { words: [...words.subarray(at, at + this.#width)], length: lengthOf[place] as number }
      this.set(prefix, value)
    }
    this.#sortLengths()
  }

  #sortLengths(): void {
    const lengths = [...this.#uses.keys()].filter((length) => this.#uses[length] !== 0)
    this.#lengths = Uint8Array.from(lengths.toReversed())
  }
}

function masksOf(width: number): Int32Array {
  const masks = new Int32Array((width * WORD_BITS + 1) * width)
  for (let length = 0; length <= width * WORD_BITS; length++) {
    for (let word = 0; word < width; word++) {
      const bits = Math.min(WORD_BITS, Math.max(0, length - word * WORD_BITS))
      masks[length * width + word] = bits === 0 ? 0 : -1 << (WORD_BITS - bits)
    }
  }
  return masks
}
