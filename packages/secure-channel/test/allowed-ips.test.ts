import { AllowedIps } from '@mp/secure-channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const OFFSET = 3

/** An arena with an address at {@link OFFSET}. */
function arenaOf(bytes: readonly number[]): DataView {
  return new DataView(Uint8Array.from([0xee, 0xee, 0xee, ...bytes, 0xee]).buffer)
}

const lookup4 = (ips: AllowedIps, ...bytes: number[]): number => ips.lookup4(arenaOf(bytes), OFFSET)
const lookup6 = (ips: AllowedIps, groups: readonly number[]): number =>
  ips.lookup6(arenaOf(groups.flatMap((group) => [group >> 8, group & 255])), OFFSET)

const bits = (bytes: readonly number[]): string =>
  bytes.map((one) => one.toString(2).padStart(8, '0')).join('')

/** The address as text. */
function write(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const hex = bytes.map((one) => one.toString(16).padStart(2, '0')).join('')
  return hex.replaceAll(/.{4}(?!$)/g, '$&:')
}

describe('allowed IPs', () => {
  test('give the value of the longest prefix', () => {
    const ips = new AllowedIps()
    ips.insert('0.0.0.0/0', 1)
    ips.insert('10.99.0.0/16', 2)
    ips.insert('10.99.7.0/24', 3)
    ips.insert('10.99.7.9', 4)
    expect(lookup4(ips, 10, 99, 7, 9)).toBe(4)
    expect(lookup4(ips, 10, 99, 7, 8)).toBe(3)
    expect(lookup4(ips, 10, 99, 8, 9)).toBe(2)
    expect(lookup4(ips, 255, 255, 255, 255)).toBe(1)
  })

  test('keep the families apart', () => {
    const ips = new AllowedIps()
    ips.insert('::/0', 1)
    expect(lookup4(ips, 10, 0, 0, 1)).toBe(-1)
    ips.insert('10.0.0.1/32', 2)
    expect(lookup4(ips, 10, 0, 0, 1)).toBe(2)
    expect(lookup6(ips, [0, 0, 0, 0, 0, 0xffff, 0x0a00, 1])).toBe(1)
  })

  test.each([
    ['2001:db8::1', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]],
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['::ffff:192.0.2.1/128', [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['fe80::ABCD/10', [0xfe80, 9, 9, 9, 9, 9, 9, 9]],
    ['1::/16', [1, 9, 9, 9, 9, 9, 9, 9]],
  ])('read %s', (text, groups) => {
    const ips = new AllowedIps()
    ips.insert(text, 5)
    expect(lookup6(ips, groups)).toBe(5)
  })

  test.each([
    '',
    '/24',
    '10.0.0',
    '10.0.0.1.2',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.1/33',
    '10.0.0.1/',
    '10.0.0.1/-1',
    '10.0.0.1/8/8',
    '10.0.0.1/8 ',
    ':::',
    '::1::',
    '1:2:3',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'fd00::12345',
    'fd00::/129',
    'fe80::1%eth0',
    '1.2.3.4::',
    'example.net',
  ])('refuse "%s" with the text and an example', (text) => {
    expect(() => new AllowedIps().insert(text, 1)).toThrow(`'${text}' is no IP prefix: write one like`)
  })

  test('refuse a value that is no whole number from 0', () => {
    for (const value of [-1, 0.5, 2 ** 31]) {
      expect(() => new AllowedIps().insert('::/0', value)).toThrow(RangeError)
    }
  })

  test('say whose a prefix was, and forget all of a value', () => {
    const ips = new AllowedIps()
    expect(ips.insert('10.0.0.7/24', 1)).toBe(-1)
    expect(ips.insert('10.0.0.99/24', 2)).toBe(1)
    ips.insert('fd00::/8', 2)
    ips.insert('10.0.0.0/8', 3)
    expect(ips.removeAll(2)).toBe(2)
    expect(ips.removeAll(2)).toBe(0)
    expect(lookup4(ips, 10, 0, 0, 1)).toBe(3)
    expect(lookup6(ips, [0xfd00, 0, 0, 0, 0, 0, 0, 0])).toBe(-1)
  })

  test('agree with going through a list, for any prefixes and addresses of both families', () => {
    // Few different bytes, so that prefixes nest and addresses hit them.
    const byte = fc.constantFrom(0, 1, 127, 128, 255)
    for (const width of [4, 16]) {
      const address = fc.array(byte, { minLength: width, maxLength: width })
      const entry = fc.record({
        address,
        length: fc.integer({ min: 0, max: 8 * width }),
        value: fc.nat({ max: 9 }),
      })
      fc.assert(
        fc.property(
          fc.array(entry, { maxLength: 60 }),
          fc.array(address, { minLength: 20, maxLength: 20 }),
          fc.option(fc.nat({ max: 9 })),
          (entries, addresses, removed) => {
            const ips = new AllowedIps()
            const naive = new Map<string, number>()
            for (const { address: prefix, length, value } of entries) {
              ips.insert(`${write(prefix)}/${length}`, value)
              naive.set(bits(prefix).slice(0, length), value)
            }
            if (removed !== null) {
              ips.removeAll(removed)
              for (const [prefix, value] of naive) if (value === removed) naive.delete(prefix)
            }
            for (const bytes of [...addresses, ...entries.map((one) => one.address)]) {
              const matches = [...naive.keys()].filter((prefix) => bits(bytes).startsWith(prefix))
              const longest = matches.toSorted((a, b) => b.length - a.length)[0]
              const arena = arenaOf(bytes)
              const found = width === 4 ? ips.lookup4(arena, OFFSET) : ips.lookup6(arena, OFFSET)
              expect(found).toBe(longest === undefined ? -1 : naive.get(longest))
            }
          },
        ),
        { numRuns: 60 },
      )
    }
  })
})
