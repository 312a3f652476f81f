import type { PathReport } from '@mp/interface'

/** Most gaps one report names. */
const MAX_REPORT_GAPS = 16
/** Longest gap of a report, frames; a longer one is named in parts. */
export const MAX_GAP_FRAMES = 0xffff

/** A report to fill, with room for 16 gaps. Make it once and reuse it. */
export function emptyReport(): PathReport {
  return {
    pathId: 0,
    highestCounter: 0,
    firstCounter: 0,
    settledCounter: -1,
    frames: 0,
    bytes: 0,
    duplicates: 0,
    congestionMarks: 0,
    receivedUs: 0,
    ackDelayUs: 0,
    delayMinUs: 0,
    delayMeanUs: 0,
    delayMaxUs: 0,
    gapCount: 0,
    gapStart: new Float64Array(MAX_REPORT_GAPS),
    gapLength: new Int32Array(MAX_REPORT_GAPS),
  }
}
