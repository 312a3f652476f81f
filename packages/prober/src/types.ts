import type { ProberState, StateReason } from './state.ts'

/** An echo request to send over the path. */
export interface Probe {
  /** Unsigned 32-bit number the peer must echo. */
  readonly nonce: number
}

/** The state of the path changed. `stats()` has everything else. */
export interface ProberEvent {
  readonly type: 'state'
  readonly from: ProberState
  readonly to: ProberState
  readonly reason: StateReason
  /** When, ms. */
  readonly atMs: number
}

/**
 * What a reply was: `sample` = in time; `late` = after its deadline; `duplicate` = answered before; `unknown` = no
 * probe of ours, one forgotten, or forged.
 */
export type ReplyVerdict = 'sample' | 'late' | 'duplicate' | 'unknown'

/** Counters since the start, and what the prober knows now. `sent = received + lost + inFlight`. */
export interface ProberStats {
  readonly state: ProberState
  /** When the state began, ms. */
  readonly sinceMs: number
  /** Probes sent. */
  readonly sent: number
  /** Probes answered in time. */
  readonly received: number
  /** Probes not answered in time. */
  readonly lost: number
  /** Those of the lost that were answered after all. */
  readonly late: number
  /** Replies to probes answered before. */
  readonly duplicate: number
  /** Replies to no probe known. */
  readonly unknown: number
  /** Probes waiting for their reply. */
  readonly inFlight: number
  /** The last sample, ms; like all RTTs here `undefined` before the first. */
  readonly rttMs: number | undefined
  /** Smallest sample of the last 10 s, ms. */
  readonly minRttMs: number | undefined
  readonly smoothedRttMs: number | undefined
  /** RTT expected of the next probe, ms. */
  readonly predictedMs: number | undefined
  /** Mean error of the prediction, ms. */
  readonly deviationMs: number
  /** Deadline a probe sent now would get, ms. */
  readonly rtoMs: number
  /** Share of probes lost while the path was alive, 0…1, averaged over some 64 probes. */
  readonly lossRatio: number
}
