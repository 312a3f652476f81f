import type { PacketBatch, PacketPool } from '@mp/interface'

/** Packets that wait, each at the place of its number. Keeps all columns of their rows. */
export class HeldPackets {
  packets = 0
  bytes = 0
  maxPackets = 0
  maxBytes = 0
  /** Never a batch in the sense of rows `0 … count-1`: `count` is set to reach one row. */
  readonly #rows: PacketBatch
  readonly #mask: number

  /** @param window Places, a power of two; larger ones are taken modulo it. */
  constructor(pool: PacketPool, window: number) {
    this.#rows = pool.createBatch(window)
    this.#mask = window - 1
  }

  put(place: number, batch: PacketBatch, row: number): void {
    this.#rows.count = place & this.#mask
    batch.copyRow(row, this.#rows)
    this.packets++
    this.bytes += batch.length[row]!
    if (this.packets > this.maxPackets) this.maxPackets = this.packets
    if (this.bytes > this.maxBytes) this.maxBytes = this.bytes
  }

  /** Moves a packet to `out`, which has room. */
  take(place: number, out: PacketBatch): void {
    const row = place & this.#mask
    this.#rows.count = row + 1
    this.#rows.copyRow(row, out)
    this.packets--
    this.bytes -= this.#rows.length[row]!
  }
}
