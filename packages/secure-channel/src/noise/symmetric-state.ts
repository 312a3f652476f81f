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
    const [chainingKey, key] = this.#expand(material)
    this.#chainingKey = chainingKey
    this.#cipherState = new CipherState({ ...this.#suite, key })
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hashed, key] = this.#expand(material)
    this.#chainingKey = chainingKey
    this.mixHash(hashed)
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
    const [initiator, responder] = this.#expand(EMPTY)
    return [initiator, responder]
  }

  /** HKDF of §4.3 with three outputs; who needs two leaves the third. */
  #expand(material: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
    const { crypto } = this.#suite
    const secret = crypto.hmac(this.#chainingKey, material)
    const first = crypto.hmac(secret, Uint8Array.of(1))
    const second = crypto.hmac(secret, first, Uint8Array.of(2))
    const third = crypto.hmac(secret, second, Uint8Array.of(3))
    secret.fill(0)
    return [first, second, third]
  }
}
