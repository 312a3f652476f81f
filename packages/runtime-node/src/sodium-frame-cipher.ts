import { createRequire } from 'node:module'
import { CLEAR_BYTES, type CreateFrameCipher, TAG_BYTES } from './frame-cipher.ts'

/** The two functions of sodium-native that are used. Both allow input and output to be one memory. */
interface Sodium {
  crypto_aead_chacha20poly1305_ietf_encrypt(...box: Box): number
  /** Throws when the tag does not fit. */
  crypto_aead_chacha20poly1305_ietf_decrypt(...box: OpenBox): number
}
type Box = [
  sealed: Uint8Array,
  plain: Uint8Array,
  associated: Uint8Array,
  secretNonce: null,
  nonce: Uint8Array,
  key: Uint8Array,
]
type OpenBox = [
  plain: Uint8Array,
  secretNonce: null,
  sealed: Uint8Array,
  associated: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
]

/** ChaCha20-Poly1305 of libsodium; undefined when sodium-native, an optional peer, is not installed or does not load. */
export function sodiumFrameCipher(): CreateFrameCipher | undefined {
  const sodium = loadSodium()
  if (sodium === undefined) return undefined
  return (key, arena) => ({
    seal: (nonce, start, end) => {
      const body = start + CLEAR_BYTES
      const sealed = arena.subarray(body, end + TAG_BYTES)
      const clear = arena.subarray(start, body)
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        sealed,
        arena.subarray(body, end),
        clear,
        null,
        nonce,
        key,
      )
    },
    open: (nonce, start, end) => {
      const body = start + CLEAR_BYTES
      const plain = arena.subarray(body, end - TAG_BYTES)
      const sealed = arena.subarray(body, end)
      const clear = arena.subarray(start, body)
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plain, null, sealed, clear, nonce, key)
        return true
      } catch {
        return false
      }
    },
  })
}

function loadSodium(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium
  } catch {
    return undefined
  }
}
