import type { CipherName, Crypto, KeyPair } from '@mp/interface'
import type { Mempool } from '@mp/mempool'
import { nodeCrypto, portableAead } from '@mp/runtime-node'
import { seededRandom } from '@mp/testkit'
import type { Runtime } from '@mp/interface'
import type { Security } from '../../src/security.ts'

/** Any day after 1970 will do. */
const FIRST_DAY_MS = 1_800_000_000_000

/** Primitives whose chance comes from a seed. */
export function seededCrypto(seed: number): Crypto {
  const random = seededRandom(seed)
  const crypto = nodeCrypto()
  const randomBytes = (lengthBytes: number): Uint8Array =>
    Uint8Array.from({ length: lengthBytes }, () => random() * 256)
  const generateKeyPair = (): KeyPair => {
    const privateKey = randomBytes(32)
    return { privateKey, publicKey: crypto.publicKeyOf(privateKey) }
  }
  return { ...crypto, randomBytes, generateKeyPair }
}

export interface SecurityWishes {
  readonly runtime: Runtime
  readonly pool: Mempool
  readonly crypto: Crypto
  readonly staticKeys: KeyPair
  /** The one cipher it has. Default ChaCha20-Poly1305. */
  readonly cipher?: CipherName | undefined
}

/** What one end needs to speak Noise. */
export function securityOf({ runtime, pool, crypto, staticKeys, cipher }: SecurityWishes): Security {
  const isAes = cipher === 'aes-256-gcm'
  return {
    crypto,
    staticKeys,
    costs: { 'chacha20-poly1305': isAes ? 0 : 1, 'aes-256-gcm': isAes ? 1 : 0 },
    aeadOf: (name) => portableAead({ pool, cipher: name }),
    wallMs: () => FIRST_DAY_MS + runtime.nowMs(),
  }
}
