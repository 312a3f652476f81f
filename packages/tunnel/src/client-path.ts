import type { Transport } from '@mp/interface'
import { checkSettings } from './path-settings.ts'
import type { PathSettings } from './path-settings.ts'
import { MAX_PATHS } from './session.ts'

/** One way to the server. */
export interface ClientPath extends Partial<PathSettings> {
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
}

/** Throws RangeError for a number of paths, settings or a name that cannot work. */
export function checkPaths(paths: readonly ClientPath[]): void {
  if (paths.length > MAX_PATHS) {
    throw new RangeError(`expected at most ${MAX_PATHS} paths, found ${paths.length}`)
  }
  const names = new Set<string>()
  for (const path of paths) {
    const { name } = path
    if (names.has(name)) throw new RangeError(`there are two paths named '${name}': give each its own name`)
    names.add(name)
    checkSettings(name, path)
  }
}
