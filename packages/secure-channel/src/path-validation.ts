import type { Machine } from '@mp/interface'
import { compareBytes } from './bytes.ts'

/** A challenge and its response, bytes. */
export const CHALLENGE_BYTES = 8
/** Bytes that may be sent to an address that has not answered yet, for each byte received from it (RFC 9000 §8.1). */
const AMPLIFICATION = 3
const RETRY_MS = 250
const TIMEOUT_MS = 3000

/** What came of the validation of an address. */
export type PathValidationEvent = 'validated' | 'failed'

/** What begins the validation of an address. */
export interface PathValidationOptions {
  readonly nowMs: number
  /** 8 random bytes, under encryption on their way: who repeats them is there and has our keys. */
  readonly challenge: Uint8Array
  /** The first pause before the challenge is sent again, ms; it doubles. Default 250; about twice the RTT is good. */
  readonly retryMs?: number
  /** When to give up, ms from now. Default 3000. */
  readonly timeoutMs?: number
}

/**
 * Finds out whether the peer really is at a new address: sends a challenge there until it comes back (RFC 9000 §8.2),
 * and keeps count so that a spoofed address is not flooded in the meantime. One object per candidate address; the
 * path goes on at its old address until `validated`.
 */
export class PathValidation implements Machine<Uint8Array, PathValidationEvent> {
  readonly #challenge: Uint8Array
  readonly #failsAtMs: number
  #sendAtMs: number
  #pauseMs: number
  #creditBytes = 0
  #state: 'validating' | PathValidationEvent = 'validating'
  #told = false

  constructor(options: PathValidationOptions) {
    const { challenge, nowMs } = options
    if (challenge.length !== CHALLENGE_BYTES) {
      throw new RangeError(`a challenge has ${CHALLENGE_BYTES} bytes, not ${challenge.length}`)
    }
    this.#challenge = challenge.slice()
    this.#pauseMs = options.retryMs ?? RETRY_MS
    this.#failsAtMs = nowMs + (options.timeoutMs ?? TIMEOUT_MS)
    this.#sendAtMs = nowMs
  }

  get state(): 'validating' | PathValidationEvent {
    return this.#state
  }

  /** Something authentic came from the address: `frameBytes` with all the headers of the frame. */
  handleReceived(frameBytes: number): void {
    this.#creditBytes += AMPLIFICATION * frameBytes
  }

  /** Whether a frame of this size may go to the address now. */
  canSend(frameBytes: number): boolean {
    return this.#state === 'validated' || (this.#state === 'validating' && frameBytes <= this.#creditBytes)
  }

  /** A frame of this size went to the address. */
  handleSent(frameBytes: number): void {
    this.#creditBytes -= frameBytes
  }

  /** A response came, from any address: what counts is that the challenge went only to this one. */
  handleResponse(response: Uint8Array): void {
    if (this.#state !== 'validating' || compareBytes(response, this.#challenge) !== 0) return
    this.#state = 'validated'
  }

  pollTimeout(): number {
    if (this.#state !== 'validating') return Infinity
    return Math.min(this.#sendAtMs, this.#failsAtMs)
  }

  handleTimeout(nowMs: number): void {
    if (this.#state === 'validating' && nowMs >= this.#failsAtMs) this.#state = 'failed'
  }

  /**
   * The challenge, when it is time to send it: to the address if {@link canSend} the frame. One that may not be sent
   * counts as lost and has its turn again.
   */
  pollTransmit(nowMs: number): Uint8Array | undefined {
    if (this.#state !== 'validating' || nowMs < this.#sendAtMs) return undefined
    this.#sendAtMs = nowMs + this.#pauseMs
    this.#pauseMs *= 2
    return this.#challenge
  }

  pollEvent(): PathValidationEvent | undefined {
    if (this.#state === 'validating' || this.#told) return undefined
    this.#told = true
    return this.#state
  }
}
