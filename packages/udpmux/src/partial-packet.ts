import type { PacketBatch, PacketPool } from '@mp/interface'
import { FRAGMENT_HEADER_BYTES, MAX_FRAGMENTS } from '@mp/wire'

/** In `slots`: this piece has not come yet. */
const MISSING = -1

/** A packet of which pieces have come and pieces are missing. Made once, used for one packet after the other. */
export class PartialPacket {
  /** `path ‖ packet id`. */
  key = -1
  /** When the first piece came, ms. */
  sinceMs = 0
  /** Pieces of the whole packet. */
  count = 0
  /** Pieces that came. */
  held = 0
  /** Payload of these, bytes. */
  payloadBytes = 0
  /** Pool memory of these, bytes. */
  heldBytes = 0
  readonly #pool: PacketPool
  readonly #slots: Int32Array = new Int32Array(MAX_FRAGMENTS).fill(MISSING)
  readonly #offsets: Int32Array = new Int32Array(MAX_FRAGMENTS)
  readonly #lengths: Int32Array = new Int32Array(MAX_FRAGMENTS)

  constructor(pool: PacketPool) {
    this.#pool = pool
  }

  open(key: number, count: number, nowMs: number): void {
    this.key = key
    this.count = count
    this.sinceMs = nowMs
  }

  has(index: number): boolean {
    return this.#slots[index] !== MISSING
  }

  /** Keeps the piece in a row of `batch`. */
  hold(index: number, batch: PacketBatch, row: number): void {
    const slot = batch.slot[row]!
    this.#slots[index] = slot
    this.#offsets[index] = batch.offset[row]! + FRAGMENT_HEADER_BYTES
    const payloadBytes = batch.length[row]! - FRAGMENT_HEADER_BYTES
    this.#lengths[index] = payloadBytes
    this.held++
    this.payloadBytes += payloadBytes
    this.heldBytes += this.#pool.endOf(slot) - this.#pool.startOf(slot)
  }

  /** Writes the payloads, which are all there, one behind the other to `at`. */
  copyTo(at: number): void {
    const { arena } = this.#pool
    let end = at
    for (let index = 0; index < this.count; index++) {
      const start = this.#offsets[index]!
      arena.copyWithin(end, start, start + this.#lengths[index]!)
      end += this.#lengths[index]!
    }
  }

  /** Releases the pieces. */
  clear(): void {
    for (let index = 0; index < this.count; index++) {
      if (this.#slots[index] !== MISSING) this.#pool.release(this.#slots[index]!)
      this.#slots[index] = MISSING
    }
    this.key = -1
    this.held = 0
    this.payloadBytes = 0
    this.heldBytes = 0
  }
}
