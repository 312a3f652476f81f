import type { CipherName } from '@mp/interface'
import type { ProberState } from '@mp/prober'

/**
 * What happens to a tunnel, for logs and displays. `atMs` is the runtime's clock; `peer` is the name of the client at a
 * server, and at a client `server` with the beginning of its key.
 */
export type TunnelEvent =
  /**
   * Both sides know each other: data may flow as soon as a path is healthy. A server says so with the first frame that
   * shows that the client took the answer.
   */
  | { readonly type: 'established'; readonly atMs: number; readonly peer: string }
  /** The server has not answered the client's greetings for some time. Said once per search; the client greets on. */
  | { readonly type: 'unanswered'; readonly atMs: number }
  /** No path works any more; the client looks for its peer again on all of them. */
  | { readonly type: 'stalled'; readonly atMs: number }
  | { readonly type: 'closed'; readonly atMs: number; readonly peer: string; readonly reason: string }
  /** Frames are sealed with the next keys from now on; every two minutes. The first keys come with `established`. */
  | {
      readonly type: 'rekeyed'
      readonly atMs: number
      readonly peer: string
      /** Of these keys, 0…3: after 3 comes 0. */
      readonly epoch: number
      readonly cipher: CipherName
    }
  | {
      readonly type: 'path-state'
      readonly atMs: number
      readonly peer: string
      readonly path: string
      readonly from: ProberState
      readonly to: ProberState
      readonly reason: string
    }
  /** The path got a link: at first, after a reconnect, or because the peer's address or the transport changed. */
  | {
      readonly type: 'path-linked'
      readonly atMs: number
      readonly peer: string
      readonly path: string
      readonly remote: string
      /** Of the link: `udp`, `tcp`. */
      readonly transport: string
    }
  /** It was found out which IP packets the network under a path takes; a black hole swallows larger ones than before. */
  | {
      readonly type: 'path-mtu'
      readonly atMs: number
      readonly peer: string
      readonly path: string
      /** Largest one that is sent from now on, bytes. */
      readonly mtuBytes: number
      readonly isBlackHole: boolean
    }
  /** The path lost its link, or could not get one or another one. Said once per outage. */
  | {
      readonly type: 'path-unlinked'
      readonly atMs: number
      readonly peer: string
      readonly path: string
      readonly reason: string
    }
