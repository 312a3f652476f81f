/** What a sender learned from one acknowledgement. One object serves all of them. Counts are packets. */
export interface AckSample {
  nowMs: number
  /** Newly known to have arrived. */
  delivered: number
  /** Of those, without a gap in front. */
  acked: number
  /** Newly found to be lost. */
  lost: number
  /** On their way, after this acknowledgement. */
  inflight: number
  /** Sent since recovery began. */
  sentInRecovery: number
  inRecovery: boolean
  /** The window kept the sender from sending more. */
  isLimited: boolean
  /** A round trip is over: what was sent after the last such sample has arrived. */
  isRoundStart: boolean
  /** Of the packet that arrived last; -1 = none that tells. */
  rttMs: number
  minRttMs: number
  /** Arrival rate over the last flight, packets per ms; 0 = no sample. */
  deliveryRate: number
}

/** Decides how much a sender may have on its way, and how fast. */
export interface CongestionControl {
  readonly name: string
  /** Packets that may be on their way. */
  readonly cwndPackets: number
  /** Packets per ms that may leave; `Infinity` = the window alone decides. */
  readonly pacing: number
  onAck(sample: AckSample): void
  /** Something was lost; nothing was before for a round trip. */
  onRecovery(nowMs: number, inflight: number): void
  /** All that was on its way when recovery began has arrived. */
  onRecoveryEnd(): void
  /** Nothing came back for very long: all is taken for lost. */
  onTimeout(nowMs: number): void
  /** The last reaction was wrong: nothing had been lost. */
  onUndo(): void
}

/** The window everyone begins with, packets (RFC 6928). */
export const INITIAL_WINDOW_PACKETS = 10

export function emptySample(): AckSample {
  return {
    nowMs: 0,
    delivered: 0,
    acked: 0,
    lost: 0,
    inflight: 0,
    sentInRecovery: 0,
    inRecovery: false,
    isLimited: true,
    isRoundStart: false,
    rttMs: -1,
    minRttMs: Infinity,
    deliveryRate: 0,
  }
}
