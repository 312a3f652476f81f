import type { GilbertElliott, LineOptions } from '@mp/testkit'

/** One line between client and server; all of it holds for each direction. */
export interface LinkSpec {
  readonly mbit: number
  /** Both directions together, ms. */
  readonly rttMs: number
  /** Of the round trip, what the way from client to server takes, as a share. Default 0.5. */
  readonly upShare?: number
  /** The round trip varies by plus or minus this, ms. Default 0. */
  readonly jitterMs?: number
  /** Share of packets lost one by one, 0…1. Default 0. */
  readonly loss?: number
  /** Loss in bursts, instead of `loss`. */
  readonly burst?: GilbertElliott
  /** Time that a full queue takes to drain, ms. Default: the round trip, but 50 ms at least. */
  readonly queueMs?: number
  /** What happens to it, counted from the beginning of the traffic. */
  readonly changes?: readonly LinkChange[]
  /** Largest outer packet that passes, bytes. Default 1500. */
  readonly mtuBytes?: number
}

/** From `atMs` on the line is like this. */
export interface LinkChange {
  readonly atMs: number
  readonly mbit?: number
  readonly rttMs?: number
  readonly loss?: number
  readonly blackhole?: boolean
  /** Senders are told that there is no way: an interface went down, or came up again. */
  readonly down?: boolean
}

/** `down` is from server to client. */
export type Direction = 'down' | 'up'

/** What runs through the tunnel. */
export interface Traffic {
  /** `cubic` and `bbr` are TCP; `quic` is a flow over UDP with a fixed reordering threshold, and BBR. */
  readonly flow: 'cubic' | 'bbr' | 'quic'
  readonly flows: number
  readonly direction: Direction
  readonly seconds: number
}

/** Lines and traffic with a name. */
export interface Scenario {
  readonly id: string
  readonly name: string
  readonly links: readonly LinkSpec[]
  readonly traffic: Traffic
}

const MIN_QUEUE_MS = 50
/** The lab draws the delay of a line anew this often, ms. */
const JITTER_EVERY_MS = 10

/** One direction of `link`. */
export function lineOf(link: LinkSpec, direction: Direction): LineOptions {
  const {
    mbit,
    rttMs,
    upShare = 0.5,
    jitterMs = 0,
    loss = 0,
    burst,
    queueMs = Math.max(rttMs, MIN_QUEUE_MS),
    mtuBytes = 1500,
  } = link
  const rateBps = mbit * 1e6
  return {
    rateBps,
    delayMs: (rttMs - jitterMs) * (direction === 'up' ? upShare : 1 - upShare),
    jitterMs,
    jitterEveryMs: JITTER_EVERY_MS,
    loss: burst ?? loss,
    mtuBytes,
    queueBytes: (rateBps / 8000) * queueMs,
  }
}
