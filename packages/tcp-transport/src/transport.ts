import type { DialOptions, FrameHandler, FrameStream, Link, Listener, Transport } from '@mp/interface'
import { formatEndpoint, parseEndpoint, resolveAddresses } from '@mp/runtime-node'
import type { Endpoint } from '@mp/runtime-node'
import { chooseBackend } from './backend.ts'
import type { Backend } from './backend.ts'
import { TcpConnection } from './connection.ts'
import { TcpError, tcpError } from './errors.ts'
import { TcpListener } from './listener.ts'
import { checkedOptions } from './options.ts'
import type { CheckedOptions, TcpTransportOptions } from './options.ts'

/** The TCP transport. */
export interface TcpTransport extends Transport {
  readonly name: 'tcp'
  /** Which streams run: `native` or `net`. */
  readonly backend: string
  /** Why these, as a sentence for status output. */
  readonly backendReason: string
}

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
 * Throws RangeError for an option out of its range, and `MP_TCP_NO_NATIVE` when the native backend is asked for and does
 * not load.
 */
export function tcpTransport(options: TcpTransportOptions): TcpTransport {
  return new StreamTransport(checkedOptions(options), chooseBackend(options.backend ?? 'auto'))
}

class StreamTransport implements TcpTransport {
  readonly name = 'tcp'
  readonly backend: string
  readonly backendReason: string
  readonly #backend: Backend
  readonly #options: CheckedOptions

  constructor(options: CheckedOptions, backend: Backend) {
    this.backend = backend.name
    this.backendReason = backend.reason
    this.#backend = backend
    this.#options = options
  }

  async dial(endpoint: string, options: DialOptions): Promise<Link> {
    const { host, port } = endpointOf(endpoint)
    if (port === 0) throw new TcpError('MP_TCP_BAD_ADDRESS', `cannot dial ${endpoint}: port 0 is nobody's`)
    try {
      const stream = await this.#dialHost({ host, port }, options)
      const shared = { ...this.#options, handler: options.handler, unclaimedTimeoutMs: Infinity }
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
    const listener = new TcpListener({ ...this.#options, handler })
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
    const { runtime } = this.#options
    const timer = runtime.setTimer(runtime.nowMs() + timeoutMs, () => {
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
        this.#options,
      )
    } finally {
      timer.cancel()
    }
  }

  #resolve(
    host: string,
    { timeoutMs = DEFAULT_DIAL_TIMEOUT_MS, localAddress }: Partial<DialOptions>,
  ): Promise<readonly string[]> {
    const { resolveHost, runtime } = this.#options
    return resolveAddresses(host, { resolveHost, runtime, timeoutMs, localAddress })
  }
}

function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if ('error' in endpoint) throw new TcpError('MP_TCP_BAD_ADDRESS', endpoint.error)
  return endpoint
}
