import type { PacketBatch, PacketPool } from '@mp/interface'

/** Where in their slots the sealed frames lie that are kept for a repair. One for all sessions of a tunnel. */
export class SealedPlaces {
  readonly #offset: Int32Array
  readonly #length: Int32Array

  constructor(pool: PacketPool) {
    this.#offset = new Int32Array(pool.capacity)
    this.#length = new Int32Array(pool.capacity)
  }

  /** The rows `from … count-1` of `frames` are sealed. */
  note({ slot, offset, length, count }: PacketBatch, from: number): void {
    for (let row = from; row < count; row++) {
      this.#offset[slot[row]!] = offset[row]!
      this.#length[slot[row]!] = length[row]!
    }
  }

  /** The rows from `from` on could not be sealed, and must never be sent. */
  forget({ slot, count }: PacketBatch, from: number): void {
    for (let row = from; row < count; row++) this.#length[slot[row]!] = 0
  }

  /** Length of the frame in `slot`, bytes; 0 when it was never sealed. */
  lengthOf(slot: number): number {
    return this.#length[slot]!
  }

  /** Appends the frame in `slot` to `batch`. */
  recall(slot: number, batch: PacketBatch): void {
    batch.push(slot, this.#offset[slot]!, this.#length[slot]!)
  }
}
