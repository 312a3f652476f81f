import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { CipherName } from '@mp/interface'
import { CLEAR_BYTES, type CreateFrameCipher, TAG_BYTES } from './frame-cipher.ts'

const TAG = { authTagLength: TAG_BYTES } as const

/**
 * node:crypto, which has no call that works in place: each frame costs a cipher object, buffers and a copy.
 *
 * The key becomes a KeyObject, since Node 24 takes four times as long with bytes. Node overwrites its copy when the
 * object is collected, some time after the last use.
 */
export function nodeFrameCipher(cipher: CipherName): CreateFrameCipher {
  // Both ciphers take the same calls, but the types of Node tell them apart by their names.
  const name = cipher as 'chacha20-poly1305'
  return (bytes, arena) => {
    const key = createSecretKey(bytes)
    return {
      seal: (nonce, start, end) => {
        const body = start + CLEAR_BYTES
        const sealing = createCipheriv(name, key, nonce, TAG)
        sealing.setAAD(arena.subarray(start, body), { plaintextLength: end - body })
        arena.set(sealing.update(arena.subarray(body, end)), body)
        sealing.final()
        arena.set(sealing.getAuthTag(), end)
      },
      open: (nonce, start, end) => {
        const body = start + CLEAR_BYTES
        const tag = end - TAG_BYTES
        const opening = createDecipheriv(name, key, nonce, TAG)
        opening.setAAD(arena.subarray(start, body), { plaintextLength: tag - body })
        opening.setAuthTag(arena.subarray(tag, end))
        const plain = opening.update(arena.subarray(body, tag))
        try {
          opening.final()
        } catch {
          return false
        }
        arena.set(plain, body)
        return true
      },
    }
  }
}
