import type { PacketBatch } from '@mp/interface'

/** What is known of the packets in a batch besides its columns; both arrays by row. */
export interface Arrivals {
  /** Global sequence numbers, whole: integers from 0 to 2^53-1. */
  readonly sequences: Float64Array
  /** How many numbers back the packet before in the same flow is; 0 = none within reach, no order to keep. */
  readonly flowDistances: Uint16Array
  readonly nowMs: number
}

/** The row where those end that come after the one in `first` by number, on its path, and each next in its flow. */
export function endOfRun(batch: PacketBatch, first: number, { sequences, flowDistances }: Arrivals): number {
  const { count, path } = batch
  const base = sequences[first]! - first
  let row = first + 1
  while (
    row < count &&
    sequences[row] === base + row &&
    path[row] === path[first] &&
    flowDistances[row] === 1
  )
    row++
  return row
}
