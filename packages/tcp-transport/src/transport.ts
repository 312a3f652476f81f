import { isIP } from 'node:net'
import type { DialOptions, FrameHandler, Link, Listener, PacketPool, Runtime, Transport } from '@mp/interface'
import { parseEndpoint, systemRuntime } from '@mp/runtime-node'
import type { Endpoint } from '@mp/runtime-node'
import { TcpConnection, receiveCounters } from './connection.ts'
import { connectSocket } from './connect.ts'
import { TcpError } from './errors.ts'
import { MAX_FRAME_BYTES } from './framing.ts'
import { listenForConnections } from './listener.ts'

/** How a TCP transport works. */
export interface TcpTransportOptions {
  /** Where frames live. */
  readonly pool: PacketPool
  /** Clock and timers. Default: those of the system. */
  readonly runtime?: Runtime
  /** Largest frame sent and accepted, bytes, 1…65 535. Both ends must agree. Default 65 535. */
  readonly maxFrameBytes?: number
  /** Unsent bytes of a connection from which on `send` leaves frames behind, ≥ 1. Default 256 KiB. */
  readonly highWaterBytes?: number
  /** Most frames handed over in one call. Default 64. */
  readonly batchSize?: number
  /**
   * Most connections of a listener; further ones are closed at once and counted as `connection-limit`; those that the
   * system could not hand over, as `accept-failed`. Default 1024.
   */
  readonly maxConnections?: number
  /** How long a connection that came in may live without anybody making a link of it, ms. Default 10 000. */
  readonly unclaimedTimeoutMs?: number
}

const DEFAULT_HIGH_WATER_BYTES = 256 * 1024
const DEFAULT_BATCH_FRAMES = 64
const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_UNCLAIMED_TIMEOUT_MS = 10_000
const DEFAULT_DIAL_TIMEOUT_MS = 10_000

/**
 * Makes a TCP transport. A link is a connection; errors are {@link TcpError}s.
 *
 * - `dial` gives up after `timeoutMs` with `MP_TCP_TIMEOUT`; with `device` it rejects with `MP_TCP_NO_DEVICE_BINDING`,
 *   with `mark` with `MP_TCP_NO_MARK`, for node:net cannot do that.
 * - A connection that came in is a source with one peer. Make a link of it within `unclaimedTimeoutMs`, or it is closed:
 *   so strangers cannot hold connections. It ends with the last link made of it.
 * - A length of 0 or above `maxFrameBytes` ends the connection with `MP_TCP_BAD_LENGTH`.
 */
export function tcpTransport(options: TcpTransportOptions): Transport {
  return new TcpTransport(options)
}

class TcpTransport implements Transport {
  readonly name = 'tcp'
  readonly #options: TcpTransportOptions
  readonly #runtime: Runtime

  constructor(options: TcpTransportOptions) {
    this.#options = options
    this.#runtime = options.runtime ?? systemRuntime()
  }

  async dial(endpoint: string, options: DialOptions): Promise<Link> {
    const { host, port } = endpointOf(endpoint)
    const { device, mark, localAddress, handler } = options
    if (device !== undefined) {
      throw new TcpError(
        'MP_TCP_NO_DEVICE_BINDING',
        `cannot dial ${endpoint} through device ${device}: TCP cannot be bound to a device here; use a local address`,
      )
    }
    if (mark !== undefined) {
      throw new TcpError(
        'MP_TCP_NO_MARK',
        `cannot dial ${endpoint} with mark ${mark}: TCP cannot be marked here`,
      )
    }
    const family = localAddress === undefined ? 0 : isIP(localAddress)
    if (localAddress !== undefined && family === 0) {
      throw new TcpError('MP_TCP_BAD_ADDRESS', `local address '${localAddress}' is not an IP address`)
    }
    if (port === 0) throw new TcpError('MP_TCP_BAD_ADDRESS', `cannot dial ${endpoint}: port 0 is nobody's`)
    const socket = await connectSocket({
      host,
      port,
      family,
      ...(localAddress !== undefined && { localAddress }),
      timeoutMs: options.timeoutMs ?? DEFAULT_DIAL_TIMEOUT_MS,
      runtime: this.#runtime,
    })
    const connection = new TcpConnection({
      ...this.#connectionOptions(),
      socket,
      peer: 0,
      handler,
      counters: receiveCounters(),
      countersAreOwn: true,
      unclaimedTimeoutMs: Infinity,
    })
    const link = connection.link(0)
    if (link === undefined)
      throw new TcpError('MP_TCP_RESET', `cannot dial ${endpoint}: the connection broke at once`)
    return link
  }

  async listen(endpoint: string, handler: FrameHandler): Promise<Listener> {
    return listenForConnections(endpointOf(endpoint), {
      ...this.#connectionOptions(),
      handler,
      maxConnections: this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      unclaimedTimeoutMs: this.#options.unclaimedTimeoutMs ?? DEFAULT_UNCLAIMED_TIMEOUT_MS,
    })
  }

  #connectionOptions() {
    const { pool, maxFrameBytes = MAX_FRAME_BYTES } = this.#options
    const { highWaterBytes = DEFAULT_HIGH_WATER_BYTES, batchSize = DEFAULT_BATCH_FRAMES } = this.#options
    return { pool, runtime: this.#runtime, maxFrameBytes, highWaterBytes, batchSize }
  }
}

function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if ('error' in endpoint) throw new TcpError('MP_TCP_BAD_ADDRESS', endpoint.error)
  return endpoint
}
