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
  /** Takes a copy of the 32 bytes of `key`. */
  createKey(key: Uint8Array): AeadKey
}

/** One key of one direction and epoch. */
export interface AeadKey {
  /**
   * Seals the rows `from … to-1`, frames of one path with counters that follow each other, and adds the tag to their
   * lengths. The caller answers for counters that never repeat.
   */
  seal(batch: PacketBatch, run: SealRun): void
  /**
   * Opens the rows `from … to-1` with the counter in `counters` and the path in column `path` of each. A row that is
   * authentic loses its tag from its length; of all others the length becomes 0 and the content is undefined.
   * @returns rows that were authentic.
   */
  open(batch: PacketBatch, run: OpenRun): number
  /** Overwrites the key. Any use after it throws. */
  wipe(): void
}

export interface SealRun {
  readonly from: number
  readonly to: number
  readonly pathId: number
  /** Counter of row `from`, < 2^53; the next rows have the next ones. */
  readonly firstCounter: number
}

export interface OpenRun {
  readonly from: number
  readonly to: number
  /** Counter of each row, by row number. */
  readonly counters: Float64Array
}
