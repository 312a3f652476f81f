import type { CipherName, Crypto } from '@mp/interface'
import { viewOf } from '../bytes.ts'

const NONCE_BYTES = 12

/** What a {@link CipherState} is made of. */
export interface CipherStateOptions {
  readonly crypto: Crypto
  readonly cipher: CipherName
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** A key and the number of the next message under it: CipherState of the Noise specification (revision 34, §5.1). */
export class CipherState {
  readonly #options: CipherStateOptions
  #next: number

  constructor(options: CipherStateOptions, next = 0) {
    this.#options = options
    this.#next = next
  }

  /** A second state that goes its own way from here. */
  clone(): CipherState {
    return new CipherState(this.#options, this.#next)
  }

  /** Ciphertext with the tag behind it. */
  seal(associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const { crypto, cipher, key } = this.#options
    const sealed = crypto.seal(cipher, { key, nonce: this.#nonce(), associatedData, data: plaintext })
    this.#next++
    return sealed
  }

  /** Plaintext, or undefined when the message is not authentic; then its number is still expected. */
  open(associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const { crypto, cipher, key } = this.#options
    const opened = crypto.open(cipher, { key, nonce: this.#nonce(), associatedData, data: ciphertext })
    if (opened !== undefined) this.#next++
    return opened
  }

  /** 32 zero bits and the number in 64, little-endian for ChaChaPoly and big-endian for AESGCM (§12.3, §12.4). */
  #nonce(): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES)
    const littleEndian = this.#options.cipher === 'chacha20-poly1305'
    viewOf(nonce).setUint32(littleEndian ? 4 : 8, this.#next, littleEndian)
    return nonce
  }
}
