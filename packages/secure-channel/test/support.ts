import type { Crypto, KeyPair } from '@mp/interface'
import { nodeCrypto } from '@mp/runtime-node'

/** One for all tests, so that keys are imported once. */
export const systemCrypto: Crypto = nodeCrypto()

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
export const hexText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** A key pair from its private half. */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  return { privateKey, publicKey: systemCrypto.publicKeyOf(privateKey) }
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Counts what costs: X25519 agreements and MACs. */
export function countingCrypto(): {
  readonly crypto: Crypto
  readonly calls: { agree: number; hmac: number }
} {
  const calls = { agree: 0, hmac: 0 }
  const crypto: Crypto = {
    ...systemCrypto,
    agree: (privateKey, publicKey) => {
      calls.agree++
      return systemCrypto.agree(privateKey, publicKey)
    },
    hmac: (key, ...parts) => {
      calls.hmac++
      return systemCrypto.hmac(key, ...parts)
    },
  }
  return { crypto, calls }
}
