import type { Crypto } from '@mp/interface'
import { ascii } from './bytes.ts'
import type { ClearWords } from './layout.ts'
import {
  COOKIE_BYTES,
  COOKIE_FRAME_BYTES,
  COOKIE_NONCE_BYTES,
  cookieParts,
  FrameType,
  writeClear,
} from './layout.ts'
import { mac1Of } from './macs.ts'

const SECRET_BYTES = 32
/** How long the responder makes cookies from one secret, ms. */
const SECRET_LIFETIME_MS = 120_000
const CIPHER = 'chacha20-poly1305'

/** The key that hides cookies from those who do not know the responder. */
function cookieKey(crypto: Crypto, responderKey: Uint8Array): Uint8Array {
  return crypto.hash(ascii('multipathd cookie'), responderKey)
}

/**
 * The responder's side of cookies: a cookie is a MAC of the sender's address, so it is given out without remembering
 * anything, and only who receives at that address can know it.
 */
export class CookieIssuer {
  readonly #crypto: Crypto
  readonly #key: Uint8Array
  #secret: Uint8Array
  #secretUntilMs = -Infinity

  constructor(crypto: Crypto, responderKey: Uint8Array) {
    this.#crypto = crypto
    this.#key = cookieKey(crypto, responderKey)
    this.#secret = crypto.randomBytes(SECRET_BYTES)
  }

  /** The cookie of an address, 16 bytes; another one every 120 s. */
  cookieOf(source: string, nowMs: number): Uint8Array {
    if (nowMs >= this.#secretUntilMs) {
      this.#secret.fill(0)
      this.#secret = this.#crypto.randomBytes(SECRET_BYTES)
      this.#secretUntilMs = nowMs + SECRET_LIFETIME_MS
    }
    return this.#crypto.hmac(this.#secret, ascii(source)).subarray(0, COOKIE_BYTES)
  }

  /**
   * Writes the cookie frame that answers `hello` to `into`. It is a third of the hello's size and bound to its first
   * MAC, so nobody can give a cookie to an initiator whose hello he has not seen.
   * @returns bytes written.
   */
  writeReply(hello: Uint8Array, reply: CookieReply): number {
    const { words, cookie, into } = reply
    const frame = into.subarray(0, COOKIE_FRAME_BYTES)
    writeClear(frame, { type: FrameType.cookie, receiver: words.sender, pathId: words.pathId, sender: 0 })
    const { nonce, sealed } = cookieParts(frame)
    nonce.set(this.#crypto.randomBytes(COOKIE_NONCE_BYTES))
    const box = { key: this.#key, nonce, associatedData: mac1Of(hello), data: cookie }
    sealed.set(this.#crypto.seal(CIPHER, box))
    return COOKIE_FRAME_BYTES
  }
}

interface CookieReply {
  /** The clear words of the hello. */
  readonly words: ClearWords
  readonly cookie: Uint8Array
  readonly into: Uint8Array
}

/** The initiator's side of cookies. */
export class CookieReader {
  readonly #crypto: Crypto
  readonly #key: Uint8Array

  constructor(crypto: Crypto, responderKey: Uint8Array) {
    this.#crypto = crypto
    this.#key = cookieKey(crypto, responderKey)
  }

  /** The cookie in a frame that answers the hello with this first MAC, or undefined when it does not. */
  open(frame: Uint8Array, mac1: Uint8Array): Uint8Array | undefined {
    const { nonce, sealed } = cookieParts(frame)
    return this.#crypto.open(CIPHER, { key: this.#key, nonce, associatedData: mac1, data: sealed })
  }
}
