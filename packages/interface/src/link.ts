import type { PacketBatch } from './batch.ts'
import type { Drops } from './drops.ts'

/** One live carrier of frames to one remote address: a UDP 4-tuple or a TCP connection. Its content is opaque to it. */
export interface Link {
  /** `udp`, `tcp`, `memory`. */
  readonly transport: string
  readonly localAddress: string
  readonly remoteAddress: string
  /** Largest frame `send` takes, bytes. */
  readonly maxFrameBytes: number
  /**
   * Headers that the carrier puts around a frame, bytes, if a frame that is too large for the way gets lost, and is not
   * fragmented: then it can be found out what passes. Absent: {@link Link.maxFrameBytes} is all that is known.
   */
  readonly headerBytes?: number | undefined
  /**
   * Sends frames from the front of `batch`. Taken slots belong to the link, which releases them; what it could
   * not take stays in `batch`, still the caller's, and `onWritable` follows.
   * @returns frames taken.
   */
  send(batch: PacketBatch): number
  stats(): LinkStats
  /** Lets go of the carrier. Idempotent; `onClose` follows for a carrier that was still open. */
  close(): void
}

/** Counters since the link was opened. */
export interface LinkStats {
  readonly txFrames: number
  readonly txBytes: number
  /** Bytes taken by `send` and not yet given to the system. */
  readonly backlogBytes: number
  readonly drops: Drops
}

/** Where received frames came in: it can turn the `peer` of a frame into a link back to its sender. */
export interface FrameSource {
  /**
   * A link to `peer`, valid until closed. Undefined when there is no such peer (any more) or no room.
   * Every call makes a link of its own: ask once per path and keep it.
   */
  link(peer: number): Link | undefined
  /** `ip:port` of `peer`, or undefined when there is no such peer (any more). */
  address(peer: number): string | undefined
  /**
   * Sends each frame of `batch` to its `peer` without making a link: for answers to strangers, of whom nothing is
   * kept. Takes all of them and empties the batch; what cannot go at once is dropped and counted.
   */
  reply(batch: PacketBatch): void
}

/**
 * Who gets the frames of links and listeners, and hears of their state. Its methods must not throw.
 *
 * None of them is called from within {@link Link.send} or {@link FrameSource.reply}: who calls those is in the midst of
 * a batch, and could not bear to be entered again.
 */
export interface FrameHandler {
  /**
   * Frames arrived at `source`, in arrival order, from one or several peers. Their slots now belong to the
   * handler; the batch object does not.
   */
  onFrames(batch: PacketBatch, source: FrameSource): void
  /** `link.send` may take frames again after it left some behind. */
  onWritable(link: Link): void
  /**
   * The system says that the other end of `link` cannot be reached now; `code` as in errno, of which `EMSGSIZE` says only
   * that a frame was too large for the way there. The link stays open.
   */
  onUnreachable(link: Link, code: string): void
  /** Once per link whose carrier ended. `error` is absent for an orderly end. */
  onClose(link: Link, error?: Error): void
}

/** How to open a link. */
export interface DialOptions {
  readonly handler: FrameHandler
  /** Local IP address to leave from. Default: the routing table decides. */
  readonly localAddress?: string
  /** Network interface to leave through, whatever the routing table says. */
  readonly device?: string
  /** Mark of the packets, for routing rules and firewalls (SO_MARK), 1…2^32-1. */
  readonly mark?: number
  /** Give up after this long, ms. Default 10 000. */
  readonly timeoutMs?: number
}

/** A factory of links. Implemented by `@mp/udpmux`, `@mp/tcp-transport` and the memory transport of `@mp/testkit`. */
export interface Transport {
  readonly name: string
  /**
   * Opens a link to `endpoint` (`host:port`). Tries once: who wants more decides when.
   * Frames that come back over it go to `options.handler`.
   * Rejects with an error that has a `code`.
   */
  dial(endpoint: string, options: DialOptions): Promise<Link>
  /** Receives frames at `endpoint`. Rejects with an error that has a `code`. */
  listen(endpoint: string, handler: FrameHandler): Promise<Listener>
}

/** Receives frames from whoever sends to one address. */
export interface Listener {
  /** `ip:port` it listens at, with the real port when 0 was asked for. */
  readonly localAddress: string
  stats(): ListenerStats
  /** Stops listening and closes the links that came in through it. Idempotent. */
  close(): Promise<void>
}

/** Counters since the listener was opened. */
export interface ListenerStats {
  readonly rxFrames: number
  readonly rxBytes: number
  /** Remote addresses or connections known now. */
  readonly peers: number
  readonly drops: Drops
}
