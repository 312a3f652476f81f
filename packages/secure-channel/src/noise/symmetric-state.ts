import type { CipherName, Crypto } from '@mp/interface'
import { concat, EMPTY } from '../bytes.ts'
import { CipherState } from './cipher-state.ts'

const HASH_BYTES = 32

/** The primitives of a handshake: X25519 and BLAKE2s are fixed, the AEAD is not. */
export interface NoiseSuite {
  readonly crypto: Crypto
  readonly cipher: CipherName
}

/**
 * Chaining key, transcript hash and message key of a handshake: SymmetricState of the Noise specification
 * (revision 34, §5.2). Arrays are replaced and never written to, so a clone is a few references.
 */
export class SymmetricState {
  readonly #suite: NoiseSuite
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #cipherState: CipherState | undefined

  constructor(suite: NoiseSuite, protocolName: Uint8Array) {
    this.#suite = suite
    this.#hash =
      protocolName.length <= HASH_BYTES
        ? concat(protocolName, new Uint8Array(HASH_BYTES - protocolName.length))
        : suite.crypto.hash(protocolName)
    this.#chainingKey = this.#hash
  }

  /** Hash of all that was said, 32 bytes: names this handshake, on both sides alike. */
  get hash(): Uint8Array {
    return this.#hash
  }

  clone(): SymmetricState {
    const copy = new SymmetricState(this.#suite, EMPTY)
    copy.#hash = this.#hash
    copy.#chainingKey = this.#chainingKey
    copy.#cipherState = this.#cipherState?.clone()
    return copy
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#suite.crypto.hash(this.#hash, data)
  }

  mixKey(material: Uint8Array): void {
    const { secret, first, second } = this.#expand(material)
    secret.fill(0)
    this.#chainingKey = first
    this.#cipherState = new CipherState({ ...this.#suite, key: second })
  }

  mixKeyAndHash(material: Uint8Array): void {
    const { secret, first, second } = this.#expand(material)
    const key = this.#suite.crypto.hmac(secret, second, Uint8Array.of(3))
    secret.fill(0)
    this.#chainingKey = first
    this.mixHash(second)
    this.#cipherState = new CipherState({ ...this.#suite, key })
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipherState?.seal(this.#hash, plaintext) ?? plaintext
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** Undefined when the ciphertext is not authentic; then the state has not changed. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext =
      this.#cipherState === undefined ? ciphertext : this.#cipherState.open(this.#hash, ciphertext)
    if (plaintext !== undefined) this.mixHash(ciphertext)
    return plaintext
  }

  /** The keys of both directions: of what the initiator sends, and of what the responder sends. */
  split(): readonly [Uint8Array, Uint8Array] {
    const { secret, first, second } = this.#expand(EMPTY)
    secret.fill(0)
    return [first, second]
  }

  /** HKDF of §4.3 up to its second output; the secret, to be wiped, makes further ones. */
  #expand(material: Uint8Array): { secret: Uint8Array; first: Uint8Array; second: Uint8Array } {
    const { crypto } = this.#suite
    const secret = crypto.hmac(this.#chainingKey, material)
    const first = crypto.hmac(secret, Uint8Array.of(1))
    const second = crypto.hmac(secret, first, Uint8Array.of(2))
    return { secret, first, second }
  }
}
