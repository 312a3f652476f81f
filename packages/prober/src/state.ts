/**
 * What a prober thinks of its path.
 *
 * ```
 * initializing ── first reply ──▶ normal ── 2 misses, or bad quality ──────────▶ unstable
 *      │                            │ ◀── 3 replies, good quality, dwell over ──  │   ▲
 *      │ 10 s of silence,           │                                    kL misses, │   one reply
 *      │ unreachable                │ unreachable                     unreachable │   │
 *      └────────────────────────────┴───────────────▶ lost ◀────────────────────┘   │
 *                                                       └───────────────────────────┘
 * ```
 */
export type ProberState = 'initializing' | 'normal' | 'unstable' | 'lost'

/**
 * Why a state changed.
 *
 * - `first-reply`: initializing → normal, the path works both ways
 * - `no-reply`: initializing → lost, ten seconds without a reply
 * - `timeouts`: normal → unstable or unstable → lost, probes in a row were not answered in time
 * - `loss`: normal → unstable, too many probes are lost
 * - `delay`: normal → unstable, a queue has been standing on the path for a second
 * - `unreachable`: any → lost, the local system says that the peer cannot be reached
 * - `reply`: lost → unstable, one reply came: the path is on trial
 * - `recovered`: unstable → normal
 */
export type StateReason =
  | 'first-reply'
  | 'no-reply'
  | 'timeouts'
  | 'loss'
  | 'delay'
  | 'unreachable'
  | 'reply'
  | 'recovered'

/** States as numbers for metrics. 0 to 2 mean what they meant in the Go original, which had no `unstable`. */
export const PROBER_STATE_VALUES: Readonly<Record<ProberState, number>> = {
  initializing: 0,
  normal: 1,
  lost: 2,
  unstable: 3,
}
