import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ECN_MASK, ECN_SHIFT, ecnOf, isMarked, markCongestion } from '@mp/wire'
import { ipv4, ipv6, udp } from './packets.ts'

const payload = udp([1000, 2000], 8)
/** One's complement sum of 16-bit words, RFC 1071. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) sum += bytes[at]! * 256 + bytes[at + 1]!
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

/** An IPv4 packet whose header checksum is right. */
function checked(tos: number, ttl: number, source: number): Uint8Array {
  const packet = ipv4({ protocol: 17, tos, ttl, source, optionWords: ttl % 3 }, payload)
  const checksum = ~sumOf(packet.subarray(0, (packet[0]! & 15) * 4)) & 0xffff
  packet[10] = checksum >>> 8
  packet[11] = checksum & 0xff
  return packet
}

const byte = fc.integer({ min: 0, max: 255 })

describe('a congestion mark', () => {
  test('on IPv4 changes the ECN bits and keeps the header checksum right', () => {
    fc.assert(
      fc.property(
        byte,
        byte,
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.nat(9),
        (tos, ttl, source, offset) => {
          const packet = checked(tos, ttl, source)
          const arena = new Uint8Array(offset + packet.length)
          arena.set(packet, offset)
          const isEct = (tos & 3) !== 0
          expect(markCongestion(arena, offset)).toBe(isEct)
          const after = arena.subarray(offset)
          expect(after[1]).toBe(isEct ? tos | 3 : tos)
          expect(sumOf(after.subarray(0, (packet[0]! & 15) * 4))).toBe(0xffff)
          after.set(packet.subarray(0, 12))
          expect(after).toEqual(packet)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('on IPv6 changes the ECN bits and nothing else', () => {
    fc.assert(
      fc.property(byte, fc.nat(0xf_ffff), (trafficClass, flowLabel) => {
        const packet = ipv6({ nextHeader: 17, trafficClass, flowLabel }, payload)
        const isEct = (trafficClass & 3) !== 0
        const marked = ipv6({ nextHeader: 17, trafficClass: trafficClass | 3, flowLabel }, payload)
        const expected = isEct ? marked : packet.slice()
        expect(markCongestion(packet, 0)).toBe(isEct)
        expect(packet).toEqual(expected)
      }),
    )
  })
})

describe('the ECN field', () => {
  test.each([
    ['IPv4', (field: number) => checked(0xb8 | field, 64, 1)],
    [
      'IPv6',
      (field: number) => ipv6({ nextHeader: 17, trafficClass: 0xb8 | field, flowLabel: 0xf_ffff }, payload),
    ],
  ])('of %s is read as it is', (_, create) => {
    for (const field of [0, 1, 2, 3]) {
      const arena = new Uint8Array(200)
      arena.set(create(field), 7)
      expect(ecnOf(arena, 7)).toBe(field << ECN_SHIFT)
      expect(isMarked(ecnOf(arena, 7) | (0xffff & ~ECN_MASK))).toBe(field === 3)
    }
  })
})
