import type { Drops } from '@mp/interface'

/** Counters since the resequencer was made, but for what is held now. */
export interface ResequencerStats {
  /** Packets held now, and their bytes. */
  readonly heldPackets: number
  readonly heldBytes: number
  /** Most that were ever held at once. */
  readonly maxHeldPackets: number
  readonly maxHeldBytes: number
  /** Packets passed on, late ones included. */
  readonly delivered: number
  /** Numbers that were not waited for any longer, by reason. */
  readonly skipped: SkippedNumbers
  /** Packets passed on after their number was skipped: out of order. */
  readonly late: number
  /** Packets that came after one with a higher number, and before theirs was skipped. */
  readonly reordered: number
  /** How many numbers behind the highest these were. */
  readonly reorderingDepthSum: number
  readonly reorderingDepthMax: number
  /** Packets that had to wait and are passed on, and how long they waited. */
  readonly waited: number
  readonly holdMsSum: number
  readonly holdMsMax: number
  /** Paths known now. */
  readonly paths: readonly PathOrder[]
  /**
   * Packets dropped: `duplicate`; `stale` (too far behind, or skipped too long ago); `bad-sequence` (no integer from 0
   * to 2^53-1); `closed` (held or received when closed).
   */
  readonly drops: Drops
}

/** Numbers not waited for any longer. */
export interface SkippedNumbers {
  /** No path could deliver them any more. */
  readonly hopeless: number
  /** The longest time to wait was over. */
  readonly linger: number
  /** The window, or the room for held packets, was used up. */
  readonly overflow: number
  /** Everything began anew. */
  readonly reset: number
}

/** How far a path keeps the order of what is sent on it. */
export interface PathOrder {
  readonly pathId: number
  /** Packets and duplicates that came after one with a higher number on this path. */
  readonly inversions: number
  /** Longest time of late that a packet came after no path could be expected to bring it, ms. */
  readonly guardMs: number
}
