import { inspect } from 'node:util'
import { decodeKey, encodeKey, Secret } from '@mp/secure-channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const key = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i)

describe('a secret', () => {
  test('shows itself in no way of printing', () => {
    const secret = new Secret(key)
    const holder = { secret, list: [secret] }
    const printed = [
      String(secret),
      `key: ${String(secret)}`,
      JSON.stringify(holder),
      inspect(holder, { depth: 9, showHidden: true }),
      inspect(secret),
      Object.entries(secret).join(),
      new Error('failed', { cause: secret }).stack ?? '',
    ].join('\n')
    for (const part of ['160', '161', 'a0a1', 'A0A1', encodeKey(key).slice(0, 6)]) {
      expect(printed).not.toContain(part)
    }
    expect(inspect(holder)).toContain('[secret]')
    expect(JSON.parse(JSON.stringify(holder))).toEqual({ secret: '[secret]', list: ['[secret]'] })
  })

  test('is revealed on demand and can be wiped', () => {
    const secret = Secret.fromBase64(encodeKey(key))
    expect(secret?.reveal()).toEqual(key)
    secret?.wipe()
    expect(secret?.reveal()).toEqual(new Uint8Array(32))
    expect(Secret.fromBase64('no key')).toBeUndefined()
  })
})

describe('the text of a key', () => {
  test('is base64 and comes back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const text = encodeKey(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeKey(text)).toEqual(bytes)
      }),
    )
  })

  const text = encodeKey(key)
  test.each([
    ['nothing', ''],
    ['a letter less', text.slice(1)],
    ['a letter more', `A${text}`],
    ['no padding', text.slice(0, -1)],
    ['space around it', ` ${text}`],
    ['a line end', `${text}\n`],
    ['letters of URLs', `${'-_'.repeat(21)}A=`],
    ['bits that belong to no byte', `${text.slice(0, 42)}B=`],
    ['padding in the middle', `${text.slice(0, 20)}=${text.slice(21)}`],
  ])('is refused with %s', (_, bad) => {
    expect(decodeKey(bad)).toBeUndefined()
  })

  test('is not made of another number of bytes', () => {
    expect(() => encodeKey(new Uint8Array(31))).toThrow('a key has 32 bytes, not 31')
  })
})
