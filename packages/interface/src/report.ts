/**
 * What the receiving side of a path tells the sending side about it. One object is filled again and again: whoever
 * measures fills it, the wire format carries it, whoever sends on the path reads it.
 *
 * Counts only ever grow and wrap at the size their comment names, so that a lost report loses nothing. Times are of
 * the receiver's clock, which nobody compares with another one: only differences between reports mean something.
 */
export interface PathReport {
  /** Which path of the session, 0…255. */
  pathId: number
  /** Highest path counter received, 0…2^48-1. */
  highestCounter: number
  /** All counters from `firstCounter` to `settledCounter` arrived, except those in the gaps. Not above the next one. */
  firstCounter: number
  /** Nothing above it is judged yet: what is missing there may still be on its way. `highestCounter` or less. */
  settledCounter: number
  /** Frames received so far, duplicates not counted, mod 2^32. */
  frames: number
  /** Bytes of these frames, mod 2^48. */
  bytes: number
  /** Authentic frames that came again in the same batch, mod 2^16. One that comes later is dropped unopened, and nobody knows whose it is. */
  duplicates: number
  /** Of these frames, those in datagrams that a router marked (ECN-CE), mod 2^16. */
  congestionMarks: number
  /** When the newest frame came, µs of the receiver's clock, mod 2^32. */
  receivedUs: number
  /** How long ago the frame with the highest counter came when this was written, µs; at most 2^20-16. */
  ackDelayUs: number
  /** Least time from sending to receiving since the report before, µs, plus an unknown constant; -2^31…2^31-1, wraps. */
  delayMinUs: number
  /** Mean of the same. */
  delayMeanUs: number
  /** Most of the same. */
  delayMaxUs: number
  /** Gaps that follow. */
  gapCount: number
  /** First missing counter of each gap, ascending. Its length is how many gaps there is room for. */
  readonly gapStart: Float64Array
  /** Missing counters in each gap, 1…65535. */
  readonly gapLength: Int32Array
}
