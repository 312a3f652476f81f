import type { PacketBatch, PacketPool } from '@mp/interface'
import { Batch } from './batch.ts'
import { layoutOf } from './options.ts'
import type { MempoolOptions, Region } from './options.ts'

/** Use of one size class. */
export interface ClassStats {
  /** Largest packet of a fresh slot, bytes. */
  readonly packetBytes: number
  readonly slots: number
  /** Slots out now. */
  readonly inUse: number
  /** Most slots ever out at once. At `slots`, the class was too small for its load at least once. */
  readonly peakInUse: number
}

/** A snapshot of a pool. */
export interface MempoolStats {
  readonly inUse: number
  readonly capacity: number
  readonly arenaBytes: number
  /** In ascending order of packet size. */
  readonly classes: readonly ClassStats[]
}

/** In `#next`: the slot is out and has one holder; each further one makes it one less. */
const OUT = -2
/** In `#next` and `#head`: nothing follows, the stack is empty. */
const END = -1

/**
 * One arena cut into slots, with a stack of free slots per size class. `acquire` and `release` are a few array
 * accesses and allocate nothing; the slot released last is taken first, while it is still in the cache.
 *
 * Slots start at multiples of 64 bytes and fresh packets at multiples of 16, counted from the start of the arena.
 * Slots are never zeroed: a fresh one holds what its last user left there. Write before you read.
 */
export class Mempool implements PacketPool {
  readonly arena: Uint8Array
  readonly headroomBytes: number
  readonly tailroomBytes: number
  readonly packetBytes: number
  readonly capacity: number
  readonly #regions: readonly Region[]
  /** Largest packet per class, ascending. */
  readonly #sizes: Int32Array
  /** Per class the free slot to take next, or `END`. */
  readonly #head: Int32Array
  /** Per slot the free slot below it in the stack of its class, or `END`, or at most `OUT`. */
  readonly #next: Int32Array
  /** Slots out per class. */
  readonly #used: Int32Array
  /** Highest value of `#used` so far. */
  readonly #peak: Int32Array
  /** Class per slot. */
  readonly #classOf: Uint8Array
  /** First byte per slot. */
  readonly #start: Int32Array

  /** Throws RangeError for options out of range or an arena of 2 GiB or more. */
  constructor(options: MempoolOptions = {}) {
    const layout = layoutOf(options)
    this.headroomBytes = layout.headroomBytes
    this.tailroomBytes = layout.tailroomBytes
    this.packetBytes = layout.packetBytes
    this.capacity = layout.capacity
    this.arena = new Uint8Array(layout.arenaBytes)
    this.#regions = layout.regions
    this.#sizes = Int32Array.from(layout.regions, (region) => region.packetBytes)
    this.#head = Int32Array.from(layout.regions, (region) => region.firstSlot)
    this.#used = new Int32Array(layout.regions.length)
    this.#peak = new Int32Array(layout.regions.length)
    this.#next = new Int32Array(layout.capacity)
    this.#classOf = new Uint8Array(layout.capacity)
    this.#start = new Int32Array(layout.capacity)
    this.#cut()
  }

  get inUse(): number {
    // Asked for each packet that is held: a callback per class would cost more than the sum.
    let slots = 0
    for (let index = 0; index < this.#used.length; index++) slots += this.#used[index]!
    return slots
  }

  /**
   * Takes a slot of the smallest class that fits, or of the next larger one that has any left.
   * @returns the slot number, or -1 when no class that fits has a free slot, or none is that large.
   */
  acquire(packetBytes: number = this.packetBytes): number {
    for (let index = 0; index < this.#sizes.length; index++) {
      const slot = this.#head[index]!
      if (packetBytes <= this.#sizes[index]! && slot !== END) return this.#take(index, slot)
    }
    return -1
  }

  /** @inheritDoc Throws RangeError, and changes nothing, for a slot that is not out or not of this pool. */
  retain(slot: number): void {
    if (!this.#isOut(slot)) throw notOut(slot)
    this.#next[slot]!--
  }

  /** Gives a slot back. Throws RangeError, and changes nothing, for a slot that is not out or not of this pool. */
  release(slot: number): void {
    if (!this.#isOut(slot)) throw notOut(slot)
    this.#put(slot)
  }

  /**
   * Gives back every slot in `batch` and empties it. At a slot that is not out it throws RangeError: the rows in
   * front of it are released and gone from the batch, the bad row is the first one now, and those behind it are
   * still out. So nothing is released twice by trying again without that row.
   */
  releaseAll(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++) {
      const slot = batch.slot[row]!
      if (!this.#isOut(slot)) {
        batch.dropFront(row)
        throw notOut(slot)
      }
      this.#put(slot)
    }
    batch.count = 0
  }

  /** @inheritDoc Throws RangeError for a number that is no slot of this pool, as -1 of a failed `acquire`. */
  offsetOf(slot: number): number {
    return this.startOf(slot) + this.headroomBytes
  }

  /** @inheritDoc Throws RangeError for a number that is no slot of this pool. */
  startOf(slot: number): number {
    const start = this.#start[slot]
    if (start === undefined) {
      throw new RangeError(`slot ${slot} is not of this pool; its slots are 0 to ${this.capacity - 1}`)
    }
    return start
  }

  /** @inheritDoc Throws RangeError for a number that is no slot of this pool. */
  endOf(slot: number): number {
    return this.startOf(slot) + this.#regions[this.#classOf[slot]!]!.slotBytes
  }

  /** @inheritDoc Throws RangeError when `capacity` is not an integer ≥ 1. */
  createBatch(capacity: number): Batch {
    return new Batch(capacity)
  }

  /** Allocates: for metrics, not for the packet path. */
  stats(): MempoolStats {
    const classes = this.#regions.map(({ packetBytes, slots }, index) => ({
      packetBytes,
      slots,
      inUse: this.#used[index]!,
      peakInUse: this.#peak[index]!,
    }))
    return { inUse: this.inUse, capacity: this.capacity, arenaBytes: this.arena.length, classes }
  }

  /** Fills the tables per slot, and the stacks so that the lowest slot number comes out first. */
  #cut(): void {
    let start = 0
    for (const [index, { firstSlot, slots, slotBytes }] of this.#regions.entries()) {
      const lastSlot = firstSlot + slots - 1
      for (let slot = firstSlot; slot <= lastSlot; slot++) {
        this.#classOf[slot] = index
        this.#start[slot] = start
        this.#next[slot] = slot === lastSlot ? END : slot + 1
        start += slotBytes
      }
    }
  }

  #take(classIndex: number, slot: number): number {
    this.#head[classIndex] = this.#next[slot]!
    this.#next[slot] = OUT
    const used = this.#used[classIndex]! + 1
    this.#used[classIndex] = used
    if (used > this.#peak[classIndex]!) this.#peak[classIndex] = used
    return slot
  }

  /** False, too, for what is no slot number. */
  #isOut(slot: number): boolean {
    return this.#next[slot]! <= OUT
  }

  /** Takes a holder away, and the slot back with the last one. */
  #put(slot: number): void {
    if (this.#next[slot]! < OUT) {
      this.#next[slot]!++
      return
    }
    const classIndex = this.#classOf[slot]!
    this.#next[slot] = this.#head[classIndex]!
    this.#head[classIndex] = slot
    this.#used[classIndex]!--
  }
}

function notOut(slot: number): RangeError {
  return new RangeError(
    `slot ${slot} is not out: it was released already, or it is not of this pool; who holds a slot releases it once`,
  )
}
