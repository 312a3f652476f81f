import type { CipherName, Crypto, KeyPair } from '@mp/interface'
import { isZero } from './bytes.ts'
import { CookieIssuer } from './cookies.ts'
import type { Answer } from './answers.ts'
import { Answers } from './answers.ts'
import type { ClearWords, LayoutDrop } from './layout.ts'
import {
  FrameType,
  HELLO_BYTES,
  isIndex,
  noiseMessage,
  pathlessPart,
  readClear,
  WELCOME_BYTES,
  writeClear,
} from './layout.ts'
import { FrameMacs, mac2Of } from './macs.ts'
import type { HandshakeState } from './noise/handshake-state.ts'
import type { CipherCosts } from './payload.ts'
import { chooseCipher, decodeHello, encodeWelcome } from './payload.ts'
import type { SessionKeys } from './session-keys.ts'
import { sessionHandshake } from './session-keys.ts'
import { SourceLimiter } from './source-limiter.ts'
import { TokenBucket } from './token-bucket.ts'

const HANDSHAKES_PER_SECOND = 50
const HELLOS_PER_SECOND = 10_000

/** What must be known of a peer to answer it. */
export interface KnownPeer {
  /** 32 bytes that both sides share besides; without, it is as if they were zero. */
  readonly presharedKey?: Uint8Array
}

/** Who we are, whom we answer, and how much of it. */
export interface ResponderOptions<P extends KnownPeer> {
  readonly crypto: Crypto
  readonly staticKeys: KeyPair
  readonly costs: CipherCosts
  /** The peer with this public key of 32 bytes; nobody else is answered. */
  readonly peerOf: (publicKey: Uint8Array) => P | undefined
  /**
   * Handshakes computed for senders who have not shown that they receive at their address; above it a cookie is
   * demanded. Each address that has shown it may do as many. Default 50.
   */
  readonly handshakesPerSecond?: number
  /** Hellos looked at in all, that is MACs computed for strangers; what is above is dropped. Default 10 000. */
  readonly hellosPerSecond?: number
}

/** A hello as it came. */
export interface ReceivedHello {
  /** The whole frame. It is not kept. */
  readonly frame: Uint8Array
  /** Where it came from, as `host:port` with brackets around IPv6. */
  readonly source: string
  readonly nowMs: number
}

/** Why a hello was dropped. */
export type HelloDrop =
  | LayoutDrop
  | 'hello-flood'
  | 'bad-mac1'
  | 'forged-hello'
  | 'replayed-hello'
  | 'source-limit'
  | 'unknown-peer'
  | 'bad-hello'
  | 'no-common-cipher'

/**
 * What to do about a hello. After `cookie` and `repeat` send the first `lengthBytes` of `into` back to where the hello
 * came from; `accept` is to be answered with {@link AcceptedHello.respond}.
 */
export type HelloResult<P extends KnownPeer> =
  | { readonly kind: 'drop'; readonly reason: HelloDrop }
  | { readonly kind: 'cookie' | 'repeat'; readonly lengthBytes: number }
  | { readonly kind: 'accept'; readonly hello: AcceptedHello<P> }

/** A hello of a known peer, authentic and new. */
export interface AcceptedHello<P extends KnownPeer> {
  readonly peer: P
  /** The peer's static key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** The path it came on. */
  readonly pathId: number
  /** The peer's index: what frames to it carry. */
  readonly remoteIndex: number
  /** Our index of the session that wants new keys; 0 = a new session. It may be one we do not have. */
  readonly session: number
  readonly cipher: CipherName
  /**
   * Writes the welcome to the front of the `into` of the call that gave this, and remembers it: to be called once, or
   * not at all to refuse. Send it back to where the hello came from. That the peer is there now and not only was once
   * is known with the first frame under the new keys: keep an old session until then.
   */
  respond(answer: WelcomeAnswer): { readonly lengthBytes: number; readonly keys: SessionKeys }
}

/** How a hello is answered. */
export interface WelcomeAnswer {
  /** Our index, which the peer's frames will carry: 1…2^24-1. When a session goes on, the one it has. */
  readonly localIndex: number
  /** The epoch of the new keys, 0…3, when the session goes on; without it a new session begins with epoch 0. */
  readonly epoch?: number
}

/**
 * The side that is found at an address. It keeps silent to all who do not know its public key, computes no X25519 and
 * remembers nothing for those who merely know that, and answers only peers it was told of. Too many hellos make it ask
 * for a cookie first.
 *
 * The same hello may come several times, over several paths or because the welcome was lost: it is answered each time
 * with the same welcome, so all of them mean one session.
 */
export class Responder<P extends KnownPeer> {
  readonly #options: ResponderOptions<P>
  readonly #macs: FrameMacs
  readonly #cookies: CookieIssuer
  readonly #answers = new Answers()
  readonly #hellos: TokenBucket
  readonly #unproven: TokenBucket
  readonly #proven: SourceLimiter
  #loaded = false

  constructor(options: ResponderOptions<P>) {
    const { crypto, staticKeys } = options
    const perSecond = options.handshakesPerSecond ?? HANDSHAKES_PER_SECOND
    const hellosPerSecond = options.hellosPerSecond ?? HELLOS_PER_SECOND
    this.#options = options
    this.#macs = new FrameMacs(crypto, staticKeys.publicKey)
    this.#cookies = new CookieIssuer(crypto, staticKeys.publicKey)
    this.#hellos = new TokenBucket(hellosPerSecond, hellosPerSecond)
    this.#unproven = new TokenBucket(perSecond, perSecond)
    this.#proven = new SourceLimiter({ perSecond, burst: 2 * perSecond })
  }

  /** Demand cookies from now on (or no longer), however few hellos there are: the machine is busy otherwise. */
  setLoaded(loaded: boolean): void {
    this.#loaded = loaded
  }

  /** Forgets a peer that was removed. */
  forget(publicKey: Uint8Array): void {
    this.#answers.forget(publicKey)
  }

  /**
   * Takes a hello frame; `into` gets what may have to be sent back. Throws RangeError when `into` has less room than
   * a hello.
   */
  handleHello(hello: ReceivedHello, into: Uint8Array): HelloResult<P> {
    if (into.length < HELLO_BYTES)
      throw new RangeError(`an answer needs up to ${HELLO_BYTES} bytes, not ${into.length}`)
    const { frame, nowMs } = hello
    const words = readClear(frame, FrameType.hello)
    if (typeof words === 'string') return drop(words)
    if (!this.#hellos.take(nowMs)) return drop('hello-flood')
    if (!this.#macs.fitsMac1(frame)) return drop('bad-mac1')
    const known = this.#answers.find(frame, nowMs)
    if (this.#needsCookie(hello, known !== undefined)) return this.#sendCookie(hello, words, into)
    if (typeof known === 'string') return drop(known)
    if (known === undefined) return this.#read(hello, words, into)
    return { kind: 'repeat', lengthBytes: this.#writeWelcome(known, words.pathId, into) }
  }

  #needsCookie({ frame, source, nowMs }: ReceivedHello, known: boolean): boolean {
    // A wrong proof is told also when none is needed: the cookie may be older than our secret.
    if (hasProof(frame)) return !this.#macs.fitsMac2(frame, this.#cookies.cookieOf(source, nowMs))
    if (known) return false
    return this.#loaded || !this.#unproven.take(nowMs)
  }

  #sendCookie({ frame, source, nowMs }: ReceivedHello, words: ClearWords, into: Uint8Array): HelloResult<P> {
    const reply = { words, cookie: this.#cookies.cookieOf(source, nowMs), into }
    return { kind: 'cookie', lengthBytes: this.#cookies.writeReply(frame, reply) }
  }

  /** From here on it costs X25519. */
  #read(hello: ReceivedHello, words: ClearWords, into: Uint8Array): HelloResult<P> {
    const { crypto, staticKeys, peerOf, costs } = this.#options
    if (hasProof(hello.frame) && !this.#proven.take(hello.source, hello.nowMs)) return drop('source-limit')
    const noise = sessionHandshake({ crypto, staticKeys }, words.sender)
    const bytes = noise.readMessage(noiseMessage(hello.frame))
    if (bytes === undefined) return drop('forged-hello')
    const publicKey = noise.remoteStatic
    const peer = peerOf(publicKey)
    if (peer === undefined) return drop('unknown-peer')
    const payload = decodeHello(bytes)
    if (payload === undefined) return drop('bad-hello')
    if (!this.#answers.isNew(publicKey, payload.timestamp)) return drop('replayed-hello')
    const cipher = chooseCipher(costs, payload.costs)
    if (cipher === undefined) return drop('no-common-cipher')
    if (peer.presharedKey !== undefined) noise.setPresharedKey(peer.presharedKey)
    const known = { peer, publicKey, pathId: words.pathId, remoteIndex: words.sender, cipher }
    const reading = { ...known, noise, into, timestamp: payload.timestamp, nowMs: hello.nowMs }
    const read: Reading = { ...reading, hello: pathlessPart(hello.frame).slice() }
    const respond: AcceptedHello<P>['respond'] = (answer) => this.#respond(read, answer)
    return { kind: 'accept', hello: { ...known, session: payload.session, respond } }
  }

  #respond(
    read: Reading,
    answer: WelcomeAnswer,
  ): { readonly lengthBytes: number; readonly keys: SessionKeys } {
    const { noise, cipher, remoteIndex } = read
    const { localIndex, epoch = 0 } = answer
    const fresh = answer.epoch === undefined
    if (!isIndex(localIndex)) throw new RangeError(`no index of a session: ${localIndex}`)
    if (!Number.isInteger(epoch) || epoch < 0 || epoch > 3)
      throw new RangeError(`no epoch of 0 to 3: ${epoch}`)
    const message = noise.writeMessage(encodeWelcome({ epoch, fresh, sender: localIndex, cipher }))
    const { hello, publicKey, timestamp } = read
    const remembered = { hello, publicKey, timestamp, remoteIndex, localIndex, message }
    this.#answers.remember(remembered, read.nowMs)
    const keys = {
      cipher,
      epoch,
      fresh,
      localIndex,
      remoteIndex,
      ...noise.split(),
      handshakeHash: noise.hash,
    }
    noise.wipe()
    return { lengthBytes: this.#writeWelcome(remembered, read.pathId, read.into), keys }
  }

  /** The welcome on one path: only its path id and so its MACs differ from those on the others. */
  #writeWelcome(answer: Answer, pathId: number, into: Uint8Array): number {
    const { remoteIndex, localIndex, message, publicKey } = answer
    const frame = into.subarray(0, WELCOME_BYTES)
    writeClear(frame, { type: FrameType.welcome, receiver: remoteIndex, pathId, sender: localIndex })
    noiseMessage(frame).set(message)
    new FrameMacs(this.#options.crypto, publicKey).write(frame, undefined)
    return WELCOME_BYTES
  }
}

/** What is known of a hello once it was read. */
interface Reading {
  readonly noise: HandshakeState
  readonly into: Uint8Array
  readonly hello: Uint8Array
  readonly publicKey: Uint8Array
  readonly pathId: number
  readonly remoteIndex: number
  readonly cipher: CipherName
  readonly timestamp: Uint8Array
  readonly nowMs: number
}

/** Whether the sender claims to have a cookie. */
function hasProof(hello: Uint8Array): boolean {
  return !isZero(mac2Of(hello))
}

function drop(reason: HelloDrop): { readonly kind: 'drop'; readonly reason: HelloDrop } {
  return { kind: 'drop', reason }
}
