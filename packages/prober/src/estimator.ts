/**
 * Predicts the next round-trip time from those seen. {@link HoltSmoothing} is the default of a prober,
 * {@link Rfc6298} the alternative.
 */
export interface RttEstimator {
  /** Smoothed RTT, ms; `undefined` before the first sample. */
  readonly smoothedMs: number | undefined
  /** Mean absolute error of the prediction, ms; 0 before the first sample. */
  readonly deviationMs: number
  /** Takes a sample of `rttMs` ≥ 0 that became known at `nowMs`. Samples may come at irregular times. */
  update(rttMs: number, nowMs: number): void
  /** RTT expected `steps` ≥ 0 probe intervals after the last sample, ms ≥ 0; `undefined` before the first. */
  predict(steps: number): number | undefined
}
