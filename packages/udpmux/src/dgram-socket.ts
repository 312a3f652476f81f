import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { SocketAddress, isIP, isIPv6 } from 'node:net'
import type { DatagramHandler, DatagramSocket, DatagramStats, PacketBatch, PacketPool } from '@mp/interface'
import { errnoCode, formatEndpoint, parseEndpoint } from '@mp/runtime-node'
import type { Endpoint } from '@mp/runtime-node'
import { DgramSender, UNREACHABLE } from './dgram-sender.ts'
import { UdpError, udpError } from './errors.ts'
import { PeerTable } from './peer-table.ts'
import type { SocketOptions } from './socket-options.ts'

const DEFAULT_BATCH_PACKETS = 64
const DEFAULT_PEER_CAPACITY = 4096
/** Kernel buffers asked for, bytes: about 15 ms at 1 Gbit/s. The usual limits of a system give less. */
const DEFAULT_BUFFER_BYTES = 1 << 21

/**
 * Opens a UDP socket on node:dgram: works everywhere, at one system call and a few objects per datagram.
 *
 * Rejects with a {@link UdpError}: `MP_UDP_NO_DEVICE_BINDING` when `device` is asked for, `MP_UDP_NO_MARK` when
 * `mark` is (node:dgram has no such things), `MP_UDP_BAD_ADDRESS`, `MP_UDP_ADDRESS_IN_USE`, …
 */
export async function dgramSocket(options: SocketOptions): Promise<DatagramSocket> {
  if (options.device !== undefined) {
    throw new UdpError(
      'MP_UDP_NO_DEVICE_BINDING',
      `cannot bind to device ${options.device}: node:dgram cannot do that; use the native backend or a local address`,
    )
  }
  if (options.mark !== undefined) {
    throw new UdpError(
      'MP_UDP_NO_MARK',
      `cannot mark packets with ${options.mark}: node:dgram cannot do that; use the native backend`,
    )
  }
  const remote = options.remote === undefined ? undefined : ipEndpoint(options.remote)
  const local = options.local === undefined ? undefined : ipEndpoint(options.local)
  const v6 = isIPv6((local ?? remote)?.host ?? '')
  // What may throw comes before the socket, which would be left open.
  const { pool, peerCapacity = DEFAULT_PEER_CAPACITY, batchSize = DEFAULT_BATCH_PACKETS } = options
  const peers = new PeerTable(remote === undefined ? peerCapacity : 1)
  const received = pool.createBatch(batchSize)
  const socket = createSocket({
    type: v6 ? 'udp6' : 'udp4',
    recvBufferSize: options.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES,
    sendBufferSize: options.sendBufferBytes ?? DEFAULT_BUFFER_BYTES,
    // Hosts are addresses already: answering at once saves a turn of the event loop per datagram sent.
    lookup: (host, _options, done) => done(null, host, v6 ? 6 : 4),
  })
  try {
    const bound = once(socket, 'listening')
    socket.bind({ address: local?.host ?? (v6 ? '::' : '0.0.0.0'), port: local?.port ?? 0, exclusive: true })
    await bound
    if (remote !== undefined) {
      const connected = once(socket, 'connect')
      socket.connect(remote.port, remote.host)
      await connected
    }
  } catch (error) {
    socket.close()
    const target = options.remote === undefined ? '' : ` and connect to ${options.remote}`
    throw udpError(`bind to ${options.local ?? 'a free port'}${target}`, error)
  }
  return new DgramSocket({ socket, pool, peers, received, remote })
}

interface DgramParts {
  /** Bound, and connected to `remote` if there is one. */
  readonly socket: Socket
  readonly pool: PacketPool
  readonly peers: PeerTable
  readonly received: PacketBatch
  readonly remote: Endpoint | undefined
}

class DgramSocket implements DatagramSocket {
  readonly backend = 'dgram'
  readonly localAddress: string
  readonly batchSize: number
  readonly #socket: Socket
  readonly #pool: PacketPool
  readonly #peers: PeerTable
  readonly #remotePeer: number
  readonly #sender: DgramSender
  /** Received and not yet handed over. */
  readonly #received: PacketBatch
  /** Peers of `#received`, pinned until the handler has seen them. */
  readonly #heldPeers: Int32Array
  #held = 0
  readonly #flushNow = (): void => this.#flush()
  #flushing: NodeJS.Immediate | undefined
  #handler: DatagramHandler | undefined
  #closing: Promise<void> | undefined
  #rxPackets = 0
  #rxBytes = 0
  readonly #drops = { 'pool-empty': 0, 'peer-table-full': 0, 'no-return-port': 0 }

  constructor({ socket, pool, peers, received, remote }: DgramParts) {
    const { address, port } = socket.address()
    this.localAddress = formatEndpoint(address, port)
    this.batchSize = received.capacity
    this.#socket = socket
    this.#pool = pool
    this.#peers = peers
    this.#received = received
    this.#heldPeers = new Int32Array(received.capacity)
    this.#remotePeer = remote === undefined ? -1 : peers.number(remote.host, remote.port)
    if (remote !== undefined) peers.pin(this.#remotePeer)
    this.#sender = new DgramSender({ socket, pool, peers, remotePeer: this.#remotePeer })
    socket.on('error', (error) => this.#fault(error))
  }

  /** @inheritDoc Throws RangeError on a second call. */
  start(handler: DatagramHandler): void {
    if (this.#handler !== undefined) throw new RangeError('this socket was started already')
    this.#handler = handler
    this.#sender.handler = handler
    this.#socket.on('message', (message, from) => this.#receive(message, from))
  }

  send(batch: PacketBatch): number {
    return this.#sender.send(batch)
  }

  /** @inheritDoc Throws a {@link UdpError} when `text` is not `ip:port`, RangeError when its port is 0. */
  peer(text: string): number {
    const { host, port } = ipEndpoint(text)
    if (port === 0) throw new RangeError(`'${text}' cannot be a peer: nothing can be sent to port 0`)
    return this.#peers.number(host, port)
  }

  peerAddress(peer: number): string | undefined {
    return this.#peers.at(peer)?.address
  }

  pin(peer: number): void {
    this.#peers.pin(peer)
  }

  unpin(peer: number): void {
    this.#peers.unpin(peer)
  }

  stats(): DatagramStats {
    return {
      rxPackets: this.#rxPackets,
      rxBytes: this.#rxBytes,
      txPackets: this.#sender.txPackets,
      txBytes: this.#sender.txBytes,
      peers: this.#peers.size,
      drops: { ...this.#drops, ...this.#sender.drops },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#sender.closed = true
    clearImmediate(this.#flushing)
    // A handler may close the socket while it holds the received batch: let it finish.
    await Promise.resolve()
    this.#sender.drops.closed += this.#received.count
    this.#pool.releaseAll(this.#received)
    const gone = once(this.#socket, 'close')
    this.#socket.close()
    await gone
    this.#handler?.onClose()
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    if (this.#sender.closed) {
      this.#sender.drops.closed++
      return
    }
    const peer = this.#source(from)
    if (peer < 0) return
    const slot = this.#pool.acquire(message.length)
    if (slot < 0) {
      this.#drops['pool-empty']++
      return
    }
    const offset = this.#pool.offsetOf(slot)
    this.#pool.arena.set(message, offset)
    const row = this.#received.push(slot, offset, message.length)
    this.#received.peer[row] = peer
    this.#peers.pin(peer)
    this.#heldPeers[this.#held++] = peer
    this.#rxPackets++
    this.#rxBytes += message.length
    if (this.#received.count === this.batchSize) this.#flush()
    // node:dgram calls once per datagram and drains microtasks in between; only an immediate sees a whole turn.
    else this.#flushing ??= setImmediate(this.#flushNow)
  }

  /** The number of a sender, -1 for one whose datagram is to be dropped. */
  #source({ address, port }: RemoteInfo): number {
    if (port === 0) {
      this.#drops['no-return-port']++
      return -1
    }
    let peer = this.#peers.number(address, port)
    if (peer < 0 && this.#held > 0) {
      // The entries may be held only by what waits here: hand that over and ask again.
      this.#flush()
      peer = this.#peers.number(address, port)
    }
    if (peer < 0) this.#drops['peer-table-full']++
    return peer
  }

  #flush(): void {
    clearImmediate(this.#flushing)
    this.#flushing = undefined
    this.#handler?.onDatagrams(this.#received)
    this.#received.count = 0
    while (this.#held > 0) this.#peers.unpin(this.#heldPeers[--this.#held]!)
  }

  /** A connected socket learns on receiving that an earlier datagram was refused; that one was counted as sent. */
  #fault(error: Error): void {
    const code = errnoCode(error)
    if (this.#remotePeer >= 0 && UNREACHABLE.has(code)) this.#handler?.onUnreachable(this.#remotePeer, code)
  }
}

/** Reads `ip:port` into the form in which the system reports addresses. */
function ipEndpoint(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if ('error' in endpoint) throw new UdpError('MP_UDP_BAD_ADDRESS', endpoint.error)
  const { host, port } = endpoint
  const family = isIP(host)
  if (family === 0)
    throw new UdpError('MP_UDP_BAD_ADDRESS', `'${text}' has a name where an IP address is expected`)
  if (family === 4) return endpoint
  const [ip = '', zone] = host.split('%')
  const { address } = new SocketAddress({ address: ip, family: 'ipv6' })
  return { host: zone === undefined ? address : `${address}%${zone}`, port }
}
