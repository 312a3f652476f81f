import type { PacketBatch } from '@mp/interface'
import type { Settings } from './options.ts'

/** Rows `from … to-1` of a batch. */
export interface Rows {
  from: number
  to: number
}

/** Packets that wait, each at the place of its number. Keeps all columns of their rows. */
export class HeldPackets {
  packets = 0
  bytes = 0
  maxPackets = 0
  maxBytes = 0
  /** Never a batch in the sense of rows `0 … count-1`: `count` is set to reach some rows. */
  readonly #rows: PacketBatch
  readonly #mask: number
  readonly #settings: Settings

  /** There are as many places as the window has, a power of two; larger ones are taken modulo it. */
  constructor(settings: Settings) {
    const { pool, windowPackets } = settings
    this.#settings = settings
    this.#rows = pool.createBatch(windowPackets)
    this.#mask = windowPackets - 1
  }

  /** More are held than may be. */
  get isOverfull(): boolean {
    return this.#roomPackets < 0 || this.bytes > this.#settings.maxHeldBytes
  }

  /** Leaves no more in `rows` than there is room for. */
  limit({ length }: PacketBatch, rows: Rows): void {
    const end = Math.min(rows.to, rows.from + Math.max(0, this.#roomPackets))
    let leftBytes = this.#settings.maxHeldBytes - this.bytes
    for (rows.to = rows.from; rows.to < end; rows.to++) {
      leftBytes -= length[rows.to]!
      if (leftBytes < 0) return
    }
  }

  /** Takes the rows `from … to-1` of `batch`, the first at `place`, the others behind it. */
  put(place: number, batch: PacketBatch, { from, to }: Rows): void {
    const rows = this.#rows
    for (let row = from; row < to;) {
      rows.count = (place + row - from) & this.#mask
      row += batch.copyRows(row, to, rows)
    }
    for (let row = from; row < to; row++) this.bytes += batch.length[row]!
    this.packets += to - from
    if (this.packets > this.maxPackets) this.maxPackets = this.packets
    if (this.bytes > this.maxBytes) this.maxBytes = this.bytes
  }

  /** Moves up to `packets` packets, from the one at `place` on, to `out`, which has room for one at least. @returns how many. */
  take(place: number, packets: number, out: PacketBatch): number {
    const rows = this.#rows
    const first = place & this.#mask
    rows.count = rows.capacity
    const taken = rows.copyRows(first, Math.min(first + packets, rows.capacity), out)
    for (let row = first; row < first + taken; row++) this.bytes -= rows.length[row]!
    this.packets -= taken
    return taken
  }

  /** Gives up a packet. @returns its slot. */
  forget(place: number): number {
    const row = place & this.#mask
    this.packets--
    this.bytes -= this.#rows.length[row]!
    return this.#rows.slot[row]!
  }

  /** No more is held than is free: so there always is room for others of the pool. */
  get #roomPackets(): number {
    const { maxHeldPackets, pool } = this.#settings
    return Math.min(maxHeldPackets, pool.capacity - pool.inUse) - this.packets
  }
}
