/** Most packets of a flow that stay together: about as many as a super-packet of the kernel is cut into. */
const MAX_PACKETS = 48
/** A path that sends fewer packets in the time of a run is picked anew for each. */
const MIN_PACKETS = 8
/** What a run takes to leave, at most; so much may a packet of it arrive later than on the best path. */
const RUN_MS = 1.5
const LEFT = 0
const UNTIL = 1

/** Places in a clock. */
export const NOW = 0
export const TOOK = 1

/**
 * Keeps a few packets of one flow together on a fast path. The kernels on both sides handle neighbours of a flow as one
 * large packet, which is worth more than the fraction of a millisecond that another path would have been faster.
 */
export class FlowRun {
  /** Index of the path, -1 = no run. */
  index = -1
  #flow = 0
  #packets = 0
  /** What is left of its time, and when it ends at the latest. */
  readonly #ms = new Float64Array(2)
  readonly #clock: Float64Array

  /**
   * @param clock Its owner's time in {@link NOW}, and in {@link TOOK} how long the packet at hand takes to leave, both ms: as
   * arguments they would be new objects for each packet.
   */
  constructor(clock: Float64Array) {
    this.#clock = clock
  }

  end(): void {
    this.index = -1
  }

  /** Whether the packet at hand, of this flow, belongs to the run. */
  takes(flow: number): boolean {
    if (flow !== this.#flow || this.#packets === 0) return false
    return this.#clock[TOOK]! <= this.#ms[LEFT]! && this.#clock[NOW]! <= this.#ms[UNTIL]!
  }

  /** A packet was sent on path `index`: begins a run if the path is fast enough, and ends the one that was. */
  begin(index: number, flow: number): void {
    const tookMs = this.#clock[TOOK]!
    if (MIN_PACKETS * tookMs > RUN_MS) return this.end()
    this.index = index
    this.#flow = flow
    this.#packets = MAX_PACKETS - 1
    this.#ms[LEFT] = RUN_MS - tookMs
    this.#ms[UNTIL] = this.#clock[NOW]! + RUN_MS
  }

  /** A packet of the run was sent. */
  spend(): void {
    this.#packets--
    this.#ms[LEFT]! -= this.#clock[TOOK]!
  }
}
