import type {
  DialOptions,
  FrameHandler,
  FrameStream,
  Link,
  Listener,
  PacketPool,
  Runtime,
  Transport,
} from '@mp/interface'
import { formatEndpoint, parseEndpoint, resolveAddresses, systemRuntime } from '@mp/runtime-node'
import type { Endpoint, ResolveHost } from '@mp/runtime-node'
import { chooseBackend } from './backend.ts'
import type { Backend } from './backend.ts'
import { TcpConnection } from './connection.ts'
import { TcpError, tcpError } from './errors.ts'
import { MAX_FRAME_BYTES } from './framing.ts'
import { TcpListener } from './listener.ts'

/** How a TCP transport works. */
export interface TcpTransportOptions {
  /** Where frames live. */
  readonly pool: PacketPool
  /** Which streams to use. Default `auto`: `native` where the addon loads, else `net`. */
  readonly backend?: 'native' | 'net' | 'auto'
  /** Clock and timers. Default: those of the system. */
  readonly runtime?: Runtime
  /** Largest frame sent and accepted, bytes, 1…65 535. Both ends must agree. Default 65 535. */
  readonly maxFrameBytes?: number
  /**
   * Unsent bytes of a connection from which on `send` leaves frames behind, ≥ 1. Default 64 KiB. Only with `net`, where the
   * kernel holds more on top of it; `native` has the kernel hold what leaves in 4 ms.
   */
  readonly highWaterBytes?: number
  /** Most frames handed over in one call, 1…511. Default 128. */
  readonly batchSize?: number
  /**
   * Most connections of a listener; further ones are closed at once and counted as `connection-limit`; those that the
   * system could not hand over, as `accept-failed`. Default 1024.
   */
  readonly maxConnections?: number
  /** How long a connection that came in may live without anybody making a link of it, ms. Default 10 000. */
  readonly unclaimedTimeoutMs?: number
  /** Resolves host names. Default: as the system does. */
  readonly resolveHost?: ResolveHost
}

/** The TCP transport. */
export interface TcpTransport extends Transport {
  readonly name: 'tcp'
  /** Which streams run: `native` or `net`. */
  readonly backend: string
  /** Why these, as a sentence for status output. */
  readonly backendReason: string
}

const DEFAULT_HIGH_WATER_BYTES = 64 * 1024
const DEFAULT_BATCH_FRAMES = 128
const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_UNCLAIMED_TIMEOUT_MS = 10_000
const DEFAULT_DIAL_TIMEOUT_MS = 10_000

/**
 * Makes a TCP transport. A link is a connection; errors are {@link TcpError}s.
 *
 * - `dial` gives up after `timeoutMs` with `MP_TCP_TIMEOUT`. Of a host name the addresses that fit `localAddress` are tried
 *   in turn, each for its part of that time. Where streams are those of node:net, which can do neither, it rejects with
 *   `MP_TCP_NO_DEVICE_BINDING` when `device` is asked for, and with `MP_TCP_NO_MARK` for `mark`.
 * - A connection that came in is a source with one peer. Make a link of it within `unclaimedTimeoutMs`, or it is closed:
 *   so strangers cannot hold connections. It ends with the last link made of it.
 * - A length of 0 or above `maxFrameBytes` ends the connection with `MP_TCP_BAD_LENGTH`.
 *
 * Throws `MP_TCP_NO_NATIVE` when the native backend is asked for and does not load.
 */
export function tcpTransport(options: TcpTransportOptions): TcpTransport {
  return new StreamTransport(options, chooseBackend(options.backend ?? 'auto'))
}

class StreamTransport implements TcpTransport {
  readonly name = 'tcp'
  readonly backend: string
  readonly backendReason: string
  readonly #backend: Backend
  readonly #options: TcpTransportOptions
  readonly #runtime: Runtime

  constructor(options: TcpTransportOptions, backend: Backend) {
    this.backend = backend.name
    this.backendReason = backend.reason
    this.#backend = backend
    this.#options = options
    this.#runtime = options.runtime ?? systemRuntime()
  }

  async dial(endpoint: string, options: DialOptions): Promise<Link> {
    const { host, port } = endpointOf(endpoint)
    if (port === 0) throw new TcpError('MP_TCP_BAD_ADDRESS', `cannot dial ${endpoint}: port 0 is nobody's`)
    try {
      const stream = await this.#dialHost({ host, port }, options)
      const shared = { ...this.#shared(), handler: options.handler, unclaimedTimeoutMs: Infinity }
      const connection = new TcpConnection(shared, { stream, peer: 0, isDialed: true })
      const link = connection.link(0)!
      connection.start()
      return link
    } catch (error) {
      throw tcpError(`dial ${endpoint}`, error)
    }
  }

  async listen(endpoint: string, handler: FrameHandler): Promise<Listener> {
    const { host, port } = endpointOf(endpoint)
    const listener = new TcpListener({
      ...this.#shared(),
      handler,
      maxConnections: this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      unclaimedTimeoutMs: this.#options.unclaimedTimeoutMs ?? DEFAULT_UNCLAIMED_TIMEOUT_MS,
    })
    try {
      const [address = host] = await this.#resolve(host, {})
      await listener.open(this.#backend, { host: address, port })
      return listener
    } catch (error) {
      throw tcpError(`listen at ${endpoint}`, error)
    }
  }

  /** Tries the addresses of a host in turn. */
  async #dialHost({ host, port }: Endpoint, options: DialOptions): Promise<FrameStream> {
    const { timeoutMs = DEFAULT_DIAL_TIMEOUT_MS } = options
    const addresses = await this.#resolve(host, options)
    let failure: unknown
    for (const address of addresses) {
      try {
        // The next address is only for when this one fails.
        return await this.#connect(
          { host: address, port },
          { ...options, timeoutMs: timeoutMs / addresses.length },
        )
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async #connect(
    { host, port }: Endpoint,
    {
      localAddress,
      device,
      mark,
      timeoutMs,
    }: Omit<DialOptions, 'timeoutMs'> & { readonly timeoutMs: number },
  ): Promise<FrameStream> {
    const late = new AbortController()
    const timer = this.#runtime.setTimer(this.#runtime.nowMs() + timeoutMs, () => {
      const advice = 'check the address, the line and the firewall'
      late.abort(
        new TcpError(
          'MP_TCP_TIMEOUT',
          `cannot dial ${formatEndpoint(host, port)} over TCP: no answer within ${timeoutMs} ms; ${advice}`,
        ),
      )
    })
    try {
      return await this.#backend.connect(
        { host, port, localAddress, device, mark, signal: late.signal },
        this.#shared(),
      )
    } finally {
      timer.cancel()
    }
  }

  #resolve(
    host: string,
    { timeoutMs = DEFAULT_DIAL_TIMEOUT_MS, localAddress }: Partial<DialOptions>,
  ): Promise<readonly string[]> {
    const { resolveHost } = this.#options
    return resolveAddresses(host, { resolveHost, runtime: this.#runtime, timeoutMs, localAddress })
  }

  #shared() {
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
