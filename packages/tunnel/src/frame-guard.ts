import type { CipherName, PacketBatch, SealRun } from '@mp/interface'
import type { SessionKeys } from '@mp/secure-channel'
import type { Wakeable } from './driver.ts'

/** A cipher and what computes it: `native`, `sodium`, `node`. */
export interface Encryption {
  readonly cipher: CipherName
  readonly backend: string
}

/** What stands between frames and the wire: encryption, or nothing. */
export interface FrameGuard extends Wakeable {
  /** Epoch that frames are sealed in now, 0…3. */
  readonly sendEpoch: number
  /** What frames are sealed with, and what does it. Undefined while there is no key, or never is. */
  readonly encryption: Encryption | undefined
  /** What sealing adds to a frame, bytes. */
  readonly tagBytes: number
  /** Epoch of the keys that come next, 0…3. */
  readonly nextEpoch: number
  /** Takes the keys of an epoch. */
  install(keys: SessionKeys, nowMs: number): void
  /** Seals frames of one path in place. False when there is no key, and then nothing happened. */
  seal(frames: PacketBatch, run: SealRun): boolean
  /**
   * Opens frames in place. Column `path` of each row is its path id, column `flags` its epoch, `counters` its whole
   * counter by row number. Of rows that are not authentic the length becomes 0.
   */
  open(frames: PacketBatch, counters: Float64Array, nowMs: number): void
  /** Overwrites all keys. */
  close(): void
}

/** Guards nothing: `"security": "none"`. */
export const plainGuard: FrameGuard = {
  sendEpoch: 0,
  encryption: undefined,
  tagBytes: 0,
  nextEpoch: 0,
  install: () => {},
  seal: () => true,
  open: () => {},
  close: () => {},
  pollTimeout: () => Infinity,
  handleTimeout: () => {},
}
