import type { DatagramHandler, DatagramSocket, Drops, PacketBatch } from '@mp/interface'
import type { SocketFactory } from '@mp/udpmux'
import { RELAY_PORT, ipv4Bits } from './envelope.ts'
import { RelayDevice } from './relay-device.ts'
import type { RelayOptions } from './relay-device.ts'

/** What an entry is made of. */
export interface RelayEntryOptions extends RelayOptions {
  readonly openSocket: SocketFactory
  /** Where programs send their datagrams, `ip:port`. */
  readonly listen: string
  /** Own IPv4 address inside the tunnel, and that of the exit. */
  readonly localAddress: string
  readonly remoteAddress: string
}

/**
 * Opens the end of a relay that programs talk to: each local address that sends is a flow of its own, and gets the
 * answers. Rejects when the socket cannot be opened, with its coded error, and with RangeError for an option out of its
 * range; then nothing is left open.
 */
export async function relayEntry(options: RelayEntryOptions): Promise<RelayEntry> {
  const { openSocket, pool, listen, maxFlows } = options
  const socket = await openSocket({
    pool,
    local: listen,
    ...(maxFlows !== undefined && { peerCapacity: maxFlows }),
  })
  try {
    return new RelayEntry(options, socket)
  } catch (error) {
    await socket.close()
    throw error
  }
}

/** See {@link relayEntry}. The port of a flow inside the tunnel is the number of its peer at the socket, plus one. */
export class RelayEntry extends RelayDevice implements DatagramHandler {
  readonly #socket: DatagramSocket
  readonly #local: number
  readonly #remote: number
  /** By peer: when its flow was used last, ms; 0 where there is no flow. */
  readonly #usedMs: Float64Array

  /** Use {@link relayEntry}. */
  constructor(options: RelayEntryOptions, socket: DatagramSocket) {
    super(options)
    this.#socket = socket
    this.#local = ipv4Bits(options.localAddress)
    this.#remote = ipv4Bits(options.remoteAddress)
    this.#usedMs = new Float64Array(this.maxFlows)
    socket.start(this)
  }

  get backend(): string {
    return this.#socket.backend
  }

  /** Where programs reach it, with the real port. */
  get localAddress(): string {
    return this.#socket.localAddress
  }

  onDatagrams(batch: PacketBatch): void {
    const { envelope } = this
    const nowMs = this.runtime.nowMs()
    envelope.source = this.#local
    envelope.destination = this.#remote
    envelope.destinationPort = RELAY_PORT
    let kept = 0
    for (let row = 0; row < batch.count; row++) {
      if (!this.#touch(batch.peer[row]!, nowMs)) {
        this.drop(batch.slot[row]!, 'flow-limit')
        continue
      }
      envelope.sourcePort = batch.peer[row]! + 1
      envelope.put(batch, row)
      if (kept !== row) batch.moveRow(row, kept)
      kept++
    }
    batch.count = kept
    this.read(batch)
  }

  write(batch: PacketBatch): number {
    const { count } = batch
    let kept = 0
    for (let row = 0; row < count; row++) {
      const fault = this.#open(batch, row)
      if (fault !== undefined) {
        this.drop(batch.slot[row]!, fault)
        continue
      }
      if (kept !== row) batch.moveRow(row, kept)
      kept++
    }
    batch.count = kept
    this.emit(batch, this.#socket)
    return count
  }

  onWritable(): void {}

  onUnreachable(): void {}

  onClose(error?: Error): void {
    if (error !== undefined) this.fail(error)
  }

  protected forgetIdle(sinceMs: number): void {
    for (let peer = 0; peer < this.#usedMs.length; peer++) {
      if (this.#usedMs[peer] === 0 || this.#usedMs[peer]! > sinceMs) continue
      this.#usedMs[peer] = 0
      this.#socket.unpin(peer)
    }
  }

  protected socketDrops(): Drops {
    return this.#socket.stats().drops
  }

  protected closeSockets(): Promise<void> {
    return this.#socket.close()
  }

  /** The socket must not give the number of a flow in use to somebody else. */
  #touch(peer: number, nowMs: number): boolean {
    if (peer >= this.#usedMs.length) return false
    if (this.#usedMs[peer] === 0) this.#socket.pin(peer)
    this.#usedMs[peer] = Math.max(nowMs, Number.MIN_VALUE)
    return true
  }

  /** Makes of a packet the datagram for its program. @returns why it is dropped, if so. */
  #open(batch: PacketBatch, row: number): string | undefined {
    const { envelope } = this
    if (!envelope.takeOff(batch, row)) return 'malformed'
    const peer = envelope.destinationPort - 1
    const isOurs = envelope.source === this.#remote && envelope.destination === this.#local
    if (!isOurs || !(this.#usedMs[peer]! > 0)) return 'unknown-flow'
    batch.peer[row] = peer
    this.#usedMs[peer] = this.runtime.nowMs()
    return undefined
  }
}
