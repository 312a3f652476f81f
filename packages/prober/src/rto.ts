import type { RttEstimator } from './estimator.ts'

/** Largest retransmission timeout, ms: a path that needs longer is of no use for a tunnel. */
export const MAX_RTO_MS = 3000

/** Deviations above the prediction a reply may take (RFC 6298 §2.3). */
const DEVIATIONS = 4
/** Least room above the prediction, ms: the granularity of timers and event loops (G of RFC 6298 §2.3). */
const GRANULARITY_MS = 10

/** Bounds of {@link rtoMs}. */
interface RtoLimits {
  /** RTO before the first sample, ms. */
  readonly initialRtoMs: number
  /** Smallest RTO, ms. */
  readonly minRtoMs: number
  /** How long the peer may hold a reply back, ms. */
  readonly peerAckDelayMs: number
}

/**
 * Retransmission timeout: the age at which a probe sent now counts as lost, ms. Prediction plus four deviations
 * plus the peer's delay, within the limits. The one place with this formula. Source: RFC 6298 §2.3.
 */
export function rtoMs(estimator: RttEstimator, limits: RtoLimits): number {
  const predictedMs = estimator.predict(1)
  if (predictedMs === undefined) return limits.initialRtoMs
  const roomMs = Math.max(GRANULARITY_MS, DEVIATIONS * estimator.deviationMs) + limits.peerAckDelayMs
  return Math.min(MAX_RTO_MS, Math.max(limits.minRtoMs, predictedMs + roomMs))
}
