import type {
  DatagramHandler,
  DatagramSocket,
  Drops,
  FrameHandler,
  FrameSource,
  Link,
  PacketBatch,
  PacketPool,
} from '@mp/interface'
import { sumOfDrops } from './drops.ts'
import type { PeerTracker } from './peer-tracker.ts'
import { UdpLink } from './udp-link.ts'

export interface PortOptions {
  readonly socket: DatagramSocket
  readonly handler: FrameHandler
  readonly pool: PacketPool
  readonly nowMs: () => number
  /** Largest frame; default by address family. */
  readonly maxFrameBytes: number | undefined
  /** Datagrams shorter than this are dropped, bytes. */
  readonly minFrameBytes: number
  /** Keeps record of the senders; a dialed socket has only one and needs none. */
  readonly tracker?: PeerTracker
  /** Told when the last link was closed. */
  readonly onLastLink?: () => void
}

/** What Ethernet takes, bytes. */
const USUAL_MTU_BYTES = 1500
/** IP and UDP header, bytes. */
const V4_HEADER_BYTES = 28
const V6_HEADER_BYTES = 48
/** An IPv4 address at a socket of both families. */
const MAPPED = '[::ffff:'

/**
 * One UDP port with its links: hands what arrives to the frame handler, and shares the socket's events out to links.
 *
 * ```
 *   datagrams  -> onDatagrams -> (runts out, peers noted) -> handler.onFrames(batch, this)
 *   link.send  -> socket.send(batch, peer of the link)
 *   onWritable, onUnreachable, onClose -> each link they concern
 * ```
 */
export class Port implements DatagramHandler, FrameSource {
  readonly socket: DatagramSocket
  readonly pool: PacketPool
  rxFrames = 0
  rxBytes = 0
  readonly #options: PortOptions
  readonly #links = new Set<UdpLink>()
  #blocked = new Set<UdpLink>()
  #closed = false
  readonly #drops = { runt: 0, closed: 0, 'reply-refused': 0 }

  constructor(options: PortOptions) {
    this.#options = options
    this.socket = options.socket
    this.pool = options.pool
  }

  link(peer: number): Link | undefined {
    return this.#open(peer)
  }

  address(peer: number): string | undefined {
    return this.socket.peerAddress(peer)
  }

  reply(batch: PacketBatch): void {
    if (!this.#closed) this.socket.send(batch)
    this.#drops['reply-refused'] += batch.count
    this.pool.releaseAll(batch)
  }

  /** The link of a dialed port, whose drops include those of the socket. Undefined when there is no such peer. */
  soleLink(peer: number): Link | undefined {
    return this.#open(peer, () => this.drops())
  }

  /** What socket and port dropped. */
  drops(): Drops {
    return sumOfDrops(this.#drops, this.socket.stats().drops)
  }

  /** Closes all links and the socket. */
  async close(): Promise<void> {
    this.#closed = true
    for (const link of this.#links) link.close()
    await this.socket.close()
  }

  block(link: UdpLink): void {
    this.#blocked.add(link)
  }

  detach(link: UdpLink): void {
    const { handler, tracker, nowMs, onLastLink } = this.#options
    this.#links.delete(link)
    this.#blocked.delete(link)
    this.socket.unpin(link.peer)
    tracker?.unlink(link.peer, nowMs())
    queueMicrotask(() => handler.onClose(link))
    if (this.#links.size > 0 || onLastLink === undefined) return
    this.#closed = true
    onLastLink()
  }

  onDatagrams(batch: PacketBatch): void {
    this.#dropRunts(batch)
    if (batch.count > 0) this.#options.tracker?.note(batch, this.#options.nowMs())
    if (this.#closed) {
      this.#drops.closed += batch.count
      this.pool.releaseAll(batch)
    } else if (batch.count > 0) {
      this.#options.handler.onFrames(batch, this)
    }
  }

  onWritable(): void {
    const waiting = this.#blocked
    this.#blocked = new Set()
    for (const link of waiting) if (!link.closed) this.#options.handler.onWritable(link)
  }

  onUnreachable(peer: number, code: string): void {
    for (const link of this.#links) if (link.peer === peer) this.#options.handler.onUnreachable(link, code)
  }

  onClose(error?: Error): void {
    this.#closed = true
    const orphans = [...this.#links]
    this.#links.clear()
    this.#blocked.clear()
    for (const link of orphans) link.closed = true
    for (const link of orphans) this.#options.handler.onClose(link, error)
  }

  #open(peer: number, socketDrops?: () => Drops): Link | undefined {
    const remoteAddress = this.#closed ? undefined : this.socket.peerAddress(peer)
    if (remoteAddress === undefined) return undefined
    const { tracker, nowMs } = this.#options
    const headerBytes = headerBytesTo(remoteAddress)
    this.socket.pin(peer)
    tracker?.link(peer, nowMs())
    const link = new UdpLink({
      host: this,
      peer,
      remoteAddress,
      maxFrameBytes: this.#options.maxFrameBytes ?? USUAL_MTU_BYTES - headerBytes,
      headerBytes: this.socket.dontFragment === true ? headerBytes : undefined,
      ...(socketDrops && { socketDrops }),
    })
    this.#links.add(link)
    return link
  }

  /** Takes out what is too short to be a frame, and counts the rest. */
  #dropRunts(batch: PacketBatch): void {
    const { count, length } = batch
    const { minFrameBytes } = this.#options
    let kept = 0
    // A sum beyond 31 bits is a new object each time it grows.
    let bytes = 0
    for (let row = 0; row < count; row++) {
      const lengthBytes = length[row]!
      if (lengthBytes < minFrameBytes) {
        this.pool.release(batch.slot[row]!)
        continue
      }
      if (kept !== row) batch.moveRow(row, kept)
      kept++
      bytes += lengthBytes
    }
    batch.count = kept
    this.rxBytes += bytes
    this.rxFrames += kept
    this.#drops.runt += count - kept
  }
}

function headerBytesTo(remoteAddress: string): number {
  const isV6 = remoteAddress.startsWith('[') && !remoteAddress.startsWith(MAPPED)
  return isV6 ? V6_HEADER_BYTES : V4_HEADER_BYTES
}
