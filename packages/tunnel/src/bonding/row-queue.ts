import type { PacketBatch } from '@mp/interface'
import { HEADER_BYTES } from '@mp/wire'

const FIRST_ROWS = 64
/** Columns of a batch from `slot` to `flags`. */
const COLUMNS = 8
const LENGTH = 2
const SEQUENCE = 5
/** Numbers have 24 bits; a number is before another if it is less than half of them behind it. */
const SEQUENCE_MASK = 0xff_ffff
const HALF = 0x80_0000

/** A queue of packets: rows of batches in a ring that grows up to a bound. It owns the slots of what is in it. */
export class RowQueue {
  /** Packets in it. */
  count = 0
  /** Bytes of them. */
  bytes = 0
  readonly #maxRows: number
  #rows = new Int32Array(0)
  #capacity = 0
  #head = 0
  /** During a merge, packets at the front that have not had their turn. */
  #unmerged = 0

  /** @param maxRows Most packets, a power of two ≥ 64. */
  constructor(maxRows: number) {
    this.#maxRows = maxRows
  }

  /** Appends row `index` of `batch` with all columns. False when the queue is full, and then nothing happened. */
  push(batch: PacketBatch, index: number): boolean {
    if (this.count === this.#capacity && !this.#grow()) return false
    const to = ((this.#head + this.count) & (this.#capacity - 1)) * COLUMNS
    const { table, capacity } = batch
    for (let column = 0; column < COLUMNS; column++)
      this.#rows[to + column] = table[column * capacity + index]!
    this.count++
    this.bytes += batch.length[index]!
    return true
  }

  /** Length of the first packet, bytes. */
  get headLength(): number {
    return this.#rows[this.#head * COLUMNS + LENGTH]!
  }

  /** Copies the first packet to the end of `batch`. @returns its row there, or -1 when there is no packet or no room. */
  first(batch: PacketBatch): number {
    if (this.count === 0 || batch.count === batch.capacity) return -1
    const from = this.#head * COLUMNS
    const to = batch.count++
    const { table, capacity } = batch
    for (let column = 0; column < COLUMNS; column++)
      table[column * capacity + to] = this.#rows[from + column]!
    return to
  }

  /** Forgets the first packet, which there is. */
  dropFirst(): void {
    this.bytes -= this.headLength
    this.#head = (this.#head + 1) & (this.#capacity - 1)
    this.count--
  }

  /** Moves the first packet to the end of `batch`. @returns its row there, or -1 when there is no packet or no room. */
  shift(batch: PacketBatch): number {
    const row = this.first(batch)
    if (row >= 0) this.dropFirst()
    return row
  }

  /** Moves packets to the end of `batch`, as many as it has room for and, with a header each, are no more than `bytes`. */
  shiftRun(batch: PacketBatch, bytes: number): void {
    let leftBytes = bytes
    while (this.count > 0 && batch.count < batch.capacity) {
      leftBytes -= this.headLength + HEADER_BYTES
      if (leftBytes < 0) return
      this.shift(batch)
    }
  }

  /** Others are to take their places by number: {@link makeWay} before each of them, {@link endMerge} after the last. */
  beginMerge(): void {
    this.#unmerged = this.count
  }

  /** Has the packets numbered before `sequence` stand in front of the one that is pushed next. Numbers must rise from call to call. */
  makeWay(sequence: number): void {
    while (this.#unmerged > 0 && this.#isHeadBefore(sequence)) this.#turn()
  }

  /** Has the rest stand behind what was pushed. */
  endMerge(): void {
    while (this.#unmerged > 0) this.#turn()
  }

  #isHeadBefore(sequence: number): boolean {
    const behind = (sequence - this.#rows[this.#head * COLUMNS + SEQUENCE]!) & SEQUENCE_MASK
    return behind > 0 && behind < HALF
  }

  /** Moves the first packet behind the last. */
  #turn(): void {
    const from = this.#head * COLUMNS
    const to = ((this.#head + this.count) & (this.#capacity - 1)) * COLUMNS
    this.#rows.copyWithin(to, from, from + COLUMNS)
    this.#head = (this.#head + 1) & (this.#capacity - 1)
    this.#unmerged--
  }

  #grow(): boolean {
    const capacity = Math.max(FIRST_ROWS, this.#capacity * 2)
    if (capacity > this.#maxRows) return false
    const rows = new Int32Array(capacity * COLUMNS)
    for (let row = 0; row < this.count; row++) {
      const from = ((this.#head + row) & (this.#capacity - 1)) * COLUMNS
      rows.set(this.#rows.subarray(from, from + COLUMNS), row * COLUMNS)
    }
    this.#rows = rows
    this.#capacity = capacity
    this.#head = 0
    return true
  }
}
