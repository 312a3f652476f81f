import type { PacketBatch, PacketPool } from '@mp/interface'
import { MAX_FRAGMENTS } from '@mp/wire'
import { BatchShelf } from './batch-shelf.ts'

/**
 * Batches that are empty but while a call runs. All sessions of a tunnel share them, since there is one call at a time:
 * a server may have thousands of sessions, of which most are silent.
 */
export class Scratch {
  /** Frames on their way in that may be ours, and the whole counter of each. */
  readonly frames: PacketBatch
  readonly counters: Float64Array
  /** Inner packets out of them. */
  readonly packets: PacketBatch
  /** Pieces of one packet on its way out. */
  readonly pieces: PacketBatch
  /** One frame that does not go through the batch of a path. */
  readonly single: PacketBatch
  /** What paths write their frames into: twice a batch, one that a full link left behind and the next one on top. */
  readonly out: BatchShelf

  constructor(pool: PacketPool, batchSize: number) {
    this.frames = pool.createBatch(batchSize)
    this.counters = new Float64Array(batchSize)
    this.packets = pool.createBatch(batchSize)
    this.pieces = pool.createBatch(MAX_FRAGMENTS)
    this.single = pool.createBatch(1)
    this.out = new BatchShelf(pool, 2 * batchSize)
  }
}
