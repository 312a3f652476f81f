import type { DialOptions, FrameHandler, Link, Listener, Runtime, Transport } from '@mp/interface'

/** What a {@link FallbackTransport} chooses from. */
export interface FallbackOptions {
  /** Used while it works. */
  readonly preferred: Transport
  /** Used while that one does not. */
  readonly fallback: Transport
  readonly runtime: Runtime
}

/** Where a link ended over which nothing had come for so long, the other transport is tried, ms. */
const SILENT_MS = 2000

/**
 * Two transports as one, which takes the other one when dialling has failed or nothing comes back. That nothing is sent
 * by dialling, as over UDP, does not matter: it listens to the links it made. One per path; who dials again when a
 * path does not work ({@link dialPersistently}) thereby finds the transport that does.
 *
 * Back to the preferred one it goes only when dialled again: see {@link FallbackTransport.preferred}.
 */
export class FallbackTransport implements Transport {
  readonly name: string
  /** The preferred transport alone: for a trial beside a link of the other one. */
  readonly preferred: Transport
  readonly #options: FallbackOptions
  /** The transport dialled last, and the one over which something came last, with the time. */
  #dialed: Transport | undefined
  #heard: Transport | undefined
  #heardMs = -Infinity
  /** The last link has ended by itself: whoever dials without that has found that it does not work, though one direction may. */
  #hasEnded = false
  readonly #preferredLinks = new WeakSet<Link>()

  constructor(options: FallbackOptions) {
    const { preferred, fallback } = options
    this.#options = options
    this.name = `${preferred.name} or ${fallback.name}`
    this.preferred = {
      name: preferred.name,
      dial: (endpoint, wishes) => this.#dial(preferred, endpoint, wishes),
      listen: (endpoint, handler) => preferred.listen(endpoint, handler),
    }
  }

  dial(endpoint: string, options: DialOptions): Promise<Link> {
    return this.#dial(this.#choose(), endpoint, options)
  }

  /** Whether `link` was dialled over the preferred transport. */
  isPreferred(link: Link): boolean {
    return this.#preferredLinks.has(link)
  }

  /** Listens over the preferred transport. */
  listen(endpoint: string, handler: FrameHandler): Promise<Listener> {
    return this.#options.preferred.listen(endpoint, handler)
  }

  #choose(): Transport {
    const { preferred, fallback, runtime } = this.#options
    if (this.#hasEnded && this.#heard !== undefined && runtime.nowMs() - this.#heardMs < SILENT_MS)
      return this.#heard
    return this.#dialed === preferred ? fallback : preferred
  }

  async #dial(transport: Transport, endpoint: string, options: DialOptions): Promise<Link> {
    this.#dialed = transport
    this.#hasEnded = false
    const { handler } = options
    const listening: FrameHandler = {
      onFrames: (batch, source) => {
        this.#heard = transport
        this.#heardMs = this.#options.runtime.nowMs()
        handler.onFrames(batch, source)
      },
      onWritable: (link) => handler.onWritable(link),
      onUnreachable: (link, code) => handler.onUnreachable(link, code),
      onClose: (link, error) => {
        if (transport === this.#dialed) this.#hasEnded = true
        handler.onClose(link, error)
      },
    }
    const link = await transport.dial(endpoint, { ...options, handler: listening })
    if (transport === this.#options.preferred) this.#preferredLinks.add(link)
    return link
  }
}
