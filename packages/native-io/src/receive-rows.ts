import type { PacketBatch, PacketPool } from '@mp/interface'

/** Rows are too many after so many wake-ups in a row that used less than this share of them. */
const QUIET_WAKE_UPS = 8
const QUIET_RATIO = 1 / 4

/** Per slot of a pool, where a fresh packet begins and how much lies behind it: asked of the pool once. */
interface Slots {
  readonly offsets: Int32Array
  readonly rooms: Int32Array
}

const slotsOfPools = new WeakMap<PacketPool, Slots>()

function slotsOf(pool: PacketPool): Slots {
  let slots = slotsOfPools.get(pool)
  if (slots === undefined) {
    const offsets = Int32Array.from({ length: pool.capacity }, (_, slot) => pool.offsetOf(slot))
    slots = { offsets, rooms: offsets.map((offset, slot) => pool.endOf(slot) - offset) }
    slotsOfPools.set(pool, slots)
  }
  return slots
}

/**
 * The batch a device receives into, filled with free slots beforehand, so that the kernel writes straight into them.
 *
 * Rows `0 … ready-1` hold a slot each, with the offset of a fresh packet and, as length, the room there is. The
 * addon turns the first n of them into packets; those are handed to the handler and replaced. When the pool is empty
 * there are fewer rows, down to none: the rows left are moved to the front.
 *
 * A device with little to do holds only `idleRows` slots. Rows double when they were not enough, and are halved again when
 * few of them are used.
 */
export class ReceiveRows {
  readonly batch: PacketBatch
  readonly #pool: PacketPool
  readonly #slots: Slots
  readonly #reserveBytes: number
  /** Rows `#first … #ready-1` are ours; those in front of them are the handler's. */
  #first = 0
  #ready = 0
  readonly #idleRows: number
  /** Rows to have ready. */
  #wanted: number
  #quietWakeUps = 0

  /** `reserveBytes`: at the end of a slot, not for a received packet. */
  constructor(pool: PacketPool, capacity: number, reserveBytes: number, idleRows: number = capacity) {
    this.batch = pool.createBatch(capacity)
    this.#pool = pool
    this.#slots = slotsOf(pool)
    this.#reserveBytes = reserveBytes
    this.#idleRows = Math.min(idleRows, capacity)
    this.#wanted = this.#idleRows
  }

  /** Replaces what was handed out. @returns rows ready to receive into. */
  refill(): number {
    while (this.#first > 0 && this.#ready - this.#first < this.#wanted && this.#fill(this.#first - 1))
      this.#first--
    if (this.#first > 0) this.#closeGap()
    while (this.#ready < this.#wanted && this.#fill(this.#ready)) this.#ready++
    return this.#ready
  }

  /** There was more to receive than there were rows. */
  grow(): void {
    this.#wanted = Math.min(this.batch.capacity, 2 * this.#wanted)
  }

  /** A wake-up is over, in which `packets` came. */
  settle(packets: number): void {
    this.#quietWakeUps = packets < this.#wanted * QUIET_RATIO ? this.#quietWakeUps + 1 : 0
    if (this.#wanted === this.#idleRows || this.#quietWakeUps < QUIET_WAKE_UPS) return
    this.#quietWakeUps = 0
    this.#wanted = Math.max(this.#idleRows, this.#wanted >> 1)
    while (this.#ready - this.#first > this.#wanted) this.#pool.release(this.batch.slot[--this.#ready]!)
  }

  /** Makes the first `packets` rows a batch, whose slots are no longer ours. */
  handOut(packets: number): PacketBatch {
    this.#first = packets
    this.batch.count = packets
    return this.batch
  }

  /** Releases all slots that are ours. */
  release(): void {
    for (let row = this.#first; row < this.#ready; row++) this.#pool.release(this.batch.slot[row]!)
    this.#first = 0
    this.#ready = 0
  }

  #fill(row: number): boolean {
    const slot = this.#pool.acquire()
    if (slot < 0) return false
    const { batch } = this
    batch.slot[row] = slot
    batch.offset[row] = this.#slots.offsets[slot]!
    batch.length[row] = this.#slots.rooms[slot]! - this.#reserveBytes
    return true
  }

  #closeGap(): void {
    const { slot, offset, length } = this.batch
    for (const column of [slot, offset, length]) column.copyWithin(0, this.#first, this.#ready)
    this.#ready -= this.#first
    this.#first = 0
  }
}
