import type { RttEstimator } from './estimator.ts'
import { MAX_RTO_MS } from './rto.ts'

/** Wishes of the owner of a prober. */
export interface ProberOptions {
  /**
   * A fresh number for a probe, 0…2³²−1, unpredictable in production (a peer that guesses it can fake a short RTT);
   * tests pass a counter. The jitter of the intervals comes from it too.
   */
  readonly nextNonce: () => number
  /** Predicts the RTT; serves this prober alone. Default: a {@link HoltSmoothing} with its defaults. */
  readonly estimator?: RttEstimator
  /** Distance of probes on a path in use, ms, 10…5000, ±25 % jitter. Default 100. */
  readonly activeIntervalMs?: number
  /** Deadline of probes before the first sample, ms, up to 3000. Default 1000, as in RFC 6298: no usable path takes longer. */
  readonly initialRtoMs?: number
  /** Shortest deadline, ms, 1…3000. Default 50: a false alarm costs one probe. */
  readonly minRtoMs?: number
  /** How long the peer may hold a reply back, ms ≥ 0. Default 0. */
  readonly peerAckDelayMs?: number
  /**
   * A path whose RTT stays this far above its minimum for a second (and above four deviations) is unstable, ms > 0;
   * `Infinity` = never. Default 100.
   */
  readonly delayLimitMs?: number
}

/** The options with all defaults filled in. */
export type CheckedOptions = Readonly<Required<Omit<ProberOptions, 'estimator'>>>

/** Throws RangeError for a value out of its range. */
export function checkedOptions(options: ProberOptions): CheckedOptions {
  const {
    nextNonce,
    activeIntervalMs = 100,
    initialRtoMs = 1000,
    minRtoMs = 50,
    peerAckDelayMs = 0,
    delayLimitMs = 100,
  } = options
  within('activeIntervalMs', activeIntervalMs, 10, 5000)
  within('minRtoMs', minRtoMs, 1, MAX_RTO_MS)
  within('initialRtoMs', initialRtoMs, minRtoMs, MAX_RTO_MS)
  within('peerAckDelayMs', peerAckDelayMs, 0, MAX_RTO_MS)
  within('delayLimitMs', delayLimitMs, Number.MIN_VALUE, Infinity)
  return { nextNonce, activeIntervalMs, initialRtoMs, minRtoMs, peerAckDelayMs, delayLimitMs }
}

function within(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return
  throw new RangeError(`${name} must be from ${min} to ${max} ms, not ${value}`)
}
