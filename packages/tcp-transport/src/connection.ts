import type { Socket } from 'node:net'
import type { FrameHandler, FrameSource, Link, PacketBatch, PacketPool, Runtime, Timer } from '@mp/interface'
import { formatEndpoint } from '@mp/runtime-node'
import { TcpError, tcpError } from './errors.ts'
import { FrameDecoder, FrameEncoder } from './framing.ts'
import type { FrameDecoderDrops } from './framing.ts'
import { TcpLink } from './tcp-link.ts'

/** What came in, of one connection or of all of a listener. */
export interface ReceiveCounters {
  rxFrames: number
  rxBytes: number
  /** Replies that were not sent, because the connection was full or at its end. */
  repliesRefused: number
  readonly drops: FrameDecoderDrops
}

export function receiveCounters(): ReceiveCounters {
  return {
    rxFrames: 0,
    rxBytes: 0,
    repliesRefused: 0,
    drops: { 'pool-empty': 0, 'bad-length': 0, 'cut-off': 0 },
  }
}

export interface ConnectionOptions {
  /** Connected. */
  readonly socket: Socket
  /** Its number: its only peer. */
  readonly peer: number
  readonly handler: FrameHandler
  readonly pool: PacketPool
  readonly runtime: Runtime
  readonly maxFrameBytes: number
  readonly highWaterBytes: number
  readonly batchSize: number
  readonly counters: ReceiveCounters
  /** Whether links show the drops of `counters`, because nobody else does. */
  readonly countersAreOwn: boolean
  /** Close when no link was made this long after the start, ms; Infinity = never. */
  readonly unclaimedTimeoutMs: number
}

/** How long a connection may take to end in an orderly way, ms. */
const CLOSE_GRACE_MS = 1000

/**
 * One TCP connection: frames in and out, and its links.
 *
 * It is open until the last link was closed, the other end closed, or something failed. Then what was taken for
 * sending is still sent, for at most {@link CLOSE_GRACE_MS}.
 */
export class TcpConnection implements FrameSource {
  readonly localAddress: string
  readonly remoteAddress: string
  readonly maxFrameBytes: number
  readonly pool: PacketPool
  readonly #options: ConnectionOptions
  readonly #socket: Socket
  readonly #decoder: FrameDecoder
  readonly #encoder: FrameEncoder
  readonly #received: PacketBatch
  readonly #links = new Set<TcpLink>()
  readonly #flushed = (): void => this.#drained()
  /** Ends a connection nobody claims, later one that does not end by itself. */
  #deadline: Timer | undefined
  #ending = false
  #error: Error | undefined

  constructor(options: ConnectionOptions) {
    const { socket, pool, runtime, unclaimedTimeoutMs, maxFrameBytes, counters } = options
    this.#options = options
    this.#socket = socket
    this.pool = pool
    this.maxFrameBytes = maxFrameBytes
    this.localAddress = formatEndpoint(socket.localAddress ?? '', socket.localPort ?? 0)
    this.remoteAddress = formatEndpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    this.#received = pool.createBatch(options.batchSize)
    this.#decoder = new FrameDecoder({ pool, maxFrameBytes, drops: counters.drops })
    this.#encoder = new FrameEncoder(pool, maxFrameBytes)
    if (unclaimedTimeoutMs < Infinity) {
      this.#deadline = runtime.setTimer(runtime.nowMs() + unclaimedTimeoutMs, () => this.end())
    }
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // The other end closed its half: there is nobody to send to any more.
    socket.on('end', () => socket.destroy())
    socket.on('error', (error) => {
      this.#error = tcpError(`exchange frames with ${this.remoteAddress}`, error)
    })
    socket.on('close', () => this.#ended())
  }

  /** What is given to `write` and not to the system yet, length fields included. */
  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  /** How much more it takes before it is full; the last frame may go beyond. */
  get roomBytes(): number {
    return this.#options.highWaterBytes - this.#socket.writableLength
  }

  get ownDrops(): FrameDecoderDrops | undefined {
    return this.#options.countersAreOwn ? this.#options.counters.drops : undefined
  }

  link(peer: number): Link | undefined {
    if (peer !== this.#options.peer || this.#ending || this.#socket.destroyed) return undefined
    this.#deadline?.cancel()
    const link = new TcpLink(this)
    this.#links.add(link)
    return link
  }

  address(peer: number): string | undefined {
    return peer === this.#options.peer ? this.remoteAddress : undefined
  }

  reply(batch: PacketBatch): void {
    const { peer, counters } = this.#options
    const takes = !this.#ending && this.roomBytes > 0
    let rows = 0
    if (takes) while (rows < batch.count && batch.peer[rows] === peer) rows++
    this.write(batch, rows)
    counters.repliesRefused += batch.count
    this.pool.releaseAll(batch)
  }

  fits(lengthBytes: number): boolean {
    return this.#encoder.fits(lengthBytes)
  }

  /** Sends the first `rows` frames of `batch` that fit in one write, and releases their slots. */
  write(batch: PacketBatch, rows: number): void {
    const stream = this.#encoder.encode(batch, rows)
    for (let row = 0; row < rows; row++) this.pool.release(batch.slot[row]!)
    batch.dropFront(rows)
    if (stream.length > 0) this.#socket.write(stream, this.#flushed)
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
    this.#deadline = runtime.setTimer(runtime.nowMs() + CLOSE_GRACE_MS, () => this.#socket.destroy())
    this.#socket.end()
  }

  #read(chunk: Buffer): void {
    const { counters, handler, peer } = this.#options
    const batch = this.#received
    let at = 0
    while (at >= 0 && at < chunk.length && !this.#ending) {
      at = this.#decoder.decode(chunk, at, batch)
      if (batch.count === 0) continue
      batch.peer.fill(peer, 0, batch.count)
      counters.rxFrames += batch.count
      for (let row = 0; row < batch.count; row++) counters.rxBytes += batch.length[row]!
      handler.onFrames(batch, this)
      batch.count = 0
    }
    if (at < 0) this.#fail()
  }

  #fail(): void {
    this.#socket.destroy(
      new TcpError(
        'MP_TCP_BAD_LENGTH',
        `${this.remoteAddress} sent a frame length that is not within 1 and ${this.maxFrameBytes}: it speaks another protocol, or with other limits`,
      ),
    )
  }

  /** A write reached the system. Half of the backlog must be gone, so that links are not woken for every frame. */
  #drained(): void {
    if (this.#ending || this.#socket.destroyed) return
    if (this.#socket.writableLength > this.#options.highWaterBytes / 2) return
    for (const link of this.#links) {
      if (!link.blocked) continue
      link.blocked = false
      this.#options.handler.onWritable(link)
    }
  }

  #ended(): void {
    this.#ending = true
    this.#deadline?.cancel()
    this.#decoder.close()
    const orphans = [...this.#links]
    this.#links.clear()
    for (const link of orphans) link.closed = true
    for (const link of orphans) this.#options.handler.onClose(link, this.#error)
  }
}
