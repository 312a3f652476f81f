import type { AckSample } from './congestion-control.ts'

/** Proportional rate reduction (RFC 6937): spreads the way down to the new window over the round trip of recovery. */
export class RateReduction {
  #delivered = 0
  #priorCwnd = 1

  begin(cwndPackets: number): void {
    this.#delivered = 0
    this.#priorCwnd = Math.max(1, cwndPackets)
  }

  /** @returns the window after this acknowledgement, packets. */
  next({ delivered, acked, lost, inflight, sentInRecovery }: AckSample, ssthresh: number): number {
    this.#delivered += delivered
    const room = ssthresh - inflight
    const inProportion = Math.ceil((ssthresh * this.#delivered) / this.#priorCwnd) - sentInRecovery
    const conserving = Math.max(this.#delivered - sentInRecovery, delivered)
    const growing = acked > 0 && lost === 0 ? conserving + 1 : conserving
    const allowed = room < 0 ? inProportion : Math.min(room, growing)
    // The first retransmission must not wait.
    return inflight + Math.max(allowed, sentInRecovery === 0 ? 1 : 0)
  }
}
