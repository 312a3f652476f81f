import type {
  DatagramHandler,
  FrameHandler,
  FrameSource,
  Link,
  LinkStats,
  PacketBatch,
  PacketPool,
} from '@mp/interface'
import { DropCounter } from '../drop-counter.ts'
import { headerBytesFor } from './address.ts'
import type { MemorySocket } from './memory-socket.ts'

/** Who gets the frames of a {@link Carrier}, and whose slots they are in. */
export interface CarrierOptions {
  readonly pool: PacketPool
  readonly handler: FrameHandler
  /** Whether the socket closes with its last link. */
  readonly dialed: boolean
}

/** Links over one socket: one to whom it dialed, or one per peer that was asked for. */
export class Carrier implements DatagramHandler, FrameSource {
  readonly socket: MemorySocket
  readonly pool: PacketPool
  readonly #handler: FrameHandler
  readonly #dialed: boolean
  readonly #links = new Set<MemoryLink>()

  constructor(socket: MemorySocket, { pool, handler, dialed }: CarrierOptions) {
    this.socket = socket
    this.pool = pool
    this.#handler = handler
    this.#dialed = dialed
    socket.start(this)
  }

  link(peer: number): MemoryLink | undefined {
    const remoteAddress = this.socket.peerAddress(peer)
    if (remoteAddress === undefined) return undefined
    this.socket.pin(peer)
    const link = new MemoryLink(this, peer, remoteAddress)
    this.#links.add(link)
    return link
  }

  address(peer: number): string | undefined {
    return this.socket.peerAddress(peer)
  }

  reply(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++) {
      const outcome = this.socket.sendRow(batch, row, batch.peer[row] ?? -1)
      if (outcome === 'blocked') this.socket.dropRow(batch, row, 'reply-refused')
    }
    batch.count = 0
  }

  /** A link lets go. */
  drop(link: MemoryLink): void {
    this.#links.delete(link)
    this.socket.unpin(link.peer)
    void Promise.resolve().then(() => this.#handler.onClose(link))
    if (this.#dialed && this.#links.size === 0) void this.socket.close()
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.close()
    await this.socket.close()
  }

  onDatagrams(batch: PacketBatch): void {
    this.#handler.onFrames(batch, this)
  }

  onWritable(): void {
    for (const link of this.#links) if (link.unblock()) this.#handler.onWritable(link)
  }

  onUnreachable(peer: number, code: string): void {
    for (const link of this.#links) if (link.peer === peer) this.#handler.onUnreachable(link, code)
  }

  /** The links were told already: the socket closes after them, and never by itself. */
  onClose(): void {}
}

/** A link over a socket of the memory network. */
export class MemoryLink implements Link {
  readonly transport = 'memory'
  readonly localAddress: string
  readonly remoteAddress: string
  readonly maxFrameBytes: number
  readonly headerBytes: number | undefined
  readonly peer: number
  readonly #carrier: Carrier
  readonly #drops = new DropCounter()
  #txFrames = 0
  #txBytes = 0
  #blocked = false
  #open = true

  constructor(carrier: Carrier, peer: number, remoteAddress: string) {
    this.#carrier = carrier
    this.peer = peer
    this.localAddress = carrier.socket.localAddress
    this.remoteAddress = remoteAddress
    this.maxFrameBytes = carrier.socket.maxFrameBytes
    this.headerBytes = carrier.socket.dontFragment ? headerBytesFor(carrier.socket.host) : undefined
  }

  send(batch: PacketBatch): number {
    let taken = 0
    while (taken < batch.count && this.#sendRow(batch, taken)) taken++
    this.#blocked = taken < batch.count
    batch.dropFront(taken)
    return taken
  }

  stats(): LinkStats {
    return {
      txFrames: this.#txFrames,
      txBytes: this.#txBytes,
      backlogBytes: 0,
      drops: this.#drops.snapshot(),
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#carrier.drop(this)
  }

  /** Whether it had left frames behind, and may now take them. */
  unblock(): boolean {
    const was = this.#blocked
    this.#blocked = false
    return was
  }

  #sendRow(batch: PacketBatch, row: number): boolean {
    if (!this.#open) {
      this.#carrier.pool.release(batch.slot[row] ?? -1)
      this.#drops.add('closed')
      return true
    }
    const outcome = this.#carrier.socket.sendRow(batch, row, this.peer)
    if (outcome === 'sent') {
      this.#txFrames++
      this.#txBytes += batch.length[row] ?? 0
    } else if (outcome !== 'blocked') {
      this.#drops.add(outcome)
    }
    return outcome !== 'blocked'
  }
}
