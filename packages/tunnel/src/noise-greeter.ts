import { Initiator } from '@mp/secure-channel'
import type { InitiatorOptions } from '@mp/secure-channel'
import { FrameType } from '@mp/wire'
import type { Greet, Greeter, Welcome } from './greeter.ts'

export interface NoiseGreeterOptions extends InitiatorOptions {
  /** Our index for the session, 1…2^24-1. */
  readonly localIndex: number
  /** The calendar: ms since 1970, for the timestamp that hellos are ordered by. */
  readonly wallMs: () => number
  readonly greet: Greet
}

/** Greets with a Noise handshake; `@mp/secure-channel` says when and with what. */
export class NoiseGreeter implements Greeter {
  readonly #options: NoiseGreeterOptions
  readonly #initiator: Initiator
  /** A search began and nobody was greeted yet. */
  #dueMs = Infinity
  #attempt = 0

  constructor(options: NoiseGreeterOptions) {
    this.#options = options
    this.#initiator = new Initiator(options)
  }

  get running(): boolean {
    return this.#initiator.pending
  }

  start(nowMs: number, remoteIndex: number): void {
    if (this.running) return
    const { localIndex, wallMs } = this.#options
    this.#initiator.begin({ nowMs, wallMs: wallMs(), localIndex, remoteIndex })
    this.#attempt = 0
    this.#dueMs = nowMs
  }

  stop(): void {
    this.#initiator.cancel()
    this.#dueMs = Infinity
  }

  pollTimeout(): number {
    return Math.min(this.#dueMs, this.#initiator.pollTimeout())
  }

  handleTimeout(nowMs: number): void {
    const again = this.#initiator.handleTimeout(nowMs, this.#options.wallMs())
    if (!again && nowMs < this.#dueMs) return
    this.#dueMs = Infinity
    this.#options.greet(++this.#attempt)
  }

  writeHello(pathId: number, into: Uint8Array): number {
    return this.#initiator.helloFor(pathId, into)
  }

  handleAnswer(frame: Uint8Array): Welcome | string | undefined {
    if (typeOf(frame) === FrameType.cookie) return this.#initiator.handleCookie(frame)
    const result = this.#initiator.handleWelcome(frame)
    if (result.kind === 'drop') return result.reason
    this.#dueMs = Infinity
    return { remoteIndex: result.keys.remoteIndex, keys: result.keys }
  }
}

function typeOf(frame: Uint8Array): number {
  return (frame[0]! >>> 2) & 15
}
