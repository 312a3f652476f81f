/** Least MTU of IPv4 that hosts may count on, bytes: what is left when nothing else passes. */
export const LEAST_BYTES = 576

/** Wishes of the owner of a {@link PathMtu}. */
export interface PathMtuOptions {
  /** A fresh number for a probe, 0…2³²−1, unpredictable in production; tests pass a counter. */
  readonly nextNonce: () => number
  /** How long a reply may take now, ms; asked with each probe. */
  readonly timeoutMs: () => number
  /** What every path is thought to carry until it is known, bytes, from 576. Default 1280, the least MTU of IPv6. */
  readonly baseBytes?: number
}

/** A packet to send over the path, padded to its size. */
export interface SizeProbe {
  /** Length of the whole packet, its IP header included, bytes. */
  readonly bytes: number
  /** Unsigned 32-bit number the peer must echo. */
  readonly nonce: number
}

/** What was learned of the path. */
export interface PathMtuEvent {
  /** `found`: a search has ended. `black-hole`: packets of a size that passed pass no more, and a search begins. */
  readonly type: 'found' | 'black-hole'
  /** Largest packet to send from now on, bytes. */
  readonly mtuBytes: number
  /** When, ms. */
  readonly atMs: number
}
