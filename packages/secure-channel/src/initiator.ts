import type { Crypto, KeyPair } from '@mp/interface'
import { isZero } from './bytes.ts'
import { CookieReader } from './cookies.ts'
import type { LayoutDrop } from './layout.ts'
import { FrameType, HELLO_BYTES, isIndex, noiseMessage, readClear, writeClear } from './layout.ts'
import { FrameMacs, mac1Of, mac2Of } from './macs.ts'
import type { HandshakeState } from './noise/handshake-state.ts'
import type { CipherCosts, WelcomePayload } from './payload.ts'
import { decodeWelcome, encodeHello } from './payload.ts'
import type { SessionKeys } from './session-keys.ts'
import { MESSAGE_LIFETIME_MS, sessionHandshake } from './session-keys.ts'
import { TimestampClock } from './timestamp.ts'

/** The first pause between hellos, ms; each is {@link BACKOFF} times the one before, up to {@link MAX_RETRY_MS}. */
const FIRST_RETRY_MS = 250
/**
 * With 1.25 nine hellos leave in the first 5 s: enough that of handshakes over one path that loses 30 % both ways
 * 99 % are done by then. With 1.5 there are seven, and it is not.
 */
const BACKOFF = 1.25
const MAX_RETRY_MS = 2000
/** A pause is shortened by up to this share, so that many clients of one server do not keep step. */
const JITTER = 0.2

/** Who we are, whom we want to talk to, and what our ciphers cost. */
export interface InitiatorOptions {
  readonly crypto: Crypto
  readonly staticKeys: KeyPair
  /** The responder's public key, 32 bytes. */
  readonly responderKey: Uint8Array
  /** 32 bytes that both sides share besides; without, it is as if they were zero. */
  readonly presharedKey?: Uint8Array
  readonly costs: CipherCosts
}

/** What begins a handshake. */
export interface HandshakeStart {
  readonly nowMs: number
  /** Unix time, ms. */
  readonly wallMs: number
  /** Our index, which the responder's frames will carry: 1…2^24-1. */
  readonly localIndex: number
  /** The responder's index of the session that wants new keys; 0 = a new session. */
  readonly remoteIndex: number
}

/** Why a welcome was dropped. */
export type WelcomeDrop =
  | LayoutDrop
  | 'late-welcome'
  | 'bad-receiver'
  | 'bad-mac1'
  | 'forged-welcome'
  | 'bad-welcome'

/** Why a cookie was dropped. */
export type CookieDrop = LayoutDrop | 'late-cookie' | 'bad-receiver' | 'forged-cookie'

/** What came of a welcome. */
export type WelcomeResult =
  | { readonly kind: 'keys'; readonly keys: SessionKeys }
  | { readonly kind: 'drop'; readonly reason: WelcomeDrop }

interface Attempt {
  readonly start: HandshakeStart
  readonly noise: HandshakeState
  /** The Noise message, the same on all paths. */
  readonly message: Uint8Array
  readonly untilMs: number
  /** What was sent and what came back on each path; at most one entry for each of 256 ids. */
  readonly paths: Map<number, { readonly mac1: Uint8Array; cookie?: Uint8Array }>
}

/**
 * The side that opens sessions and renews their keys. The same hello travels on all paths, so any of them may be the
 * first; it is repeated as it is until a welcome comes, because one that is still under way can then be used, however
 * long the round trip. After 10 s it is made anew, with another ephemeral key: an answer to it is not awaited any
 * longer, the key has been used long enough, and the responder may have restarted.
 *
 * Only the newest hello can be answered. So the two sides never hold keys of different handshakes for one epoch.
 */
export class Initiator {
  readonly #options: InitiatorOptions
  readonly #timestamps = new TimestampClock()
  readonly #sending: FrameMacs
  readonly #receiving: FrameMacs
  readonly #cookies: CookieReader
  #attempt: Attempt | undefined
  #retryAtMs = Infinity
  #pauseMs = FIRST_RETRY_MS

  /** Throws RangeError when a key is not 32 bytes long or no cipher is left to use. */
  constructor(options: InitiatorOptions) {
    const { crypto, responderKey, presharedKey, costs } = options
    if (responderKey.length !== 32)
      throw new RangeError(`a public key has 32 bytes, not ${responderKey.length}`)
    if (presharedKey !== undefined && presharedKey.length !== 32) {
      throw new RangeError(`a preshared key has 32 bytes, not ${presharedKey.length}`)
    }
    if (!Object.values(costs).some((ns) => ns > 0)) throw new RangeError('at least one cipher must be usable')
    this.#options = options
    this.#sending = new FrameMacs(crypto, responderKey)
    this.#receiving = new FrameMacs(crypto, options.staticKeys.publicKey)
    this.#cookies = new CookieReader(crypto, responderKey)
  }

  /** Whether a handshake is under way. */
  get pending(): boolean {
    return this.#attempt !== undefined
  }

  /**
   * Begins a handshake in the place of one that may be under way: send a hello on every path now.
   * Throws RangeError for an index out of range, or when nobody can own the responder's public key.
   */
  begin(start: HandshakeStart): void {
    if (!isIndex(start.localIndex)) throw new RangeError(`no index of a session: ${start.localIndex}`)
    if (start.remoteIndex !== 0 && !isIndex(start.remoteIndex)) {
      throw new RangeError(`neither 0 nor an index of a session: ${start.remoteIndex}`)
    }
    this.#prepare(start)
    this.#pauseMs = FIRST_RETRY_MS
    this.#retryAtMs = start.nowMs + this.#jittered()
  }

  /** Gives the handshake up. */
  cancel(): void {
    this.#attempt?.noise.wipe()
    this.#attempt = undefined
    this.#retryAtMs = Infinity
  }

  /** When {@link handleTimeout} must next run, ms; `Infinity` = never. */
  pollTimeout(): number {
    return this.#retryAtMs
  }

  /** @returns whether it is time to send a hello on every path again. */
  handleTimeout(nowMs: number, wallMs: number): boolean {
    if (this.#attempt === undefined || nowMs < this.#retryAtMs) return false
    if (nowMs >= this.#attempt.untilMs) this.#prepare({ ...this.#attempt.start, nowMs, wallMs })
    this.#pauseMs = Math.min(MAX_RETRY_MS, this.#pauseMs * BACKOFF)
    this.#retryAtMs = nowMs + this.#jittered()
    return true
  }

  /**
   * Writes the hello frame for one path to the front of `into`.
   * @returns its length, or 0 when no handshake is under way. Throws RangeError when `into` is too small.
   */
  helloFor(pathId: number, into: Uint8Array): number {
    const attempt = this.#attempt
    if (attempt === undefined) return 0
    if (into.length < HELLO_BYTES)
      throw new RangeError(`a hello needs ${HELLO_BYTES} bytes, not ${into.length}`)
    const frame = into.subarray(0, HELLO_BYTES)
    writeClear(frame, { type: FrameType.hello, receiver: 0, pathId, sender: attempt.start.localIndex })
    noiseMessage(frame).set(attempt.message)
    const cookie = attempt.paths.get(pathId)?.cookie
    this.#sending.write(frame, cookie)
    attempt.paths.set(pathId, { mac1: mac1Of(frame).slice(), ...(cookie && { cookie }) })
    return HELLO_BYTES
  }

  /** Takes a welcome frame from any path. Whatever is wrong with it, a handshake under way goes on. */
  handleWelcome(frame: Uint8Array): WelcomeResult {
    const attempt = this.#attempt
    if (attempt === undefined) return drop('late-welcome')
    const words = readClear(frame, FrameType.welcome)
    if (typeof words === 'string') return drop(words)
    if (words.receiver !== attempt.start.localIndex) return drop('bad-receiver')
    if (!this.#receiving.fitsMac1(frame)) return drop('bad-mac1')
    if (!isZero(mac2Of(frame))) return drop('bad-handshake')
    const bytes = attempt.noise.readMessage(noiseMessage(frame))
    if (bytes === undefined) return drop('forged-welcome')
    const payload = decodeWelcome(bytes)
    if (payload === undefined || payload.sender !== words.sender || !this.#fits(payload, attempt.start)) {
      return this.#refuse(attempt)
    }
    const { epoch, fresh, cipher } = payload
    const { localIndex } = attempt.start
    const named = { epoch, fresh, cipher, localIndex, remoteIndex: payload.sender }
    const keys = { ...named, ...attempt.noise.split(), handshakeHash: attempt.noise.hash }
    this.cancel()
    return { kind: 'keys', keys }
  }

  /**
   * Takes a cookie frame: the hello goes out with it next time.
   * @returns why the frame was dropped, if it was.
   */
  handleCookie(frame: Uint8Array): CookieDrop | undefined {
    const attempt = this.#attempt
    if (attempt === undefined) return 'late-cookie'
    const words = readClear(frame, FrameType.cookie)
    if (typeof words === 'string') return words
    if (words.receiver !== attempt.start.localIndex) return 'bad-receiver'
    const path = attempt.paths.get(words.pathId)
    if (path === undefined) return 'late-cookie'
    const cookie = this.#cookies.open(frame, path.mac1)
    if (cookie === undefined) return 'forged-cookie'
    path.cookie = cookie
    return undefined
  }

  /** Makes a new Noise message; cookies were for the old one. */
  #prepare(start: HandshakeStart): void {
    const { costs, presharedKey } = this.#options
    const noise = sessionHandshake(this.#options, start.localIndex)
    if (presharedKey !== undefined) noise.setPresharedKey(presharedKey)
    const timestamp = this.#timestamps.next(start.wallMs)
    const message = noise.writeMessage(encodeHello({ timestamp, session: start.remoteIndex, costs }))
    this.#attempt?.noise.wipe()
    this.#attempt = { start, noise, message, untilMs: start.nowMs + MESSAGE_LIFETIME_MS, paths: new Map() }
  }

  /** A new session begins with epoch 0; an old one keeps its index. And we must have offered the cipher. */
  #fits(payload: WelcomePayload, start: HandshakeStart): boolean {
    const consistent = payload.fresh ? payload.epoch === 0 : payload.sender === start.remoteIndex
    return consistent && this.#options.costs[payload.cipher] > 0
  }

  /** The responder is who it should be but speaks in riddles. The Noise state is spent: next time with a new one. */
  #refuse(attempt: Attempt): WelcomeResult {
    this.#attempt = { ...attempt, untilMs: -Infinity }
    return drop('bad-welcome')
  }

  #jittered(): number {
    const [byte = 0] = this.#options.crypto.randomBytes(1)
    return this.#pauseMs * (1 - (JITTER * byte) / 255)
  }
}

function drop(reason: WelcomeDrop): WelcomeResult {
  return { kind: 'drop', reason }
}
