import type { DatagramHandler, DatagramSocket, DatagramStats, PacketBatch, PacketPool } from '@mp/interface'
import { DropCounter } from '../drop-counter.ts'
import type { SocketAddress } from './address.ts'
import type { MemoryNetwork } from './memory-network.ts'
import { PeerTable } from './peer-table.ts'

/** What a socket of the memory network is like. */
export interface MemorySocketOptions {
  /** Where received datagrams go, and where sent ones come from. */
  readonly pool: PacketPool
  /** Most remote addresses at once. Default 1024. */
  readonly maxPeers?: number
  /** Largest datagram, bytes; a larger one is dropped as `too-big`. Default 1472. */
  readonly maxFrameBytes?: number
  /** Says that lines lose what is too large for them, as they do, so that what passes is searched for. Default false. */
  readonly dontFragment?: boolean
  /** Most datagrams given to the handler at once. Default 64. */
  readonly batchSize?: number
  /** Bytes that may wait at the line before `send` takes no more. Default Infinity: the line drops what is too much. */
  readonly sendBufferBytes?: number
}

/** What became of a datagram: sent, not taken, or the name of a drop. */
export type SendOutcome =
  | 'sent'
  | 'blocked'
  | 'closed'
  | 'unknown-peer'
  | 'too-big'
  | 'unreachable'
  | 'network-full'

/** A UDP socket of a {@link MemoryNetwork}, which makes it. */
export class MemorySocket implements DatagramSocket {
  readonly backend = 'memory'
  readonly localAddress: string
  readonly host: string
  readonly batchSize: number
  readonly maxFrameBytes: number
  readonly dontFragment: boolean
  readonly sendBufferBytes: number
  readonly #network: MemoryNetwork
  readonly #pool: PacketPool
  readonly #peers: PeerTable
  readonly #arrived: PacketBatch
  readonly #drops = new DropCounter()
  readonly #counts = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }
  #handler: DatagramHandler | undefined
  /** The one address to hear, when there is but one. */
  #connectedTo: string | undefined
  #closing: Promise<void> | undefined

  /** Called by {@link MemoryNetwork.open}. */
  constructor(network: MemoryNetwork, local: SocketAddress, options: MemorySocketOptions) {
    const { maxPeers = 1024, maxFrameBytes = 1472, batchSize = 64, sendBufferBytes = Infinity } = options
    this.#network = network
    this.host = local.host
    this.localAddress = `${local.host}:${local.port}`
    this.#pool = options.pool
    this.#peers = new PeerTable(maxPeers)
    this.#arrived = options.pool.createBatch(batchSize)
    this.batchSize = batchSize
    this.maxFrameBytes = maxFrameBytes
    this.dontFragment = options.dontFragment ?? false
    this.sendBufferBytes = sendBufferBytes
  }

  start(handler: DatagramHandler): void {
    this.#handler = handler
  }

  /** From now on datagrams of any other address are dropped as `foreign-source`. */
  connect(address: string): void {
    this.#connectedTo = address
  }

  send(batch: PacketBatch): number {
    let taken = 0
    while (taken < batch.count && this.sendRow(batch, taken, batch.peer[taken] ?? -1) !== 'blocked') taken++
    batch.dropFront(taken)
    return taken
  }

  /** Sends row `index` of `batch` to `peer` and releases its slot, unless it is blocked. The row stays. */
  sendRow(batch: PacketBatch, index: number, peer: number): SendOutcome {
    const lengthBytes = batch.length[index] ?? 0
    const outcome = this.#transmit(batch.offset[index] ?? 0, lengthBytes, peer)
    if (outcome === 'blocked') return outcome
    this.#pool.release(batch.slot[index] ?? -1)
    if (outcome === 'sent') {
      this.#counts.txPackets++
      this.#counts.txBytes += lengthBytes
    } else {
      this.#drops.add(outcome)
    }
    return outcome
  }

  /** Drops row `index` of `batch` under a name. The row stays. */
  dropRow(batch: PacketBatch, index: number, reason: string): void {
    this.#pool.release(batch.slot[index] ?? -1)
    this.#drops.add(reason)
  }

  peer(address: string): number {
    return this.#peers.add(address)
  }

  peerAddress(peer: number): string | undefined {
    return this.#peers.addressOf(peer)
  }

  pin(peer: number): void {
    this.#peers.pin(peer)
  }

  unpin(peer: number): void {
    this.#peers.unpin(peer)
  }

  stats(): DatagramStats {
    return { ...this.#counts, peers: this.#peers.size, drops: this.#drops.snapshot() }
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#network.forget(this)
      this.#closing = Promise.resolve().then(() => this.#handler?.onClose())
    }
    return this.#closing
  }

  /** The network brings a datagram; the handler gets it with the next {@link MemorySocket.flush}. */
  receive(content: Uint8Array, from: string): void {
    const batch = this.#arrived
    if (!this.#handler) return this.#drops.add('not-started')
    if (from !== (this.#connectedTo ?? from)) return this.#drops.add('foreign-source')
    if (batch.count === batch.capacity) this.flush()
    let peer = this.#peers.add(from)
    if (peer < 0 && batch.count > 0) {
      // The table may be full only because the datagrams that wait here keep their peers.
      this.flush()
      peer = this.#peers.add(from)
    }
    if (peer < 0) return this.#drops.add('peer-table-full')
    const slot = this.#pool.acquire(content.length)
    if (slot < 0) return this.#drops.add('pool-empty')
    const offset = this.#pool.offsetOf(slot)
    this.#pool.arena.set(content, offset)
    batch.peer[batch.push(slot, offset, content.length)] = peer
    this.#peers.pin(peer)
    this.#counts.rxPackets++
    this.#counts.rxBytes += content.length
  }

  /** Gives what has arrived to the handler. */
  flush(): void {
    const batch = this.#arrived
    if (batch.count === 0) return
    const peers = batch.peer.slice(0, batch.count)
    if (this.#closing) this.#pool.releaseAll(batch)
    else this.#handler?.onDatagrams(batch)
    batch.count = 0
    for (const peer of peers) this.#peers.unpin(peer)
  }

  /** The network says that a datagram to `address` could not be delivered. */
  refuse(address: string, code: string): void {
    const peer = this.#peers.find(address)
    if (peer >= 0 && !this.#closing) this.#handler?.onUnreachable(peer, code)
  }

  /** The network has room again after it was blocked. */
  unblock(): void {
    if (!this.#closing) this.#handler?.onWritable()
  }

  #transmit(offset: number, lengthBytes: number, peer: number): SendOutcome {
    if (this.#closing) return 'closed'
    const to = this.#peers.addressOf(peer)
    if (to === undefined) return 'unknown-peer'
    if (lengthBytes > this.maxFrameBytes) return 'too-big'
    return this.#network.carry(this, to, this.#pool.arena.subarray(offset, offset + lengthBytes))
  }
}
