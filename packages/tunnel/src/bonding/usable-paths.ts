import type { PathManager } from '@mp/path-manager'
import type { TunnelPath } from '../path.ts'

/** RTT of a path that was not measured yet, ms. */
const UNKNOWN_RTT_MS = 100

/** Its link takes frames, as far as is known. */
export function isOpen({ link, blocked }: TunnelPath): boolean {
  return link !== undefined && !blocked
}

/** Some path takes a frame of so many bytes in pieces only. */
export function isCutBy(paths: readonly TunnelPath[], frameBytes: number): boolean {
  return paths.some(({ maxFrameBytes }) => frameBytes > maxFrameBytes)
}

/** The path in use whose queue is gone first, of those that take a frame of `frameBytes` whole, or else of all. */
export function leastBusy(paths: PathManager<TunnelPath>, frameBytes: number): TunnelPath | undefined {
  return leastBusyOf(paths, frameBytes) ?? leastBusyOf(paths, 0)
}

function leastBusyOf(paths: PathManager<TunnelPath>, frameBytes: number): TunnelPath | undefined {
  let best: TunnelPath | undefined
  let leastMs = Infinity
  for (const path of paths.list) {
    if (paths.state(path.id) !== 'active' || path.maxFrameBytes < frameBytes) continue
    const waitMs = waitOf(path)
    if (waitMs >= leastMs) continue
    leastMs = waitMs
    best = path
  }
  return best
}

/** How long what waits for a path takes to leave, ms. */
function waitOf({ sender }: TunnelPath): number {
  return sender === undefined ? 0 : (8000 * sender.queuedBytes) / sender.controller.capacityBps
}

/** Whether a path answers, be it of a quality that data is kept from. Also where its link is full: that passes, over TCP many times a second. */
export function isAlive({ link, prober, sender }: TunnelPath): boolean {
  if (link === undefined || sender?.isSuspect === true) return false
  return prober.state === 'normal' || prober.state === 'unstable'
}

/** What all paths that answer carry together, bit/s. */
export function aliveBps(paths: readonly TunnelPath[]): number {
  let bps = 0
  for (const path of paths) if (isAlive(path)) bps += path.sender?.controller.capacityBps ?? 0
  return bps
}

/** Least RTT of a path, ms: from data where there was any, else from probes. */
export function minRttMs({ sender, prober }: TunnelPath): number {
  if (sender !== undefined && sender.tracker.smoothedRttMs > 0) return sender.tracker.rttMinMs
  return prober.stats().minRttMs ?? UNKNOWN_RTT_MS
}
