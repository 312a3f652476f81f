/** Most bytes of a flow that stay together: with the tags of frames no more than the kernel sends as one message. */
const MAX_BYTES = 63 * 1024
/** A path that sends fewer packets in the time of a run is picked anew for each. */
const MIN_PACKETS = 8
/** What a run takes to leave, at most; so much may a packet of it arrive later than on the best path. */
const RUN_MS = 1.5

/** Places in a clock. */
export const NOW = 0
export const MS_PER_BYTE = 1

/**
 * Keeps a few packets of one flow together on a fast path. The kernels on both sides handle neighbours of a flow as one
 * large packet, which is worth more than the fraction of a millisecond that another path would have been faster.
 */
export class FlowRun {
  /** Index of the path, -1 = no run. */
  index = -1
  #flow = 0
  #leftBytes = 0
  /** When it ends at the latest. */
  readonly #untilMs = new Float64Array(1)
  readonly #clock: Float64Array

  /**
   * @param clock Its owner's time in {@link NOW}, ms, and in {@link MS_PER_BYTE} what the path at hand takes: as arguments they
   * would be new objects for each packet.
   */
  constructor(clock: Float64Array) {
    this.#clock = clock
  }

  end(): void {
    this.index = -1
  }

  /** Bytes of `flow` that may still join it; 0 for another flow, and when its time is over. */
  leftBytes(flow: number): number {
    return flow === this.#flow && this.#clock[NOW]! <= this.#untilMs[0]! ? this.#leftBytes : 0
  }

  /** A packet was sent on path `index`: begins a run if the path is fast enough, and ends the one that was. */
  begin(index: number, flow: number, lengthBytes: number): void {
    const mostBytes = Math.floor(RUN_MS / this.#clock[MS_PER_BYTE]!)
    if (MIN_PACKETS * lengthBytes > mostBytes) return this.end()
    this.index = index
    this.#flow = flow
    this.#leftBytes = Math.min(MAX_BYTES, mostBytes) - lengthBytes
    this.#untilMs[0] = this.#clock[NOW]! + RUN_MS
  }

  /** So many bytes of the run were sent. */
  spend(bytes: number): void {
    this.#leftBytes -= bytes
  }
}
