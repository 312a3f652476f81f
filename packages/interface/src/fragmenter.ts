import type { Machine } from './machine.ts'
import type { Drops } from './drops.ts'
import type { PacketBatch } from './batch.ts'

/**
 * Cuts inner packets that are larger than a path carries and joins the pieces again at the other side.
 * All pieces of a packet travel on one path. Stream links need none of this. Implemented by `@mp/udpmux`.
 *
 * A piece is `fragment header ‖ part of the packet` (see docs/protocol.md); the frame header in front of it and its
 * encryption are the tunnel's, so pieces are as authentic as whole packets.
 */
export interface Fragmenter extends Machine<never, never> {
  /**
   * Cuts row `index` of `from` into pieces of at most `pieceBytes` (fragment header included) appended to `to`. On
   * success the slot of the row is used up.
   * @returns false when a piece finds no slot or no row; then nothing happened and the caller still owns the packet.
   */
  split(from: PacketBatch, index: number, pieceBytes: number, to: PacketBatch): boolean
  /**
   * Takes the piece in row `index` of `batch`, whose slot is used up in any case, and appends the whole packet to
   * `to` once all pieces are there. Pieces of different paths never mix. Malformed, overlapping, surplus and expired
   * pieces are dropped and counted.
   */
  join(batch: PacketBatch, index: number, to: PacketBatch, nowMs: number): void
  stats(): FragmenterStats
  /** Releases all packets that are still incomplete. */
  close(): void
}

/** Counters since the fragmenter was made. */
export interface FragmenterStats {
  /** Packets cut. */
  readonly split: number
  /** Packets put together. */
  readonly joined: number
  /** Packets waiting for pieces now. */
  readonly pending: number
  readonly drops: Drops
}
