import type {
  Drops,
  FrameHandler,
  FrameSource,
  FrameStream,
  Link,
  PacketBatch,
  PacketPool,
  Runtime,
  Timer,
} from '@mp/interface'
import { TcpError, tcpError } from './errors.ts'
import { TcpLink } from './tcp-link.ts'

export interface ConnectionOptions {
  readonly handler: FrameHandler
  readonly pool: PacketPool
  readonly runtime: Runtime
  readonly maxFrameBytes: number
  /** Close when no link was made this long after the start, ms; Infinity = never. */
  readonly unclaimedTimeoutMs: number
}

/** A stream, its number and its owner. */
export interface Carrier {
  readonly stream: FrameStream
  /** Its only peer. */
  readonly peer: number
  /** Links show what the stream dropped, because nobody else does. */
  readonly isDialed: boolean
  /** It is gone. */
  readonly onEnd?: () => void
}

/** How long a connection may take to end in an orderly way, ms. */
const CLOSE_GRACE_MS = 1000

/**
 * One TCP connection and its links.
 *
 * It is open until the last link was closed, the other end closed, or something failed. Then what was taken for
 * sending is still sent, and what the other end had sent is still received, for at most {@link CLOSE_GRACE_MS}: a path
 * that goes over to another link loses nothing.
 */
export class TcpConnection implements FrameSource {
  readonly maxFrameBytes: number
  readonly pool: PacketPool
  readonly stream: FrameStream
  /** Replies that were not sent, because the connection was full or at its end. */
  repliesRefused = 0
  readonly #options: ConnectionOptions
  readonly #carrier: Carrier
  readonly #links = new Set<TcpLink>()
  /** Ends a connection nobody claims, later one that does not end by itself. */
  #deadline: Timer | undefined
  #ending = false

  constructor(options: ConnectionOptions, carrier: Carrier) {
    const { pool, runtime, unclaimedTimeoutMs, maxFrameBytes } = options
    this.#options = options
    this.#carrier = carrier
    this.pool = pool
    this.maxFrameBytes = maxFrameBytes
    this.stream = carrier.stream
    if (unclaimedTimeoutMs < Infinity) {
      this.#deadline = runtime.setTimer(runtime.nowMs() + unclaimedTimeoutMs, () => this.end())
    }
  }

  /** Begins to receive. Called once. */
  start(): void {
    const { handler } = this.#options
    this.stream.start({
      onFrames: (batch) => {
        batch.peer.fill(this.#carrier.peer, 0, batch.count)
        handler.onFrames(batch, this)
      },
      onWritable: () => this.#wake(),
      onClose: (error) => this.#ended(error),
    })
  }

  get ownDrops(): Drops | undefined {
    return this.#carrier.isDialed ? this.stream.stats().drops : undefined
  }

  link(peer: number): Link | undefined {
    if (peer !== this.#carrier.peer || this.#ending) return undefined
    this.#deadline?.cancel()
    const link = new TcpLink(this)
    this.#links.add(link)
    return link
  }

  address(peer: number): string | undefined {
    return peer === this.#carrier.peer ? this.stream.remoteAddress : undefined
  }

  reply(batch: PacketBatch): void {
    if (!this.#ending) this.stream.send(batch)
    this.repliesRefused += batch.count
    this.pool.releaseAll(batch)
  }

  detach(link: TcpLink): void {
    this.#links.delete(link)
    queueMicrotask(() => this.#options.handler.onClose(link))
    if (this.#links.size === 0) this.end()
  }

  /** Closes all links and ends the connection. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    for (const link of this.#links) link.close()
    const { runtime } = this.#options
    this.#deadline?.cancel()
    this.#deadline = runtime.setTimer(runtime.nowMs() + CLOSE_GRACE_MS, () => this.stream.destroy())
    this.stream.end()
  }

  #wake(): void {
    for (const link of this.#links) {
      if (!link.blocked) continue
      link.blocked = false
      this.#options.handler.onWritable(link)
    }
  }

  #ended(error: Error | undefined): void {
    this.#ending = true
    this.#deadline?.cancel()
    this.#carrier.onEnd?.()
    const orphans = [...this.#links]
    this.#links.clear()
    for (const link of orphans) link.closed = true
    const reason = error === undefined ? undefined : this.#explain(error)
    for (const link of orphans) this.#options.handler.onClose(link, reason)
  }

  #explain(error: Error): TcpError {
    const { remoteAddress } = this.stream
    if (this.stream.stats().drops['bad-length'] === 0)
      return tcpError(`exchange frames with ${remoteAddress}`, error)
    return new TcpError(
      'MP_TCP_BAD_LENGTH',
      `${remoteAddress} sent a frame length that is not within 1 and ${this.maxFrameBytes}: it speaks another protocol, or with other limits`,
      { cause: error },
    )
  }
}
