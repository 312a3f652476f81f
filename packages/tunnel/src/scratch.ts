import type { PacketBatch, PacketPool } from '@mp/interface'
import { MAX_FRAGMENTS } from '@mp/wire'
import { BatchShelf } from './batch-shelf.ts'

const URGENT_ROWS = 16

/**
 * Batches that are empty but while a call runs. All sessions of a tunnel share them, since there is one call at a time:
 * a server may have thousands of sessions, of which most are silent.
 */
export class Scratch {
  /** The packet that was joined last. */
  readonly joined: PacketBatch
  /** Urgent packets on their way in. */
  readonly urgent: PacketBatch
  /** Packets on their way in that were put in order. */
  readonly ordered: PacketBatch
  /** Pieces of one packet on its way out. */
  readonly pieces: PacketBatch
  /** One frame that does not go through the batch of a path. */
  readonly single: PacketBatch
  /** What paths write their frames into: twice a batch, one that a full link left behind and the next one on top. */
  readonly out: BatchShelf

  #counters: Float64Array = new Float64Array(0)
  #arrivals = arrivalsFor(0)

  constructor(pool: PacketPool, batchSize: number) {
    this.joined = pool.createBatch(1)
    this.urgent = pool.createBatch(URGENT_ROWS)
    this.ordered = pool.createBatch(2 * batchSize)
    this.pieces = pool.createBatch(MAX_FRAGMENTS)
    this.single = pool.createBatch(1)
    this.out = new BatchShelf(pool, 2 * batchSize)
  }

  /** The whole counter of each row of a batch that came in, for as many rows as it may have. */
  countersFor(rows: number): Float64Array {
    if (this.#counters.length < rows) this.#counters = new Float64Array(rows)
    return this.#counters
  }

  /** What is known of inner packets besides their rows, for as many rows as a batch may have. */
  arrivalsFor(rows: number): MutableArrivals {
    if (this.#arrivals.sequences.length < rows) this.#arrivals = arrivalsFor(rows)
    return this.#arrivals
  }
}

/** Where packets belong in the order of the session; by row. */
export interface MutableArrivals {
  readonly sequences: Float64Array
  readonly flowDistances: Uint16Array
  nowMs: number
}

function arrivalsFor(rows: number): MutableArrivals {
  return { sequences: new Float64Array(rows), flowDistances: new Uint16Array(rows), nowMs: 0 }
}
