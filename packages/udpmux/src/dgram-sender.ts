import type { Socket } from 'node:dgram'
import type { DatagramHandler, PacketBatch, PacketPool } from '@mp/interface'
import { errnoCode } from '@mp/runtime-node'
import type { PeerTable } from './peer-table.ts'

/** Bytes given to node:dgram and not reported sent, beyond which `send` leaves the rest. */
const BACKLOG_BYTES = 1 << 18
/**
 * System errors that speak of the way to the remote address, not of the datagram. The last three come when the local
 * address or interface of the socket is gone.
 */
export const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EINVAL',
  'ENODEV',
])

export interface DgramSenderOptions {
  readonly socket: Socket
  readonly pool: PacketPool
  readonly peers: PeerTable
  /** Of a connected socket the only peer, else -1. */
  readonly remotePeer: number
}

/** The sending half of the node:dgram backend: bounds what is under way and gives slots back when it is gone. */
export class DgramSender {
  /** Told of unreachable peers and of room after a full backlog. */
  handler: DatagramHandler | undefined
  /** Set when the socket closes: what is offered from then on is dropped. */
  closed = false
  txPackets = 0
  txBytes = 0
  readonly drops = { 'unknown-peer': 0, unreachable: 0, 'too-big': 0, 'send-failed': 0, closed: 0 }
  readonly #options: DgramSenderOptions
  readonly #idle: Sending[] = []
  readonly #sent = (sending: Sending, error: Error | null): void => this.#finish(sending, error)
  #backlogBytes = 0
  #blocked = false

  constructor(options: DgramSenderOptions) {
    this.#options = options
  }

  send(batch: PacketBatch): number {
    let row = 0
    while (row < batch.count && this.#backlogBytes < BACKLOG_BYTES) this.#sendRow(batch, row++)
    batch.dropFront(row)
    if (batch.count > 0) this.#blocked = true
    return row
  }

  #sendRow(batch: PacketBatch, row: number): void {
    const { socket, pool, peers, remotePeer } = this.#options
    const slot = batch.slot[row]!
    const peer = batch.peer[row]!
    const to = remotePeer < 0 || peer === remotePeer ? peers.at(peer) : undefined
    if (this.closed || to === undefined) {
      pool.release(slot)
      this.drops[this.closed ? 'closed' : 'unknown-peer']++
      return
    }
    const offset = batch.offset[row]!
    const lengthBytes = batch.length[row]!
    const sending = this.#idle.pop() ?? new Sending(this.#sent)
    sending.slot = slot
    sending.peer = peer
    sending.lengthBytes = lengthBytes
    this.#backlogBytes += lengthBytes
    const bytes = pool.arena.subarray(offset, offset + lengthBytes)
    if (remotePeer < 0) socket.send(bytes, to.port, to.host, sending.done)
    else socket.send(bytes, sending.done)
  }

  #finish(sending: Sending, error: Error | null): void {
    this.#backlogBytes -= sending.lengthBytes
    this.#options.pool.release(sending.slot)
    this.#idle.push(sending)
    if (error === null) {
      this.txPackets++
      this.txBytes += sending.lengthBytes
    } else {
      this.#notSent(sending.peer, errnoCode(error))
    }
    if (this.#blocked && this.#backlogBytes <= BACKLOG_BYTES / 2 && !this.closed) {
      this.#blocked = false
      this.handler?.onWritable()
    }
  }

  #notSent(peer: number, code: string): void {
    if (this.closed) {
      this.drops.closed++
    } else if (code === 'EMSGSIZE') {
      this.drops['too-big']++
    } else if (UNREACHABLE.has(code)) {
      this.drops.unreachable++
      this.handler?.onUnreachable(peer, code)
    } else {
      this.drops['send-failed']++
    }
  }
}

/** One datagram on its way through node:dgram. Kept for the next one, so that none needs a closure of its own. */
class Sending {
  slot = -1
  peer = -1
  lengthBytes = 0
  readonly done: (error: Error | null) => void

  constructor(sent: (sending: Sending, error: Error | null) => void) {
    this.done = (error) => sent(this, error)
  }
}
