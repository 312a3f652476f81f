/** Why an estimate was changed. */
export type CapacityReason =
  /** Growth of a path that was never full yet. */
  | 'start-up'
  /** Growth, as nothing queues. */
  | 'growth'
  /** A queue: less than the path carries, for as long as it takes to drain it. */
  | 'delay'
  /** Loss beyond what the path loses anyway. */
  | 'loss'
  /** More was sent, but no more arrived. */
  | 'plateau'
  /** The queue is drained. */
  | 'drained'
  /** Sending less did not shorten the delay: it is not our queue. */
  | 'not-our-queue'
  /** More arrived than was thought possible. */
  | 'delivered'

/** One change of an estimate, for a log or a plot. */
export interface CapacityEvent {
  readonly reason: CapacityReason
  readonly atMs: number
  /** Capacity before and after, bit/s. */
  readonly from: number
  readonly to: number
  /** Delay above that of the empty path, ms. */
  readonly delayMs: number
  /** Share of frames lost in the interval, 0…1. */
  readonly lossRatio: number
  /** Rate of arrival, bit/s; `NaN` when unknown. */
  readonly deliveredBps: number
}
