import { createCipheriv } from 'node:crypto'
import type { AeadBox, BatchAead, CipherName } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { type AeadOptions, copyAeadKey, nodeAead, portableAead, sodiumAead } from '@mp/runtime-node'
import { testBatchAead } from '@mp/testkit/conformance'
import { describe, expect, it } from 'vitest'

const CIPHERS: readonly CipherName[] = ['aes-256-gcm', 'chacha20-poly1305']
const somePool = (): Mempool => new Mempool({ classes: [{ packetBytes: 1600, slots: 64 }] })
const sodium = sodiumAead({ pool: somePool(), cipher: 'chacha20-poly1305' })

function suite(cipher: CipherName, create: (options: AeadOptions) => BatchAead): void {
  testBatchAead({
    name: `${create.name} ${cipher}`,
    create: () => {
      const pool = somePool()
      return { pool, aead: create({ pool, cipher }), reference: (box) => sealedByNode(cipher, box) }
    },
  })
}

function sealedByNode(name: CipherName, { key, nonce, associatedData, data }: AeadBox): Uint8Array {
  const cipher = createCipheriv(name as 'chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(associatedData, { plaintextLength: data.length })
  return Uint8Array.from(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]))
}

for (const cipher of CIPHERS) suite(cipher, nodeAead)

describe.skipIf(sodium === undefined)('sodium [needs sodium-native]', () => {
  suite('chacha20-poly1305', (options) => sodiumAead(options)!)
})

describe('portable AEAD', () => {
  it('is node:crypto for AES-256-GCM, and sodium-native for ChaCha20 where that is installed', () => {
    const pool = somePool()
    const backends = CIPHERS.map((cipher) => portableAead({ pool, cipher }).backend)
    expect(backends).toEqual(['node', sodium === undefined ? 'node' : 'sodium'])
    expect(sodiumAead({ pool, cipher: 'aes-256-gcm' })).toBeUndefined()
  })

  it('copies a key also when it is given as a Buffer', () => {
    const bytes = Buffer.alloc(32, 7)
    const copy = copyAeadKey(bytes)
    bytes.fill(0)
    expect(copy).toEqual(new Uint8Array(32).fill(7))
  })
})
