import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Runtime, Timer } from '@mp/interface'
import { EndpointError } from './endpoint.ts'

/** Turns a host name into IP addresses, best first. `family` 0 means both. */
export type ResolveHost = (host: string, family: 0 | 4 | 6) => Promise<readonly string[]>

/** Asks the resolver of the system, as every program on this machine does. */
async function askSystem(host: string, family: 0 | 4 | 6): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, family })
  return found.map(({ address }) => address)
}

export interface ResolveOptions {
  /** Default: as the system does. */
  readonly resolveHost?: ResolveHost | undefined
  readonly runtime: Runtime
  readonly timeoutMs: number
  /** The addresses found must be of its family. */
  readonly localAddress: string | undefined
}

/**
 * The IP addresses of `host` that can be reached from the local address, at least one. Rejects with an
 * {@link EndpointError}, or with what the resolver says.
 */
export async function resolveAddresses(host: string, options: ResolveOptions): Promise<readonly string[]> {
  const { localAddress } = options
  const family = localAddress === undefined ? 0 : isIP(localAddress)
  if (localAddress !== undefined && family === 0) {
    throw new EndpointError('BAD_ADDRESS', `local address '${localAddress}' is not an IP address`)
  }
  const hostFamily = isIP(host)
  if (hostFamily !== 0) {
    if (family === 0 || family === hostFamily) return [host]
    throw new EndpointError(
      'BAD_ADDRESS',
      `cannot reach ${host} from ${localAddress}: both must be IPv4, or both IPv6`,
    )
  }
  const found = await withDeadline(
    host,
    (options.resolveHost ?? askSystem)(host, family as 0 | 4 | 6),
    options,
  )
  if (found.length > 0) return found
  throw new EndpointError('UNRESOLVED', `${host} has no address${family === 0 ? '' : ` of IPv${family}`}`)
}

/** Lookups cannot be cancelled: one that takes too long is left to itself. */
async function withDeadline<T>(host: string, looking: Promise<T>, options: ResolveOptions): Promise<T> {
  const { runtime, timeoutMs } = options
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = runtime.setTimer(runtime.nowMs() + timeoutMs, () => {
      const message = `cannot resolve ${host}: no answer within ${timeoutMs} ms; check the DNS settings`
      reject(new EndpointError('TIMEOUT', message))
    })
  })
  try {
    return await Promise.race([looking, late])
  } finally {
    timer?.cancel()
  }
}
