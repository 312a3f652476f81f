import type { Range, Ranges } from '../tcp/ranges.ts'

/** Acknowledgement: all below a number, how many ranges, then their beginnings and ends. */
export const ACK_HEADER_BYTES = 8
export const ACK_RANGE_BYTES = 8
export const MAX_ACK_RANGES = 32

/** Writes the ranges that grew last. */
export function writeAck(view: DataView, offset: number, next: number, ranges: Ranges): void {
  const count = Math.min(MAX_ACK_RANGES, ranges.size)
  view.setInt32(offset, next)
  view.setInt32(offset + 4, count)
  for (let index = 0; index < count; index++) {
    const { start, end } = ranges.at(index)
    view.setInt32(offset + ACK_HEADER_BYTES + index * ACK_RANGE_BYTES, start)
    view.setInt32(offset + ACK_HEADER_BYTES + index * ACK_RANGE_BYTES + 4, end)
  }
}

/** Calls `take` with each range of an acknowledgement, the one without a gap in front first. */
export function readAck(view: DataView, offset: number, take: (range: Range) => void): void {
  take({ start: 0, end: view.getInt32(offset) })
  const count = view.getInt32(offset + 4)
  for (let index = 0; index < count; index++) {
    const at = offset + ACK_HEADER_BYTES + index * ACK_RANGE_BYTES
    take({ start: view.getInt32(at), end: view.getInt32(at + 4) })
  }
}
