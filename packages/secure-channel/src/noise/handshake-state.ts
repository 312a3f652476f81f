import type { KeyPair } from '@mp/interface'
import { ascii, concat, EMPTY } from '../bytes.ts'
import type { NoiseSuite } from './symmetric-state.ts'
import { SymmetricState } from './symmetric-state.ts'

const KEY_BYTES = 32
const TAG_BYTES = 16
const CIPHER_NAMES = { 'chacha20-poly1305': 'ChaChaPoly', 'aes-256-gcm': 'AESGCM' } as const

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk'

/** A pattern of the Noise specification. */
export type NoisePattern = 'IK' | 'IKpsk2'

/** The messages of each pattern (§7.5, §9.4). In all of them the initiator knows the responder's static key before. */
const PATTERNS: Readonly<Record<NoisePattern, readonly (readonly Token[])[]>> = {
  IK: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se'],
  ],
  IKpsk2: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se', 'psk'],
  ],
}

/** What a {@link HandshakeState} begins with. */
export interface HandshakeStateOptions extends NoiseSuite {
  readonly pattern: NoisePattern
  /** Both sides must mix in the same. */
  readonly prologue: Uint8Array
  readonly staticKeys: KeyPair
  /** The responder's public key; makes this side the initiator. */
  readonly responderKey?: Uint8Array
}

/**
 * One side of a Noise handshake, pattern IK or IKpsk2 over X25519 and BLAKE2s: HandshakeState of the Noise
 * specification (revision 34, §5.3). The initiator writes, then reads; the responder reads, then writes.
 */
export class HandshakeState {
  readonly #options: HandshakeStateOptions
  readonly #initiator: boolean
  #symmetric: SymmetricState
  #messages: readonly (readonly Token[])[]
  #ephemeral: KeyPair | undefined
  #remoteEphemeral: Uint8Array = EMPTY
  #remoteStatic: Uint8Array
  #presharedKey: Uint8Array = new Uint8Array(KEY_BYTES)

  constructor(options: HandshakeStateOptions) {
    this.#options = options
    this.#initiator = options.responderKey !== undefined
    this.#remoteStatic = options.responderKey ?? EMPTY
    this.#messages = PATTERNS[options.pattern]
    const name = `Noise_${options.pattern}_25519_${CIPHER_NAMES[options.cipher]}_BLAKE2s`
    this.#symmetric = new SymmetricState(options, ascii(name))
    this.#symmetric.mixHash(options.prologue)
    this.#symmetric.mixHash(options.responderKey ?? options.staticKeys.publicKey)
  }

  /** The other side's static public key, 32 bytes; at the responder empty until the first message was read. */
  get remoteStatic(): Uint8Array {
    return this.#remoteStatic
  }

  /** See {@link SymmetricState.hash}. */
  get hash(): Uint8Array {
    return this.#symmetric.hash
  }

  /** Sets the key both sides share besides, 32 bytes; until then it is zero, which adds nothing to plain IK. */
  setPresharedKey(key: Uint8Array): void {
    this.#presharedKey = key
  }

  /**
   * Throws RangeError when the responder's public key is of low order, so that nobody can own it, or when all
   * messages have passed.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    const [tokens] = this.#messages
    if (tokens === undefined) throw new RangeError('the handshake has no further message to write')
    const parts: Uint8Array[] = []
    for (const token of tokens) parts.push(this.#writeToken(token))
    parts.push(this.#symmetric.encryptAndHash(payload))
    this.#messages = this.#messages.slice(1)
    return concat(...parts)
  }

  /** The payload, or undefined when the message is not authentic; then nothing has changed. */
  readMessage(message: Uint8Array): Uint8Array | undefined {
    const [tokens] = this.#messages
    if (tokens === undefined) return undefined
    const before = {
      symmetric: this.#symmetric.clone(),
      remoteEphemeral: this.#remoteEphemeral,
      remoteStatic: this.#remoteStatic,
    }
    let rest: Uint8Array | undefined = message
    for (const token of tokens) rest = rest && this.#readToken(token, rest)
    const payload = rest && this.#symmetric.decryptAndHash(rest)
    if (payload === undefined) {
      this.#symmetric = before.symmetric
      this.#remoteEphemeral = before.remoteEphemeral
      this.#remoteStatic = before.remoteStatic
    } else {
      this.#messages = this.#messages.slice(1)
    }
    return payload
  }

  /** The keys to send and to receive with, 32 bytes each, once both messages have passed. */
  split(): { readonly send: Uint8Array; readonly receive: Uint8Array } {
    const [initiator, responder] = this.#symmetric.split()
    return this.#initiator ? { send: initiator, receive: responder } : { send: responder, receive: initiator }
  }

  /** Overwrites the ephemeral private key. The handshake is over. */
  wipe(): void {
    this.#ephemeral?.privateKey.fill(0)
  }

  #writeToken(token: Token): Uint8Array {
    if (token === 'e') {
      this.#ephemeral = this.#options.crypto.generateKeyPair()
      this.#mixEphemeral(this.#ephemeral.publicKey)
      return this.#ephemeral.publicKey
    }
    if (token === 's') return this.#symmetric.encryptAndHash(this.#options.staticKeys.publicKey)
    if (!this.#mixShared(token)) throw new RangeError('the public key of the other side is not usable')
    return EMPTY
  }

  /** What is left of the message behind this token, or undefined. */
  #readToken(token: Token, message: Uint8Array): Uint8Array | undefined {
    if (token === 'e') {
      if (message.length < KEY_BYTES) return undefined
      this.#remoteEphemeral = message.slice(0, KEY_BYTES)
      this.#mixEphemeral(this.#remoteEphemeral)
      return message.subarray(KEY_BYTES)
    }
    if (token !== 's') return this.#mixShared(token) ? message : undefined
    if (message.length < KEY_BYTES + TAG_BYTES) return undefined
    const key = this.#symmetric.decryptAndHash(message.subarray(0, KEY_BYTES + TAG_BYTES))
    if (key === undefined) return undefined
    this.#remoteStatic = key
    return message.subarray(KEY_BYTES + TAG_BYTES)
  }

  /** With a preshared key in the pattern, an ephemeral key is also key material (§9.2). */
  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey)
    if (this.#options.pattern === 'IKpsk2') this.#symmetric.mixKey(publicKey)
  }

  /** @returns false when a key of low order makes the shared secret zero. */
  #mixShared(token: Exclude<Token, 'e' | 's'>): boolean {
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash(this.#presharedKey)
      return true
    }
    // The first letter is the initiator's key, the second the responder's.
    const [mine, theirs] = this.#initiator ? [token[0], token[1]] : [token[1], token[0]]
    const own = mine === 'e' ? this.#ephemeral : this.#options.staticKeys
    const shared =
      own &&
      this.#options.crypto.agree(own.privateKey, theirs === 'e' ? this.#remoteEphemeral : this.#remoteStatic)
    if (shared === undefined) return false
    this.#symmetric.mixKey(shared)
    shared.fill(0)
    return true
  }
}
