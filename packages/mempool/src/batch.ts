import type { PacketBatch } from '@mp/interface'

const COLUMNS = 8

/**
 * Packet descriptors in one `Int32Array`, column by column: column `c` of packet `i` is `table[c * capacity + i]`.
 * Each named column is a view of that table, made once. A batch owns no memory but its table and knows no pool;
 * make one with {@link Mempool.createBatch} or directly.
 */
export class Batch implements PacketBatch {
  readonly capacity: number
  count = 0
  readonly table: Int32Array
  readonly slot: Int32Array
  readonly offset: Int32Array
  readonly length: Int32Array
  readonly peer: Int32Array
  readonly path: Int32Array
  readonly sequence: Int32Array
  readonly flow: Int32Array
  readonly flags: Int32Array

  /** @param capacity Rows, an integer ≥ 1. Throws RangeError otherwise. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`batch capacity must be an integer of at least 1 packet, not ${capacity}`)
    }
    this.capacity = capacity
    this.table = new Int32Array(COLUMNS * capacity)
    const column = (index: number): Int32Array =>
      this.table.subarray(index * capacity, (index + 1) * capacity)
    this.slot = column(0)
    this.offset = column(1)
    this.length = column(2)
    this.peer = column(3)
    this.path = column(4)
    this.sequence = column(5)
    this.flow = column(6)
    this.flags = column(7)
  }

  push(slot: number, offsetBytes: number, lengthBytes: number): number {
    const { capacity, count: row, table } = this
    if (row >= capacity) return -1
    this.count = row + 1
    table[row] = slot
    table[row + capacity] = offsetBytes
    table[row + 2 * capacity] = lengthBytes
    for (let cell = row + 3 * capacity; cell < table.length; cell += capacity) table[cell] = 0
    return row
  }

  /** @inheritDoc Throws RangeError when `index` is not a row of this batch. */
  copyRow(index: number, target: PacketBatch): boolean {
    if (!(index >= 0 && index < this.count)) {
      throw new RangeError(`row ${index} is not in this batch of ${this.count} packets`)
    }
    const row = target.count
    if (row >= target.capacity) return false
    target.count = row + 1
    const { table, capacity } = this
    const into = target.table
    for (let from = index, to = row; from < table.length; from += capacity, to += target.capacity)
      into[to] = table[from]!
    return true
  }

  /** @inheritDoc Throws RangeError when they are not rows of this batch. */
  copyRows(from: number, to: number, target: PacketBatch): number {
    if (!(from >= 0 && from <= to && to <= this.count)) {
      throw new RangeError(`rows ${from} to ${to} are not in this batch of ${this.count} packets`)
    }
    const first = target.count
    const rows = Math.min(to - from, target.capacity - first)
    target.count = first + rows
    const { table, capacity } = this
    const into = target.table
    for (let column = 0; column < COLUMNS; column++) {
      const source = column * capacity + from
      const place = column * target.capacity + first
      for (let row = 0; row < rows; row++) into[place + row] = table[source + row]!
    }
    return rows
  }

  moveRow(from: number, to: number): void {
    const { table, capacity } = this
    for (let base = 0; base < table.length; base += capacity) table[base + to] = table[base + from]!
  }

  /** @inheritDoc Throws RangeError when there are fewer than `packets` rows. */
  dropFront(packets: number): void {
    const { capacity, count, table } = this
    if (!(Number.isInteger(packets) && packets >= 0 && packets <= count)) {
      throw new RangeError(`cannot drop ${packets} packets from the front of a batch of ${count}`)
    }
    this.count = count - packets
    if (packets === 0 || packets === count) return
    for (let base = 0; base < table.length; base += capacity) {
      table.copyWithin(base, base + packets, base + count)
    }
  }

  sumOfLengths(): number {
    const { count, length } = this
    let bytes = 0
    for (let row = 0; row < count; row++) bytes += length[row]!
    return bytes
  }
}
