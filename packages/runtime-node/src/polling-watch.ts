import { networkInterfaces } from 'node:os'
import type { NetworkHandler, NetworkInterface, NetworkWatch, Runtime, Timer } from '@mp/interface'

/** How to watch by looking. */
export interface PollingWatchOptions {
  readonly runtime: Runtime
  /** Time between two looks, ms. Default 2000. */
  readonly intervalMs?: number
  /** Looks. Default: `networkInterfaces` of node:os, which leaves out interfaces that are down. */
  readonly look?: typeof networkInterfaces
}

const DEFAULT_INTERVAL_MS = 2000

/**
 * Looks at the interfaces of this machine every now and then, for systems that do not tell. It does not see what is
 * over between two looks, nor routes; an interface that is down, or has no address, is not there.
 */
export function pollingWatch(options: PollingWatchOptions): NetworkWatch {
  return new PollingWatch(options)
}

class PollingWatch implements NetworkWatch {
  readonly backend = 'polling'
  readonly #options: PollingWatchOptions
  #handler: NetworkHandler | undefined
  #timer: Timer | undefined
  #told = ''
  #isClosed = false

  constructor(options: PollingWatchOptions) {
    this.#options = options
  }

  start(handler: NetworkHandler): void {
    if (this.#handler !== undefined) throw new Error('start was called before: it is called once')
    if (this.#isClosed) throw new Error('start was called after close')
    this.#handler = handler
    this.#lookIn(0)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #lookIn(ms: number): void {
    const { runtime, intervalMs = DEFAULT_INTERVAL_MS } = this.#options
    this.#timer = runtime.setTimer(runtime.nowMs() + ms, () => {
      this.#lookIn(intervalMs)
      this.#look()
    })
  }

  #look(): void {
    const { look = networkInterfaces } = this.#options
    const interfaces = interfacesOf(look())
    const text = JSON.stringify(interfaces)
    if (text === this.#told) return
    this.#told = text
    this.#handler?.onInterfaces(interfaces)
  }
}

function interfacesOf(found: ReturnType<typeof networkInterfaces>): readonly NetworkInterface[] {
  return Object.entries(found).map(([name, addresses = []]) => ({
    name,
    isUp: true,
    // Those of IPv6 that are valid on their link only have the number of the link.
    addresses: addresses.flatMap(({ address, scopeid = 0 }) =>
      scopeid === 0 ? [{ ip: address, isDeprecated: false }] : [],
    ),
  }))
}
