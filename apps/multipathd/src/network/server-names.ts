import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { DialOptions, Link, Transport } from '@mp/interface'
import { formatEndpoint, parseEndpoint } from '@mp/runtime-node'

export interface ServerNamesOptions {
  /** All addresses of a host, best first. Default: as the system says. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** Told of addresses before they are dialled, and waited for. */
  readonly onAddresses: (ips: readonly string[]) => Promise<void>
}

/** One address of several does not answer for this long: the next one, ms. */
const DIAL_MS = 3000

/** Where a path leads to: what its name meant last, and which of the addresses is at hand. */
interface Way {
  readonly host: string
  ips: readonly string[]
  turn: number
  /** The address at hand has shown that it works. */
  works: boolean
}

/**
 * Looks up the names of servers for the paths that lead to them, at each dial and now and then. When a name means
 * nothing any more, what it meant last is tried; when an address leads nowhere, the next dial takes the next one.
 */
export class ServerNames {
  readonly #options: ServerNamesOptions
  readonly #ways = new Map<string, Way>()

  constructor(options: ServerNamesOptions) {
    this.#options = options
  }

  /** The transport of a path, with the lookup in front. */
  transportFor(path: string, transport: Transport): Transport {
    return {
      name: transport.name,
      listen: (endpoint, handler) => transport.listen(endpoint, handler),
      dial: (endpoint, options) => this.#dial(path, transport, { ...options, endpoint }),
    }
  }

  /** The path works as it is. */
  handleWorking(path: string): void {
    const way = this.#ways.get(path)
    if (way !== undefined) way.works = true
  }

  /** Looks all names up again. @returns the paths whose address, as `ipOf` says it, is not one of them any more. */
  async findMoved(ipOf: (path: string) => string | undefined): Promise<readonly string[]> {
    const moved: string[] = []
    for (const [path, way] of this.#ways) {
      const ip = ipOf(path)
      const ips = await this.#lookUp(way.host)
      if (ip !== undefined && ips.length > 0 && !ips.includes(ip)) moved.push(path)
    }
    return moved
  }

  async #dial(
    path: string,
    transport: Transport,
    { endpoint, ...options }: DialOptions & { readonly endpoint: string },
  ): Promise<Link> {
    const parsed = parseEndpoint(endpoint)
    // What is no endpoint is for the transport to refuse.
    if ('error' in parsed) return transport.dial(endpoint, options)
    const { host, port } = parsed
    if (isIP(host) !== 0) {
      await this.#options.onAddresses([host])
      return transport.dial(endpoint, options)
    }
    const ips = await this.#nextOf(path, host, options.localAddress)
    // With none the transport says why.
    if (ips.length === 0) return transport.dial(endpoint, options)
    await this.#options.onAddresses(ips)
    let failure: unknown
    for (const ip of ips) {
      try {
        // The next address is only for when this one fails.
        return await transport.dial(formatEndpoint(ip, port), { timeoutMs: DIAL_MS, ...options })
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** The addresses to try, in order. */
  async #nextOf(path: string, host: string, localAddress: string | undefined): Promise<readonly string[]> {
    const found = await this.#lookUp(host)
    const way = this.#ways.get(path) ?? { host, ips: [], turn: -1, works: false }
    this.#ways.set(path, way)
    if (found.length > 0) way.ips = found
    const family = localAddress === undefined ? 0 : isIP(localAddress)
    const ips = way.ips.filter((ip) => family === 0 || isIP(ip) === family)
    if (!way.works) way.turn++
    way.works = false
    const first = ips.length === 0 ? 0 : way.turn % ips.length
    return [...ips.slice(first), ...ips.slice(0, first)]
  }

  #lookUp(host: string): Promise<readonly string[]> {
    const { resolve = resolveHost } = this.#options
    return resolve(host).catch(() => [])
  }
}

async function resolveHost(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true })
  return found.map(({ address }) => address)
}
