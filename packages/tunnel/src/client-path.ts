import type { Transport } from '@mp/interface'
import { MAX_PATHS } from './session.ts'

/** One way to the server. */
export interface ClientPath {
  /** For people; unique. */
  readonly name: string
  readonly transport: Transport
  /** Taken while nothing comes back over `transport`, which is tried again now and then. Default: none. */
  readonly fallback?: Transport
  /** `host:port` of the server. */
  readonly endpoint: string
  /** Local IP address to leave from. Default: the routing table decides. */
  readonly localAddress?: string
  /** Network interface to leave through. */
  readonly device?: string
  /** Mark of the packets, for routing rules and firewalls. */
  readonly mark?: number
  /** Relative share of bytes, both ways, an integer 1…65535. Default 1. */
  readonly weight?: number
}

/** What fits into the field of a probe that tells the weight. */
const MAX_WEIGHT = 0xffff

/** Throws RangeError for a number of paths, a weight or a name that cannot work. */
export function checkPaths(paths: readonly Pick<ClientPath, 'name' | 'weight'>[]): void {
  if (paths.length > MAX_PATHS) {
    throw new RangeError(`expected at most ${MAX_PATHS} paths, found ${paths.length}`)
  }
  const names = new Set<string>()
  for (const { name, weight = 1 } of paths) {
    if (names.has(name)) throw new RangeError(`there are two paths named '${name}': give each its own name`)
    names.add(name)
    if (Number.isInteger(weight) && weight >= 1 && weight <= MAX_WEIGHT) continue
    throw new RangeError(
      `path '${name}': expected a weight that is an integer from 1 to ${MAX_WEIGHT}, found ${weight}`,
    )
  }
}
