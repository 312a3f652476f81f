import type { CipherName } from '@mp/interface'
import { CLEAR_BYTES, type CreateFrameCipher } from './frame-cipher.ts'
import { nodeCrypto } from './node-crypto.ts'

/** node:crypto, which has no call that works in place: each frame costs a cipher object, buffers and a copy. */
export function nodeFrameCipher(cipher: CipherName): CreateFrameCipher {
  const crypto = nodeCrypto()
  return (key, arena) => ({
    seal: (nonce, start, end) => {
      const body = start + CLEAR_BYTES
      const associatedData = arena.subarray(start, body)
      const data = arena.subarray(body, end)
      arena.set(crypto.seal(cipher, { key, nonce, associatedData, data }), body)
    },
    open: (nonce, start, end) => {
      const body = start + CLEAR_BYTES
      const associatedData = arena.subarray(start, body)
      const data = arena.subarray(body, end)
      const plain = crypto.open(cipher, { key, nonce, associatedData, data })
      if (plain !== undefined) arena.set(plain, body)
      return plain !== undefined
    },
  })
}
