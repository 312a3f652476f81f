import { Mempool } from '@mp/mempool'
import { Resequencer } from '@mp/resequencer'
import type { Arrivals, ResequencerOptions } from '@mp/resequencer'

const BATCH_PACKETS = 64

/** A packet at the receiver. */
export interface Packet {
  readonly sequence: number
  readonly pathId: number
  readonly distance: number
  readonly bytes?: number
}

/** A resequencer with a pool of its own; packets carry their number in their bytes, so that a mixed-up slot shows. */
export class Receiver {
  readonly pool: Mempool
  readonly resequencer: Resequencer
  /** Numbers in the order in which they were passed on. */
  readonly out: number[] = []
  readonly #words: DataView
  readonly #arrivals: { -readonly [K in keyof Arrivals]: Arrivals[K] } = {
    sequences: new Float64Array(BATCH_PACKETS),
    flowDistances: new Uint16Array(BATCH_PACKETS),
    nowMs: 0,
  }

  constructor(options: Partial<ResequencerOptions> = {}, slots = 512) {
    this.pool = new Mempool({ classes: [{ packetBytes: 1500, slots }] })
    this.#words = new DataView(this.pool.arena.buffer)
    this.resequencer = new Resequencer({
      pool: this.pool,
      onPackets: (batch) => {
        for (let row = 0; row < batch.count; row++) {
          if (batch.flow[row] !== batch.slot[row]! + 1) throw new Error('the columns of a row are mixed up')
          this.out.push(this.#words.getFloat64(batch.offset[row]!))
        }
        this.pool.releaseAll(batch)
      },
      ...options,
    })
  }

  /** Packets arrive in one batch. Returns the numbers that are passed on by that. */
  arrive(nowMs: number, packets: readonly Packet[]): number[] {
    const batch = this.pool.createBatch(BATCH_PACKETS)
    for (const [row, { sequence, pathId, distance, bytes = 100 }] of packets.entries()) {
      const slot = this.pool.acquire()
      if (slot < 0) throw new Error('the pool is too small for this test')
      const offset = this.pool.offsetOf(slot)
      this.#words.setFloat64(offset, sequence)
      batch.push(slot, offset, bytes)
      batch.path[row] = pathId
      batch.flow[row] = slot + 1
      this.#arrivals.sequences[row] = sequence
      this.#arrivals.flowDistances[row] = distance
    }
    this.#arrivals.nowMs = nowMs
    return this.newly(() => this.resequencer.handlePackets(batch, this.#arrivals))
  }

  /** One packet of the only flow there is. */
  one(nowMs: number, sequence: number, pathId = 0): number[] {
    return this.arrive(nowMs, [{ sequence, pathId, distance: 1 }])
  }

  /** Sleeps until the next deadline. */
  wake(): number[] {
    return this.newly(() => this.resequencer.handleTimeout(this.resequencer.pollTimeout()))
  }

  newly(act: () => void): number[] {
    const before = this.out.length
    act()
    return this.out.slice(before)
  }

  /** Throws when a slot is still out then. */
  close(): void {
    this.resequencer.close()
    if (this.pool.inUse !== 0) throw new Error(`${this.pool.inUse} slots were not released`)
  }
}

/** A packet of one of two flows that take turns: it follows the number two before. */
export const turn = (sequence: number): Packet => ({ sequence, pathId: 0, distance: 2 })

/** A packet of a peer that tells no distances. */
export const untold = (sequence: number): Packet => ({ sequence, pathId: 0, distance: 0 })

/** A packet of the only flow there is, of 1000 bytes. */
export const large = (sequence: number): Packet => ({ sequence, pathId: 0, distance: 1, bytes: 1000 })

export const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + i)
