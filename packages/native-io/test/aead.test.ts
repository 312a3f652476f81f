import type { BatchAead, CipherName } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { requires } from '@mp/netlab'
import { nodeAead, nodeCrypto, sodiumAead } from '@mp/runtime-node'
import { testBatchAead } from '@mp/testkit/conformance'
import { describe, expect, it, vi } from 'vitest'
import { chooseAead, loadNativeIo, measureCiphers, type NativeIo } from '@mp/native-io'

const { io } = loadNativeIo()
const missing = requires([], { native: io !== undefined })
const CIPHERS: readonly CipherName[] = ['aes-256-gcm', 'chacha20-poly1305']
const somePool = (): Mempool => new Mempool({ classes: [{ packetBytes: 1600, slots: 64 }] })

function nativeAead(pool: Mempool, cipher: CipherName): BatchAead {
  const result = io!.createAead({ pool, cipher })
  if (result.aead === undefined) throw new Error(result.reason)
  return result.aead
}

describe.skipIf(missing.length > 0)('native AEAD [needs native]', () => {
  for (const cipher of CIPHERS) {
    testBatchAead({
      name: `native ${cipher}`,
      create: () => {
        const pool = somePool()
        const crypto = nodeCrypto()
        return { pool, aead: nativeAead(pool, cipher), reference: (box) => crypto.seal(cipher, box) }
      },
    })

    it(`opens what others seal with ${cipher}, and the other way round`, () => {
      const pool = somePool()
      const others = [nodeAead({ pool, cipher }), sodiumAead({ pool, cipher }) ?? []].flat()
      const aeads = [nativeAead(pool, cipher), ...others]
      const keys = aeads.map((aead) => aead.createKey(new Uint8Array(32).fill(9)))
      const batch = pool.createBatch(1)
      const slot = pool.acquire()
      batch.push(slot, pool.offsetOf(slot), 900)
      for (const sealer of keys) {
        for (const opener of keys) {
          sealer.seal(batch, { from: 0, to: 1, pathId: 0, firstCounter: 5 })
          expect(opener.open(batch, { from: 0, to: 1, counters: Float64Array.of(5) })).toBe(1)
        }
      }
      expect(batch.length[0]).toBe(900)
      pool.releaseAll(batch)
    })
  }

  it('says why there is no cipher of a name that OpenSSL does not know', () => {
    const result = io!.createAead({ pool: somePool(), cipher: 'rot13' as CipherName })
    expect(result).toMatchObject({ aead: undefined, reason: 'the OpenSSL of this program lacks the cipher' })
  })

  it('keeps keys apart that nobody wiped, and survives their collection', () => {
    const pool = somePool()
    const aead = nativeAead(pool, 'aes-256-gcm')
    for (let i = 0; i < 5000; i++) aead.createKey(new Uint8Array(32).fill(i))
    const batch = pool.createBatch(1)
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 100)
    const key = aead.createKey(new Uint8Array(32))
    key.seal(batch, { from: 0, to: 1, pathId: 0, firstCounter: 0 })
    expect(key.open(batch, { from: 0, to: 1, counters: new Float64Array(1) })).toBe(1)
    pool.releaseAll(batch)
  })
})

describe('choosing an AEAD', () => {
  const none = { io: undefined, reason: 'there is no compiler' } as const

  it.skipIf(missing.length > 0)('takes the addon where it loads, and says so [needs native]', () => {
    const { aead, reason } = chooseAead({ pool: somePool(), cipher: 'aes-256-gcm' })
    expect([aead.backend, aead.cipher]).toEqual(['native', 'aes-256-gcm'])
    expect(reason).toMatch(/^OpenSSL \S+ in batches$/)
  })

  it('takes a portable one without the addon, and says why', () => {
    const { aead, reason } = chooseAead({ pool: somePool(), cipher: 'aes-256-gcm', native: none })
    expect([aead.backend, aead.cipher]).toEqual(['node', 'aes-256-gcm'])
    expect(reason).toBe('node:crypto packet by packet, because there is no compiler')
  })

  it('takes a portable one where OpenSSL is not found, and says why', () => {
    const without = { createAead: () => ({ aead: undefined, reason: 'no EVP' }) } as unknown as NativeIo
    const { aead, reason } = chooseAead({ pool: somePool(), cipher: 'aes-256-gcm', native: { io: without } })
    expect(aead.backend).toBe('node')
    expect(reason).toContain('because no EVP')
  })

  it('finds the cheaper cipher by measuring both, and leaves nothing behind', () => {
    const pool = somePool()
    const costs = measureCiphers({ pool, native: none })
    for (const cipher of CIPHERS) expect(costs[cipher]).toBeGreaterThan(10)
    const { aead, reason } = chooseAead({ pool, native: none })
    expect(CIPHERS).toContain(aead.cipher)
    expect(reason).toMatch(/; measured per packet: aes-256-gcm \d+ ns, chacha20-poly1305 \d+ ns$/)
    expect(pool.inUse).toBe(0)
  })

  it('finds it also where the machine was busy with something else at first', () => {
    let nowMs = 0
    let rounds = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
    const sealFor = (cipher: CipherName): number => {
      if (cipher === 'chacha20-poly1305') return 0.016
      return rounds++ < 4 ? 20 : 0.008
    }
    const createAead = ({ cipher }: { cipher: CipherName }): object => {
      const key = { seal: () => void (nowMs += sealFor(cipher)), wipe: () => {} }
      return { aead: { backend: 'native', cipher, createKey: () => key } }
    }
    try {
      const { aead } = chooseAead({ pool: somePool(), native: { io: { createAead } as unknown as NativeIo } })
      expect(aead.cipher).toBe('aes-256-gcm')
    } finally {
      clock.mockRestore()
    }
  })

  it('cannot measure without memory, and says so', () => {
    const pool = new Mempool({ classes: [{ packetBytes: 1000, slots: 4 }] })
    expect(() => measureCiphers({ pool, native: none })).toThrow(/1400 bytes/)
  })
})
