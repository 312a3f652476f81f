import type { PacketBatch } from '@mp/interface'

const COLUMNS = 8
const LENGTH = 2
const NONE = -1
/** Places at first; twice as many each time they are used up. */
const FIRST_PLACES = 64

/** Descriptors of waiting packets, and one list of them per bucket, first in first out. A packet is a number, its place. */
export class PacketLists {
  /** Packets in all lists. */
  packets = 0
  /** Their bytes. */
  bytes = 0
  /** By bucket. */
  readonly bytesOf: Int32Array
  readonly #head: Int32Array
  readonly #tail: Int32Array
  readonly #capacity: number
  /** The next packet of the list, or the next free place. */
  #next = new Int32Array(0)
  /** Row by row, in the order of the columns of a batch. */
  #table = new Int32Array(0)
  #cameAtMs = new Float64Array(0)
  #free = NONE

  constructor(capacity: number, buckets: number) {
    this.bytesOf = new Int32Array(buckets)
    this.#head = new Int32Array(buckets).fill(NONE)
    this.#tail = new Int32Array(buckets)
    this.#capacity = capacity
  }

  isEmpty(bucket: number): boolean {
    return this.#head[bucket] === NONE
  }

  /** Copies row `row` of `batch` to the end of a list. There must be less than `capacity` packets. */
  append(bucket: number, batch: PacketBatch, row: number, nowMs: number): void {
    if (this.#free === NONE) this.#grow()
    const place = this.#free
    this.#free = this.#next[place]!
    this.#next[place] = NONE
    if (this.#head[bucket] === NONE) this.#head[bucket] = place
    else this.#next[this.#tail[bucket]!] = place
    this.#tail[bucket] = place
    this.#cameAtMs[place] = nowMs
    const length = batch.length[row]!
    this.#store(place, batch, row)
    this.packets++
    this.bytes += length
    this.bytesOf[bucket]! += length
  }

  /** Takes the first packet off a list that is not empty. Its place keeps what is in it until the next `append`. */
  takeFirst(bucket: number): number {
    const place = this.#head[bucket]!
    this.#head[bucket] = this.#next[place]!
    this.#next[place] = this.#free
    this.#free = place
    const length = this.lengthOf(place)
    this.packets--
    this.bytes -= length
    this.bytesOf[bucket]! -= length
    return place
  }

  slotOf(place: number): number {
    return this.#table[place * COLUMNS]!
  }

  offsetOf(place: number): number {
    return this.#table[place * COLUMNS + 1]!
  }

  lengthOf(place: number): number {
    return this.#table[place * COLUMNS + LENGTH]!
  }

  cameAtMsOf(place: number): number {
    return this.#cameAtMs[place]!
  }

  /** Writes a packet to the end of `out`, which must have room. */
  copyTo(out: PacketBatch, place: number): void {
    const { table, capacity } = out
    const from = this.#table
    const at = place * COLUMNS
    const cell = out.count++
    // A loop over eight cells costs more than they do.
    table[cell] = from[at]!
    table[cell + capacity] = from[at + 1]!
    table[cell + 2 * capacity] = from[at + 2]!
    table[cell + 3 * capacity] = from[at + 3]!
    table[cell + 4 * capacity] = from[at + 4]!
    table[cell + 5 * capacity] = from[at + 5]!
    table[cell + 6 * capacity] = from[at + 6]!
    table[cell + 7 * capacity] = from[at + 7]!
  }

  #grow(): void {
    const from = this.#next.length
    const to = Math.min(this.#capacity, Math.max(FIRST_PLACES, 2 * from))
    const [next, table, cameAtMs] = [this.#next, this.#table, this.#cameAtMs]
    this.#next = new Int32Array(to)
    this.#table = new Int32Array(to * COLUMNS)
    this.#cameAtMs = new Float64Array(to)
    this.#next.set(next)
    this.#table.set(table)
    this.#cameAtMs.set(cameAtMs)
    for (let place = from; place < to; place++) this.#next[place] = place + 1 < to ? place + 1 : NONE
    this.#free = from
  }

  #store(place: number, { table, capacity }: PacketBatch, row: number): void {
    const to = this.#table
    const at = place * COLUMNS
    to[at] = table[row]!
    to[at + 1] = table[row + capacity]!
    to[at + 2] = table[row + 2 * capacity]!
    to[at + 3] = table[row + 3 * capacity]!
    to[at + 4] = table[row + 4 * capacity]!
    to[at + 5] = table[row + 5 * capacity]!
    to[at + 6] = table[row + 6 * capacity]!
    to[at + 7] = table[row + 7 * capacity]!
  }
}
