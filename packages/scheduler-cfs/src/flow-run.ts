/** Most packets of a flow that stay together. */
const MAX_PACKETS = 16
/** A path that sends fewer packets in the time of a run is picked anew for each. */
const MIN_PACKETS = 8
/** What a run takes to leave, at most; so much may a packet of it arrive later than on the best path. */
const RUN_MS = 1.5

/**
 * Keeps a few packets of one flow together on a fast path. The kernels on both sides handle neighbours of a flow as one
 * large packet, which is worth more than the fraction of a millisecond that another path would have been faster.
 */
export class FlowRun {
  /** Index of the path, -1 = no run. */
  index = -1
  #flow = 0
  #packets = 0
  #leftMs = 0
  #untilMs = 0

  end(): void {
    this.index = -1
  }

  /** Whether a packet of this flow that its path sends in `tookMs` belongs to the run. */
  takes(flow: number, tookMs: number, nowMs: number): boolean {
    return flow === this.#flow && this.#packets > 0 && tookMs <= this.#leftMs && nowMs <= this.#untilMs
  }

  /** A packet was sent on path `index`: begins a run if the path is fast enough, and ends the one that was. */
  begin(index: number, flow: number, tookMs: number, nowMs: number): void {
    if (MIN_PACKETS * tookMs > RUN_MS) return this.end()
    this.index = index
    this.#flow = flow
    this.#packets = MAX_PACKETS - 1
    this.#leftMs = RUN_MS - tookMs
    this.#untilMs = nowMs + RUN_MS
  }

  /** A packet of the run was sent. */
  spend(tookMs: number): void {
    this.#packets--
    this.#leftMs -= tookMs
  }
}
