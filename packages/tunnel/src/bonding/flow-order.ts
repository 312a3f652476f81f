const BUCKETS = 1024
/** Largest distance that travels. */
const MAX_DISTANCE = 0xffff

/**
 * How far back in the numbering the packet before in the same flow is, so that the receiver keeps each flow in order
 * and lets no flow wait for another. Flows are told apart by 10 bits of their hash: two that meet wait for each other.
 */
export class FlowOrder {
  readonly #last = new Float64Array(BUCKETS).fill(-Infinity)

  /** The packet of `flow` gets the number `sequence`. @returns 1…65535, or 0: there is none within reach. */
  distance(flow: number, sequence: number): number {
    const bucket = flow & (BUCKETS - 1)
    const distance = sequence - this.#last[bucket]!
    this.#last[bucket] = sequence
    return distance > MAX_DISTANCE ? 0 : distance
  }

  /** Numbering begins anew. */
  reset(): void {
    this.#last.fill(-Infinity)
  }
}
