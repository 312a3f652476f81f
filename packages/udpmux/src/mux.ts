import type {
  DatagramSocket,
  DialOptions,
  FrameHandler,
  FrameSource,
  Link,
  PacketPool,
  Runtime,
  Transport,
} from '@mp/interface'
import { formatEndpoint, parseEndpoint, resolveAddresses, systemRuntime } from '@mp/runtime-node'
import type { Endpoint, ResolveHost } from '@mp/runtime-node'
import { chooseBackend } from './backend.ts'
import type { Backend } from './backend.ts'
import { UdpError, udpError } from './errors.ts'
import { UdpPortListener } from './listener.ts'
import type { UdpListener } from './listener.ts'
import type { PeerInfo } from './peer-tracker.ts'
import { Port } from './port.ts'
import type { SocketFactory, SocketOptions } from './socket-options.ts'

/** How a mux works. */
export interface UdpMuxOptions {
  /** Where frames live. */
  readonly pool: PacketPool
  /** Which sockets to use. Default `auto`: `native` where the addon loads, else `dgram`. */
  readonly backend?: 'native' | 'dgram' | 'auto'
  /** Sockets of one's own, in place of both backends. */
  readonly socketFactory?: SocketFactory
  /** Clock and timers. Default: those of the system. */
  readonly runtime?: Runtime
  /** Largest frame, bytes. Default what fits into 1500 bytes: 1472 over IPv4, 1452 over IPv6. */
  readonly maxFrameBytes?: number
  /** Datagrams shorter than this cannot be frames and are dropped as `runt`, bytes. Default 8. */
  readonly minFrameBytes?: number
  /** Most remote addresses a listener knows at once, ≥ 1. Default 4096. */
  readonly peerCapacity?: number
  /** How long a listener remembers a silent remote address without links, ms; expiry is at most half of that late. Default 60 000. */
  readonly peerIdleMs?: number
  /** Kernel buffer asked for per socket, bytes. Default: what the backend finds good. */
  readonly receiveBufferBytes?: number
  /** Kernel buffer asked for per socket, bytes. Default: what the backend finds good. */
  readonly sendBufferBytes?: number
  /** Lets the native backend send several datagrams as one where the kernel can cut them (UDP_SEGMENT). Default true. */
  readonly gso?: boolean
  /** Lets the native backend receive several datagrams as one where the kernel can join them (UDP_GRO). Default true. */
  readonly gro?: boolean
  /**
   * Has datagrams that are too large for their way get lost, and not fragmented, natively and where the system can: links then
   * have `headerBytes`, and whoever uses them finds out what passes. Default false.
   */
  readonly dontFragment?: boolean
  /**
   * Carries congestion marks: datagrams have the ECN field that column `flags` says, and rows that come have that of their
   * datagrams, natively and where the system can. Default true.
   */
  readonly ecn?: boolean
  /** Resolves host names. Default: as the system does. */
  readonly resolveHost?: ResolveHost
  /** A listener heard a remote address for the first time; its frames follow in `onFrames`. */
  onPeer?(source: FrameSource, peer: PeerInfo): void
  /** A listener forgot a remote address: it had no links and was silent for too long or made room for another. */
  onPeerExpired?(source: FrameSource, peer: PeerInfo): void
}

/** The UDP transport. */
export interface UdpMux extends Transport {
  readonly name: 'udp'
  /** Which sockets run: `native`, `dgram` or `custom`. */
  readonly backend: string
  /** Why these, as a sentence for status output. */
  readonly backendReason: string
  /**
   * Opens a socket of its own, bound to `localAddress` and `device`, and connected to `endpoint`. Of a host name the
   * addresses that fit `localAddress` are tried in turn. Nothing is sent: a link to nobody opens all the same.
   * Rejects with a {@link UdpError}.
   */
  dial(endpoint: string, options: DialOptions): Promise<Link>
  /** Opens one socket for all who send to `endpoint`; answers leave from it. Rejects with a {@link UdpError}. */
  listen(endpoint: string, handler: FrameHandler): Promise<UdpListener>
}

const DEFAULT_DIAL_TIMEOUT_MS = 10_000
const DEFAULT_MIN_FRAME_BYTES = 8
const DEFAULT_PEER_IDLE_MS = 60_000

/**
 * Makes a UDP transport: many sessions and paths on one port.
 * Throws a {@link UdpError} `MP_UDP_NO_NATIVE` when the native backend is asked for and does not load.
 */
export function udpMux(options: UdpMuxOptions): UdpMux {
  return new Mux(options, chooseBackend(options.backend ?? 'auto', options.socketFactory))
}

class Mux implements UdpMux {
  readonly name = 'udp'
  readonly backend: string
  readonly backendReason: string
  readonly #options: UdpMuxOptions
  readonly #runtime: Runtime
  readonly #openSocket: SocketFactory

  constructor(options: UdpMuxOptions, { name, reason, openSocket }: Backend) {
    this.backend = name
    this.backendReason = reason
    this.#options = options
    this.#runtime = options.runtime ?? systemRuntime()
    this.#openSocket = openSocket
  }

  async dial(endpoint: string, options: DialOptions): Promise<Link> {
    const { host, port } = endpointOf(endpoint)
    if (port === 0) throw new UdpError('MP_UDP_BAD_ADDRESS', `cannot dial ${endpoint}: port 0 is nobody's`)
    const addresses = await this.#resolve(host, options)
    let failure: unknown
    for (const address of addresses) {
      try {
        // The next address is only for when this one fails.
        return await this.#connect(formatEndpoint(address, port), options)
      } catch (error) {
        failure = error
      }
    }
    throw udpError(`dial ${endpoint}`, failure)
  }

  async listen(endpoint: string, handler: FrameHandler): Promise<UdpListener> {
    const { host, port } = endpointOf(endpoint)
    const [address = host] = await this.#resolve(host, {})
    const { peerCapacity, peerIdleMs = DEFAULT_PEER_IDLE_MS } = this.#options
    const local = formatEndpoint(address, port)
    const socket = await this.#open(`listen at ${endpoint}`, { local, ...(peerCapacity && { peerCapacity }) })
    return new UdpPortListener({
      ...this.#portOptions(socket, handler),
      runtime: this.#runtime,
      peerIdleMs,
      onPeer: (source, peer) => this.#options.onPeer?.(source, peer),
      onPeerExpired: (source, peer) => this.#options.onPeerExpired?.(source, peer),
    })
  }

  async #resolve(
    host: string,
    { timeoutMs = DEFAULT_DIAL_TIMEOUT_MS, localAddress }: Partial<DialOptions>,
  ): Promise<readonly string[]> {
    const { resolveHost } = this.#options
    try {
      return await resolveAddresses(host, { resolveHost, runtime: this.#runtime, timeoutMs, localAddress })
    } catch (error) {
      throw udpError(`find ${host}`, error)
    }
  }

  async #connect(remote: string, { localAddress, device, mark, handler }: DialOptions): Promise<Link> {
    const socket = await this.#open(`dial ${remote}`, {
      remote,
      ...(localAddress !== undefined && { local: formatEndpoint(localAddress, 0) }),
      ...(device !== undefined && { device }),
      ...(mark !== undefined && { mark }),
    })
    const port = new Port({ ...this.#portOptions(socket, handler), onLastLink: () => void socket.close() })
    const link = port.soleLink(socket.peer(remote))
    if (link === undefined) {
      await socket.close()
      throw new UdpError('MP_UDP_FAILED', `cannot dial ${remote}: the socket has no such peer`)
    }
    socket.start(port)
    return link
  }

  async #open(action: string, wishes: Omit<SocketOptions, 'pool'>): Promise<DatagramSocket> {
    const { pool, receiveBufferBytes, sendBufferBytes, gso, gro, dontFragment, ecn } = this.#options
    try {
      return await this.#openSocket({
        pool,
        ...(receiveBufferBytes !== undefined && { receiveBufferBytes }),
        ...(sendBufferBytes !== undefined && { sendBufferBytes }),
        ...(gso !== undefined && { gso }),
        ...(gro !== undefined && { gro }),
        ...(dontFragment !== undefined && { dontFragment }),
        ...(ecn !== undefined && { ecn }),
        ...wishes,
      })
    } catch (error) {
      throw udpError(action, error)
    }
  }

  #portOptions(socket: DatagramSocket, handler: FrameHandler) {
    const { pool, maxFrameBytes, minFrameBytes = DEFAULT_MIN_FRAME_BYTES } = this.#options
    return { socket, handler, pool, maxFrameBytes, minFrameBytes, nowMs: () => this.#runtime.nowMs() }
  }
}

function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if ('error' in endpoint) throw new UdpError('MP_UDP_BAD_ADDRESS', endpoint.error)
  return endpoint
}
