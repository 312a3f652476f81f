import type { TunnelPath } from '../path.ts'

/** Send times travel modulo this, ms: delays are known but for a multiple of it. */
const RANGE_MS = (128 * 0x1_0000) / 1000
/** What was measured longer ago says nothing, ms: the clocks of the two ends drift apart meanwhile. */
const FRESH_MS = 60_000

/**
 * How long the way to the peer takes, path by path. The two clocks differ by what nobody knows, but by the same for all paths of
 * a session: how much longer one way takes than another is measured exactly. Of the fastest path half its round trip is
 * taken, so that paths not measured yet can be put beside the others.
 */
export class OneWayDelays {
  /** What is to be taken from a measured delay, ms; undefined before the first. */
  #offsetMs: number | undefined

  /** Finds the fastest path anew. */
  refresh(paths: readonly TunnelPath[], nowMs: number): void {
    let leastMs = Infinity
    for (const path of paths) {
      const measuredMs = measured(path, nowMs)
      if (measuredMs === undefined || path.sender!.tracker.rttMinMs >= leastMs) continue
      leastMs = path.sender!.tracker.rttMinMs
      this.#offsetMs = measuredMs - leastMs / 2
    }
  }

  /** The way over `path`, whose least round trip is `rttMs`, ms; for comparing with other paths only. */
  of(path: TunnelPath, rttMs: number, nowMs: number): number {
    const measuredMs = measured(path, nowMs)
    if (measuredMs === undefined || this.#offsetMs === undefined) return rttMs / 2
    const delayMs = measuredMs - this.#offsetMs
    return delayMs - RANGE_MS * Math.round(delayMs / RANGE_MS)
  }

  /** The clock of the peer is another one from now on. */
  clear(): void {
    this.#offsetMs = undefined
  }
}

/** Least time from sending to receiving, ms plus the difference of the clocks; undefined when it is not known. */
function measured({ sender }: TunnelPath, nowMs: number): number | undefined {
  if (sender === undefined || nowMs - sender.controller.sampledMs > FRESH_MS) return undefined
  return sender.controller.delayBaseMs
}
