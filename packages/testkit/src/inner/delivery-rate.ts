/**
 * How fast packets arrive, seen by their sender (draft-cheng-iccrg-delivery-rate-estimation): each packet remembers
 * what had arrived when it left, and its acknowledgement tells what arrived since. Packets by place in a ring.
 */
export class DeliveryRate {
  readonly #delivered: Float64Array
  readonly #deliveredMs: Float64Array
  readonly #flightMs: Float64Array
  /** Packets that arrived, ever. */
  delivered = 0
  #atMs = 0
  /** When the packet that arrived last was sent. */
  #flightStartMs = 0
  /** Of the packet in this acknowledgement that was sent last. */
  #priorDelivered = -1
  #priorMs = 0
  #sendSpanMs = 0
  #roundEnd = 0

  constructor(places: number) {
    this.#delivered = new Float64Array(places)
    this.#deliveredMs = new Float64Array(places)
    this.#flightMs = new Float64Array(places)
  }

  onSent(place: number, nowMs: number, inflight: number): void {
    if (inflight === 0) {
      this.#flightStartMs = nowMs
      this.#atMs = nowMs
    }
    this.#delivered[place] = this.delivered
    this.#deliveredMs[place] = this.#atMs
    this.#flightMs[place] = this.#flightStartMs
  }

  onDelivered(place: number, sentMs: number, nowMs: number): void {
    this.delivered++
    this.#atMs = nowMs
    const prior = this.#delivered[place]!
    if (prior < this.#priorDelivered) return
    this.#priorDelivered = prior
    this.#priorMs = this.#deliveredMs[place]!
    this.#sendSpanMs = sentMs - this.#flightMs[place]!
    this.#flightStartMs = sentMs
  }

  /** Ends an acknowledgement that told of `onDelivered`. @returns packets per ms, 0 when it cannot be said. */
  sample(nowMs: number, minRttMs: number): number {
    if (this.#priorDelivered < 0) return 0
    const spanMs = Math.max(this.#sendSpanMs, nowMs - this.#priorMs)
    const packets = this.delivered - this.#priorDelivered
    // A span below the shortest round trip is a burst, not a rate.
    return spanMs >= minRttMs && spanMs > 0 ? packets / spanMs : 0
  }

  /** Whether this acknowledgement is the first of a packet sent after the last such one; ends the acknowledgement. */
  endRound(): boolean {
    const isStart = this.#priorDelivered >= this.#roundEnd
    if (isStart) this.#roundEnd = this.delivered
    this.#priorDelivered = -1
    return isStart
  }
}
