/** Ciphers a channel may use for its data: both AEADs with 32-byte keys, 12-byte nonces and 16-byte tags. */
export type CipherName = 'chacha20-poly1305' | 'aes-256-gcm'

/** An X25519 key pair, 32 bytes each. */
export interface KeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/**
 * The primitives a secure channel is built from; none of them is hand-made. `@mp/runtime-node` has them from
 * node:crypto. Used for handshakes, a few calls each; packets go through {@link BatchAead}.
 *
 * Implementations may remember X25519 keys by the identity of their arrays: never write another key into an array that
 * was used as one (overwriting it with zeros when done is fine). Every result is on memory of its own.
 */
export interface Crypto {
  generateKeyPair(): KeyPair
  /** The public key that belongs to an X25519 private key of 32 bytes. */
  publicKeyOf(privateKey: Uint8Array): Uint8Array
  /**
   * X25519 (RFC 7748). Undefined when the result is all zero: a peer's key of low order. Throws RangeError for a key
   * that has not 32 bytes.
   */
  agree(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined
  /** BLAKE2s-256 (RFC 7693) over the parts in order, 32 bytes. */
  hash(...parts: readonly Uint8Array[]): Uint8Array
  /** HMAC (RFC 2104) with BLAKE2s-256 over the parts in order, 32 bytes. */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** Ciphertext with the tag behind it. */
  seal(cipher: CipherName, box: AeadBox): Uint8Array
  /** Plaintext, or undefined when the tag does not fit. */
  open(cipher: CipherName, box: AeadBox): Uint8Array | undefined
  /** Compares in constant time; false for different lengths. */
  equal(a: Uint8Array, b: Uint8Array): boolean
  /** Fresh bytes from the system. */
  randomBytes(lengthBytes: number): Uint8Array
}

/** What goes into one AEAD call. */
export interface AeadBox {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes, never twice with one key. */
  readonly nonce: Uint8Array
  /** Authenticated, not encrypted. */
  readonly associatedData: Uint8Array
  /** Plaintext for `seal`, ciphertext and tag for `open`. */
  readonly data: Uint8Array
}
