import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Listener, ListenerStats } from '@mp/interface'
import { formatEndpoint } from '@mp/runtime-node'
import type { Endpoint } from '@mp/runtime-node'
import { SOCKET_OPTIONS } from './connect.ts'
import { TcpConnection, receiveCounters } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'
import { tcpError } from './errors.ts'

/** Peers are numbers of 31 bits in a batch. */
const PEER_MASK = 0x7fff_ffff

export interface ListenOptions extends Omit<
  ConnectionOptions,
  'socket' | 'peer' | 'counters' | 'countersAreOwn'
> {
  readonly maxConnections: number
}

/** Accepts connections at `endpoint`. Rejects with a `TcpError`. */
export async function listenForConnections(
  { host, port }: Endpoint,
  options: ListenOptions,
): Promise<Listener> {
  const server = createServer(SOCKET_OPTIONS)
  server.maxConnections = options.maxConnections
  try {
    const ready = once(server, 'listening')
    server.listen({ host, port })
    await ready
  } catch (error) {
    throw tcpError(`listen at ${formatEndpoint(host, port)}`, error)
  }
  return new TcpListener(server, options)
}

class TcpListener implements Listener {
  readonly localAddress: string
  readonly #server: Server
  readonly #options: ListenOptions
  readonly #connections = new Set<TcpConnection>()
  readonly #counters = receiveCounters()
  /** Never used twice, so that a peer that comes back is seen to be another connection. */
  #nextPeer = 0
  #refused = 0
  #failed = 0
  #closing: Promise<void> | undefined

  constructor(server: Server, options: ListenOptions) {
    const { address, port } = server.address() as AddressInfo
    this.localAddress = formatEndpoint(address, port)
    this.#server = server
    this.#options = options
    server.on('connection', (socket: Socket) => this.#accept(socket))
    server.on('drop', () => this.#refused++)
    // A connection that the system could not hand over, for want of descriptors or memory. Others follow.
    server.on('error', () => this.#failed++)
  }

  stats(): ListenerStats {
    const { rxFrames, rxBytes, repliesRefused, drops } = this.#counters
    return {
      rxFrames,
      rxBytes,
      peers: this.#connections.size,
      drops: {
        ...drops,
        'reply-refused': repliesRefused,
        'connection-limit': this.#refused,
        'accept-failed': this.#failed,
      },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const gone = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.end()
    await gone
  }

  #accept(socket: Socket): void {
    const connection = new TcpConnection({
      ...this.#options,
      socket,
      peer: this.#nextPeer,
      counters: this.#counters,
      countersAreOwn: false,
    })
    this.#nextPeer = (this.#nextPeer + 1) & PEER_MASK
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }
}
