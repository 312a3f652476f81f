import type { DialOptions, FrameHandler, Link, Runtime, Timer, Transport } from '@mp/interface'
import { Backoff } from './backoff.ts'
import type { BackoffOptions } from './backoff.ts'

/** How to keep a link up. */
export interface PersistentDialOptions extends DialOptions {
  /** Clock, timers and the randomness of the jitter. */
  readonly runtime: Runtime
  /** Delays between tries. */
  readonly backoff?: BackoffOptions
  /** A link that lived this long was a success: after it the delays begin anew, ms. Default 10 000. */
  readonly stableMs?: number
  /** A link is up. */
  onUp?(link: Link): void
  /** There is no link: once per outage, with why the first dial failed or the link ended. Trying goes on. */
  onDown?(error?: Error): void
  /** A dial of {@link PersistentLink.redial} failed, for this reason. The link there was stays, and trying goes on. */
  onRedialFailure?(error: Error): void
}

/** A link that comes back. */
export interface PersistentLink {
  /** The link while there is one. */
  readonly link: Link | undefined
  /**
   * Dials for another link until it has one, as the one there is may lead nowhere: a UDP socket keeps the address it
   * was opened with. That one stays in use until the other is up, and is closed then. Without a link it does nothing:
   * dialling is under way anyhow.
   */
  redial(): void
  /** The link there is works after all: ends what {@link PersistentLink.redial} began. */
  keep(): void
  /** Dials a link over `transport` beside the one in use, once: for a trial. Its frames and its end are told to the handler. */
  dialBeside(transport: Transport): Promise<Link>
  /** Has `link`, which {@link PersistentLink.dialBeside} made, take the place of the one in use, which is closed then. */
  adopt(link: Link): void
  /** There is no line to dial over: closes the link, and dials no more until {@link PersistentLink.resume}. Idempotent. */
  pause(): void
  /** Dials at once, when it was paused or waits for the next try; delays begin anew. */
  resume(): void
  /** Stops trying and closes the link. Idempotent. No callback but the handler's `onClose` follows. */
  close(): void
}

/**
 * Dials `endpoint` and dials again whenever that fails or the link ends, with growing, jittered delays, until closed.
 * It never gives up: also what looks final, as an address this machine does not have, may be there tomorrow.
 * Works with any {@link Transport}.
 */
export function dialPersistently(
  transport: Transport,
  endpoint: string,
  options: PersistentDialOptions,
): PersistentLink {
  const dialer = new PersistentDialer(transport, endpoint, options)
  dialer.dial()
  return dialer
}

const DEFAULT_STABLE_MS = 10_000

class PersistentDialer implements PersistentLink {
  link: Link | undefined
  readonly #transport: Transport
  readonly #endpoint: string
  readonly #options: PersistentDialOptions
  readonly #backoff: Backoff
  readonly #dialOptions: DialOptions
  /** Links that ended before the dial that made them was heard of. */
  readonly #stillborn = new WeakMap<Link, Error | undefined>()
  readonly #random = new Uint8Array(4)
  #retry: Timer | undefined
  #upSinceMs = 0
  #isDialing = false
  /** Another link is looked for while there is one. */
  #isReplacing = false
  #down = false
  #isPaused = false
  #closed = false

  constructor(transport: Transport, endpoint: string, options: PersistentDialOptions) {
    this.#transport = transport
    this.#endpoint = endpoint
    this.#options = options
    this.#backoff = new Backoff(options.backoff)
    this.#dialOptions = { ...options, handler: this.#watch(options.handler) }
  }

  dial(): void {
    this.#isDialing = true
    this.#transport.dial(this.#endpoint, this.#dialOptions).then(
      (link) => this.#up(link),
      (error: Error) => this.#fail(error),
    )
  }

  redial(): void {
    if (this.link === undefined || this.#isReplacing) return
    this.#isReplacing = true
    this.#resetBackoff()
    if (!this.#isDialing) this.dial()
  }

  keep(): void {
    if (!this.#isReplacing) return
    this.#isReplacing = false
    if (this.link !== undefined) this.#cancelRetry()
  }

  dialBeside(transport: Transport): Promise<Link> {
    return transport.dial(this.#endpoint, this.#dialOptions)
  }

  adopt(link: Link): void {
    if (this.#closed || this.#isPaused || this.#stillborn.has(link)) return link.close()
    this.#cancelRetry()
    this.#use(link)
  }

  pause(): void {
    this.#isPaused = true
    this.#isReplacing = false
    this.#letGo()
  }

  resume(): void {
    if (this.#closed || this.link !== undefined) return
    this.#isPaused = false
    this.#backoff.reset()
    this.#cancelRetry()
    if (!this.#isDialing) this.dial()
  }

  close(): void {
    this.#closed = true
    this.#letGo()
  }

  #letGo(): void {
    this.#cancelRetry()
    this.link?.close()
    this.link = undefined
  }

  /** The user's handler, with an eye on the end of the link. */
  #watch(handler: FrameHandler): FrameHandler {
    return {
      onFrames: (batch, source) => handler.onFrames(batch, source),
      onWritable: (link) => handler.onWritable(link),
      onUnreachable: (link, code) => handler.onUnreachable(link, code),
      onClose: (link, error) => {
        const current = link === this.link
        if (current) this.link = undefined
        else this.#stillborn.set(link, error)
        handler.onClose(link, error)
        if (current) this.#lost(error)
      },
    }
  }

  #up(link: Link): void {
    const old = this.link
    // While it was dialled the user closed or paused this, or found that the link there is works.
    if (this.#closed || this.#isPaused || (old !== undefined && !this.#isReplacing)) {
      this.#isDialing = false
      return link.close()
    }
    if (this.#stillborn.has(link)) return this.#fail(this.#stillborn.get(link))
    this.#isDialing = false
    this.#use(link)
  }

  #use(link: Link): void {
    const old = this.link
    this.#isReplacing = false
    this.link = link
    this.#down = false
    this.#upSinceMs = this.#options.runtime.nowMs()
    this.#options.onUp?.(link)
    old?.close()
  }

  #fail(error: Error | undefined): void {
    this.#isDialing = false
    if (this.link === undefined) return this.#lost(error)
    if (!this.#isReplacing) return
    this.#dialLater()
    this.#options.onRedialFailure?.(error ?? new Error('it ended at once'))
  }

  #lost(error: Error | undefined): void {
    if (this.#closed || this.#isPaused) return
    this.#isReplacing = false
    this.#resetBackoff()
    this.#dialLater()
    if (this.#down) return
    this.#down = true
    this.#options.onDown?.(error)
  }

  /** A link that was up for long enough makes up for what it took to get it. */
  #resetBackoff(): void {
    const { runtime, stableMs = DEFAULT_STABLE_MS } = this.#options
    if (!this.#down && runtime.nowMs() - this.#upSinceMs >= stableMs) this.#backoff.reset()
  }

  /** Unless a dial is under way or due: that one says what comes next. */
  #dialLater(): void {
    if (this.#isDialing || this.#retry !== undefined) return
    const { runtime } = this.#options
    this.#retry = runtime.setTimer(runtime.nowMs() + this.#backoff.nextDelayMs(this.#uniform()), () => {
      this.#retry = undefined
      this.dial()
    })
  }

  #cancelRetry(): void {
    this.#retry?.cancel()
    this.#retry = undefined
  }

  /** A number in 0…1. */
  #uniform(): number {
    this.#options.runtime.randomBytes(this.#random)
    return new DataView(this.#random.buffer).getUint32(0) / 2 ** 32
  }
}
