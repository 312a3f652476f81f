/** What one report says about a path. A tracker fills the same object again for each report. */
export interface FlightSample {
  /** Frames and bytes this report is the first to call received, resp. lost. */
  ackedFrames: number
  ackedBytes: number
  lostFrames: number
  lostBytes: number
  /** Lost frames that follow no lost one: the number of bursts the loss came in. */
  lostRuns: number
  /** Bytes sent after the newest frame that the peer is known to have. */
  inFlightBytes: number
  /** Round trip of the newest frame, ms, without the time its report was kept back; `NaN` when there is none. */
  rttMs: number
  /** Smoothed RTT, ms. */
  rttSmoothedMs: number
  /** Least RTT of the last 30 s, ms. */
  rttMinMs: number
  /** Least and mean one-way delay since the report before, ms, plus an unknown constant. */
  delayMinMs: number
  delayMeanMs: number
  /** Rate at which frames came over the interval of the rates, bit/s; `NaN` when too few came to tell. */
  deliveredBps: number
  /** Rate at which the same frames were sent, bit/s; `NaN` like `deliveredBps`. */
  sentBps: number
  /** Nothing waited to be sent for more than a tenth of the time: the path could carry more than this. */
  appLimited: boolean
  /** Frames sent since the report before, and how many of them did not come; late ones make up for it, below 0 too. */
  newFrames: number
  newMissingFrames: number
  /** Frames sent in the interval of the rates, and those of them that did not come. */
  windowFrames: number
  windowLostFrames: number
}

/** A sample of nothing. */
export function emptySample(): FlightSample {
  return {
    ackedFrames: 0,
    ackedBytes: 0,
    lostFrames: 0,
    lostBytes: 0,
    lostRuns: 0,
    inFlightBytes: 0,
    rttMs: NaN,
    rttSmoothedMs: 0,
    rttMinMs: 0,
    delayMinMs: 0,
    delayMeanMs: 0,
    deliveredBps: NaN,
    sentBps: NaN,
    appLimited: true,
    newFrames: 0,
    newMissingFrames: 0,
    windowFrames: 0,
    windowLostFrames: 0,
  }
}
