import { existsSync, readFileSync } from 'node:fs'
import type { CipherName } from '@mp/interface'
import { nodeCrypto } from '@mp/runtime-node'
import { describe, expect, test } from 'vitest'

const crypto = nodeCrypto()
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('hex')
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('RFC vectors', () => {
  test('X25519 agrees as in RFC 7748 §6.1', () => {
    const alice = bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
    const bob = bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
    expect(hex(crypto.publicKeyOf(alice))).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    )
    expect(hex(crypto.publicKeyOf(bob))).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    )
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
    expect(hex(crypto.agree(alice, crypto.publicKeyOf(bob)))).toBe(shared)
    expect(hex(crypto.agree(bob, crypto.publicKeyOf(alice)))).toBe(shared)
  })

  test('X25519 multiplies as in RFC 7748 §5.2', () => {
    const scalar = bytes('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4')
    const point = bytes('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c')
    expect(hex(crypto.agree(scalar, point))).toBe(
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    )
  })

  test('BLAKE2s hashes "abc" as in RFC 7693 appendix B, in one part or several', () => {
    const expected = '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982'
    expect(hex(crypto.hash(ascii('abc')))).toBe(expected)
    expect(hex(crypto.hash(ascii('a'), ascii(''), ascii('bc')))).toBe(expected)
  })

  test('ChaCha20-Poly1305 seals as in RFC 8439 §2.8.2', () => {
    const box = {
      key: bytes('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
      nonce: bytes('070000004041424344454647'),
      associatedData: bytes('50515253c0c1c2c3c4c5c6c7'),
      data: ascii(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
    }
    const sealed = crypto.seal('chacha20-poly1305', box)
    expect(hex(sealed.subarray(0, 16))).toBe('d31a8d34648e60db7b86afbc53ef7ec2')
    expect(hex(sealed.subarray(-16))).toBe('1ae10b594f09e26a7e902ecbd0600691')
    expect(crypto.open('chacha20-poly1305', { ...box, data: sealed })).toEqual(box.data)
  })
})

test('HMAC is RFC 2104 over BLAKE2s', () => {
  const key = crypto.randomBytes(32)
  const message = crypto.randomBytes(100)
  const pad = (byte: number): Uint8Array => Uint8Array.from({ length: 64 }, (_, i) => (key[i] ?? 0) ^ byte)
  const expected = crypto.hash(pad(0x5c), crypto.hash(pad(0x36), message))
  expect(crypto.hmac(key, message.subarray(0, 7), message.subarray(7))).toEqual(expected)
})

test('generated key pairs agree with each other and with keys made from their bytes', () => {
  const a = crypto.generateKeyPair()
  const b = crypto.generateKeyPair()
  const copy = Uint8Array.from(a.privateKey)
  expect(crypto.publicKeyOf(copy)).toEqual(a.publicKey)
  expect(crypto.agree(copy, b.publicKey)).toEqual(crypto.agree(b.privateKey, a.publicKey))
})

test('a public key of low order agrees on nothing', () => {
  expect(crypto.agree(crypto.generateKeyPair().privateKey, new Uint8Array(32))).toBeUndefined()
})

test('a key that is not 32 bytes long is misuse', () => {
  expect(() => crypto.publicKeyOf(new Uint8Array(31))).toThrow(RangeError)
})

test('results are plain arrays whose slices are copies', () => {
  const key = crypto.randomBytes(32)
  const box = { key, nonce: new Uint8Array(12), associatedData: key, data: key }
  const sealed = crypto.seal('aes-256-gcm', box)
  const opened = crypto.open('aes-256-gcm', { ...box, data: sealed })
  for (const result of [key, sealed, opened, crypto.hash(key), crypto.generateKeyPair().publicKey]) {
    expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
  }
})

test('equal compares content and takes any lengths', () => {
  expect(crypto.equal(bytes('0102'), bytes('0102'))).toBe(true)
  expect(crypto.equal(bytes('0102'), bytes('0103'))).toBe(false)
  expect(crypto.equal(bytes('0102'), bytes('010200'))).toBe(false)
})

interface AeadCase {
  readonly tcId: number
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: 'valid' | 'invalid'
}
interface AgreeCase {
  readonly tcId: number
  readonly public: string
  readonly private: string
  readonly shared: string
}
interface Group<Case> {
  readonly ivSize: number
  readonly keySize: number
  readonly tagSize: number
  readonly tests: readonly Case[]
}

const folder = new URL('../../../../shared/vectors/wycheproof/', import.meta.url)
const groups = <Case>(file: string): readonly Group<Case>[] =>
  (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { testGroups: readonly Group<Case>[] })
    .testGroups

describe.skipIf(!existsSync(folder))('Wycheproof [needs shared/vectors/wycheproof]', () => {
  const aeads: readonly (readonly [CipherName, string])[] = [
    ['chacha20-poly1305', 'chacha20_poly1305.json'],
    ['aes-256-gcm', 'aes_gcm.json'],
  ]
  test.each(aeads)('%s: every case with our sizes of key, nonce and tag', (cipher, file) => {
    const ours = groups<AeadCase>(file).filter(
      ({ ivSize, keySize, tagSize }) => ivSize === 96 && keySize === 256 && tagSize === 128,
    )
    const cases = ours.flatMap(({ tests }) => tests)
    expect(cases.length).toBeGreaterThan(50)
    for (const one of cases) {
      const box = { key: bytes(one.key), nonce: bytes(one.iv), associatedData: bytes(one.aad) }
      const opened = crypto.open(cipher, { ...box, data: bytes(one.ct + one.tag) })
      expect([one.tcId, hex(opened)]).toEqual([one.tcId, one.result === 'valid' ? one.msg : undefined])
      if (one.result === 'invalid') continue
      expect([one.tcId, hex(crypto.seal(cipher, { ...box, data: bytes(one.msg) }))]).toEqual([
        one.tcId,
        one.ct + one.tag,
      ])
    }
  })

  test('x25519: every case, and nothing where the shared secret would be zero', () => {
    const cases = groups<AgreeCase>('x25519.json').flatMap(({ tests }) => tests)
    expect(cases.length).toBeGreaterThan(500)
    for (const one of cases) {
      const expected = /^0+$/.test(one.shared) ? undefined : one.shared
      expect([one.tcId, hex(crypto.agree(bytes(one.private), bytes(one.public)))]).toEqual([
        one.tcId,
        expected,
      ])
    }
  })
})
