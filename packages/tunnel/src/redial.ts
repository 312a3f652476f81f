import type { DialOptions, FrameHandler, Link, Runtime, Timer, Transport } from '@mp/interface'
import { Backoff } from './backoff.ts'

/** First and last wait between two tries, ms, and the factor between one wait and the next. */
const FIRST_MS = 250
const LAST_MS = 30_000
const FACTOR = 2

export interface RedialOptions extends DialOptions {
  readonly transport: Transport
  /** `host:port`. */
  readonly endpoint: string
  readonly runtime: Runtime
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** There is a link now. Its end comes through `handler.onClose`. */
  readonly onLink: (link: Link) => void
  /** The endpoint could not be dialled. Said once per outage; the tries go on. */
  readonly onFailure: (error: Error) => void
}

/** Keeps one link open: dials, and dials again whenever it fails or ends, with growing waits, until closed. */
export class Redial {
  readonly #options: RedialOptions
  readonly #handler: FrameHandler
  readonly #backoff: Backoff
  #timer: Timer | undefined
  #link: Link | undefined
  #isClosed = false
  #isFailing = false

  /** Begins to dial at once. */
  constructor(options: RedialOptions) {
    this.#options = options
    const { random } = options
    this.#backoff = new Backoff({ firstMs: FIRST_MS, lastMs: LAST_MS, factor: FACTOR, random })
    this.#handler = this.#watch(options.handler)
    this.#dial()
  }

  /** Stops trying. The link there is stays open: it belongs to the one it was given to. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #dial(): void {
    const { transport, endpoint } = this.#options
    const dialled = transport.dial(endpoint, { ...this.#options, handler: this.#handler })
    dialled.then(
      (link) => this.#handleLink(link),
      (error: Error) => this.#handleFailure(error),
    )
  }

  #handleLink(link: Link): void {
    if (this.#isClosed) return link.close()
    this.#link = link
    this.#isFailing = false
    this.#options.onLink(link)
  }

  #handleFailure(error: Error): void {
    if (this.#isClosed) return
    this.#retry()
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.onFailure(error)
  }

  #retry(): void {
    if (this.#isClosed) return
    const { runtime } = this.#options
    this.#timer = runtime.setTimer(runtime.nowMs() + this.#backoff.nextMs(), () => this.#dial())
  }

  /** The owner's handler, overheard: frames prove that dialling works, an end asks for the next link. */
  #watch(handler: FrameHandler): FrameHandler {
    return {
      onFrames: (batch, source) => {
        this.#backoff.reset()
        handler.onFrames(batch, source)
      },
      onWritable: (link) => handler.onWritable(link),
      onUnreachable: (link, code) => handler.onUnreachable(link, code),
      onClose: (link, error) => {
        handler.onClose(link, error)
        if (link === this.#link) this.#retry()
      },
    }
  }
}
