import type { CipherName } from './crypto.ts'
import type { PacketBatch } from './batch.ts'

/**
 * Seals and opens whole batches of frames in place, one call each. A frame is 8 clear bytes (the associated data),
 * then what is encrypted, then room for the tag. The nonce is the path id in 32 bits and the counter in 64, both
 * big-endian.
 */
export interface BatchAead {
  readonly cipher: CipherName
  /** What runs behind the contract: `native`, `sodium`, `node`. */
  readonly backend: string
  /** Takes a copy of the 32 bytes of `key`. Throws RangeError for another length. */
  createKey(key: Uint8Array): AeadKey
}

/** One key of one direction and epoch. */
export interface AeadKey {
  /**
   * Seals the rows `from … to-1`, frames of one path with counters that follow each other, and adds the tag, 16 bytes,
   * to their lengths. The caller answers for counters that never repeat. A row that is no frame (shorter than its 8
   * clear bytes, outside of the arena, or without room for the tag) gets length 0, and its counter is not used.
   *
   * Throws RangeError for rows that are not in the batch and for a path id or counter out of range, before anything
   * changes.
   */
  seal(batch: PacketBatch, run: SealRun): void
  /**
   * Opens the rows `from … to-1` with the counter in `counters` and the path in column `path` of each. A row that is
   * authentic loses its tag from its length; of all others the length becomes 0 and the content is undefined. Throws
   * RangeError for rows that are not in the batch, or without a counter, before anything changes.
   * @returns rows that were authentic.
   */
  open(batch: PacketBatch, run: OpenRun): number
  /** Overwrites the key. Any use after it throws, but for another wipe. */
  wipe(): void
}

export interface SealRun {
  readonly from: number
  readonly to: number
  /** 0 … 2^32-1. */
  readonly pathId: number
  /** Counter of row `from`; the next rows have the next ones, all < 2^53. */
  readonly firstCounter: number
}

export interface OpenRun {
  readonly from: number
  readonly to: number
  /** Counter of each row, by row number. One that is no integer from 0 to 2^53-1 opens nothing. */
  readonly counters: Float64Array
}
