import type { DatagramSocket, Drops, Link, LinkStats, PacketBatch, PacketPool } from '@mp/interface'
import { sumOfDrops } from './drops.ts'

/** What a link needs of the socket it shares. */
export interface LinkHost {
  readonly socket: DatagramSocket
  readonly pool: PacketPool
  /** `link` was refused and waits for `onWritable`. */
  block(link: UdpLink): void
  /** `link` was closed by its user. */
  detach(link: UdpLink): void
}

export interface UdpLinkOptions {
  readonly host: LinkHost
  readonly peer: number
  readonly remoteAddress: string
  readonly maxFrameBytes: number
  readonly headerBytes: number | undefined
  /** Drops of the socket, for the link that has it to itself. */
  readonly socketDrops?: () => Drops
}

/** One remote address seen through a socket that may serve many. */
export class UdpLink implements Link {
  readonly transport = 'udp'
  readonly localAddress: string
  readonly remoteAddress: string
  readonly maxFrameBytes: number
  readonly headerBytes: number | undefined
  readonly peer: number
  closed = false
  readonly #host: LinkHost
  readonly #socketDrops: (() => Drops) | undefined
  #txFrames = 0
  #txBytes = 0
  readonly #drops = { 'too-big': 0, closed: 0 }

  constructor({ host, peer, remoteAddress, maxFrameBytes, headerBytes, socketDrops }: UdpLinkOptions) {
    this.localAddress = host.socket.localAddress
    this.remoteAddress = remoteAddress
    this.maxFrameBytes = maxFrameBytes
    this.headerBytes = headerBytes
    this.peer = peer
    this.#host = host
    this.#socketDrops = socketDrops
  }

  send(batch: PacketBatch): number {
    if (this.closed) return this.#refuseAll(batch)
    const dropped = this.#address(batch)
    const offeredBytes = batch.sumOfLengths()
    const taken = this.#host.socket.send(batch)
    this.#txFrames += taken
    this.#txBytes += offeredBytes - batch.sumOfLengths()
    if (batch.count > 0) this.#host.block(this)
    return taken + dropped
  }

  /** @inheritDoc `backlogBytes` is 0: a datagram is given to the system at once or not taken. */
  stats(): LinkStats {
    return {
      txFrames: this.#txFrames,
      txBytes: this.#txBytes,
      backlogBytes: 0,
      drops: sumOfDrops(this.#drops, this.#socketDrops?.() ?? {}),
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#host.detach(this)
  }

  #refuseAll(batch: PacketBatch): number {
    const { count } = batch
    this.#drops.closed += count
    this.#host.pool.releaseAll(batch)
    return count
  }

  /** Takes out what is too large for a datagram, and writes the peer to the rest. @returns frames taken out. */
  #address(batch: PacketBatch): number {
    const { count, length, peer } = batch
    let kept = 0
    for (let row = 0; row < count; row++) {
      if (length[row]! > this.maxFrameBytes) {
        this.#host.pool.release(batch.slot[row]!)
        continue
      }
      if (kept !== row) batch.moveRow(row, kept)
      peer[kept++] = this.peer
    }
    batch.count = kept
    this.#drops['too-big'] += count - kept
    return count - kept
  }
}
