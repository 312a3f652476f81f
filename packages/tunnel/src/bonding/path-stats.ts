import type { TunnelPath } from '../path.ts'

/** What is known of a path in the direction away from us, from the reports of the peer. Counters begin anew with a session. */
export interface PathBondingStats {
  /** What it is thought to carry, bit/s. */
  readonly capacityBps: number
  /** Rate at which frames arrived at the peer lately, bit/s; undefined while too few were sent to tell. */
  readonly deliveredBps: number | undefined
  /** Smoothed RTT of frames, and the least of the last 30 s, ms; undefined before the first report. */
  readonly rttMs: number | undefined
  readonly rttMinMs: number | undefined
  /** Delay that queues on the path add now, ms, smoothed. */
  readonly queueDelayMs: number
  /** Sent and not heard of yet, and the most that may be, bytes. */
  readonly inFlightBytes: number
  readonly inFlightLimitBytes: number
  /** Packets that are bound to the path and wait for their turn on it. */
  readonly waitingPackets: number
  readonly waitingBytes: number
  /** Share of frames lost lately because more was sent than the path carries, 0…1. */
  readonly congestionLossRatio: number
  /** Share of frames that the path loses whatever is sent, 0…1. */
  readonly radioLossRatio: number
  /** Frames called lost, and those of them that came after all, late or repaired. */
  readonly lostFrames: number
  readonly spuriousFrames: number
  /** Its frames are not heard of for longer than they should: it carries nothing until they are, or a probe is answered. */
  readonly isSuspect: boolean
}

/** Undefined for a path that was not given any packet yet. */
export function pathBondingStats({ sender }: TunnelPath): PathBondingStats | undefined {
  if (sender === undefined) return undefined
  const { controller, tracker, queue, urgent } = sender
  const isMeasured = tracker.smoothedRttMs > 0
  const { deliveredBps } = tracker.sample
  return {
    capacityBps: controller.capacityBps,
    deliveredBps: deliveredBps > 0 ? deliveredBps : undefined,
    rttMs: isMeasured ? tracker.smoothedRttMs : undefined,
    rttMinMs: isMeasured ? tracker.rttMinMs : undefined,
    queueDelayMs: controller.queueDelayMs,
    inFlightBytes: tracker.inFlightBytes,
    inFlightLimitBytes: controller.inFlightLimitBytes,
    waitingPackets: queue.count + urgent.count,
    waitingBytes: sender.queuedBytes,
    congestionLossRatio: Math.max(0, controller.lossRatio - controller.lossFloorRatio),
    radioLossRatio: controller.lossFloorRatio,
    lostFrames: tracker.lostFrames,
    spuriousFrames: tracker.spuriousFrames,
    isSuspect: sender.isSuspect,
  }
}
