import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TooBigWriter, mustStayWhole } from '@mp/wire'
import { anyPacket } from './packets.ts'
import { internetChecksum, ipPacket, payloadChecksum, tcpPacket, word } from './whole-packets.ts'

const INTO = 4096

/** The answer to a packet; empty when it must not be answered. */
function answerTo(packet: Uint8Array, mtuBytes = 1300): Uint8Array {
  const arena = new Uint8Array(INTO + 1280).fill(0xee)
  arena.set(packet)
  const length = new TooBigWriter(arena).write({ offset: 0, length: packet.length }, INTO, mtuBytes)
  expect(arena.subarray(0, packet.length)).toEqual(packet)
  return arena.slice(INTO, INTO + length)
}

const V4 = { src: '10.1.0.2', dst: '192.0.2.9' }
const V6 = { src: 'fd00::2', dst: '2001:db8::9' }

/** The same, put together byte by byte. */
function expectedV4(packet: Uint8Array, mtuBytes: number): Uint8Array {
  const message = [3, 4, 0, 0, 0, 0, ...word(mtuBytes), ...packet.subarray(0, 548)]
  message.splice(2, 2, ...word(internetChecksum(message)))
  return ipPacket({ src: V4.dst, dst: V4.src, protocol: 1, tos: 0xc0, payload: Uint8Array.from(message) })
}

function expectedV6(packet: Uint8Array, mtuBytes: number): Uint8Array {
  const payload = Uint8Array.of(2, 0, 0, 0, 0, 0, ...word(mtuBytes), ...packet.subarray(0, 1232))
  const answer = { src: V6.dst, dst: V6.src, protocol: 58, tos: 0xc0, payload }
  payload.set(word(payloadChecksum(answer)), 2)
  return ipPacket(answer)
}

const payload = fc.uint8Array({ maxLength: 1700 })

describe('the answer', () => {
  test('on IPv4 is "fragmentation needed" from the destination, with the beginning of the packet', () => {
    fc.assert(
      fc.property(payload, fc.integer({ min: 576, max: 65_535 }), (bytes, mtuBytes) => {
        const packet = ipPacket({ ...V4, protocol: 17, payload: bytes })
        const answer = answerTo(packet, mtuBytes)
        expect(answer).toEqual(expectedV4(packet, mtuBytes))
        expect(answer.length).toBeLessThanOrEqual(576)
      }),
      { numRuns: 200 },
    )
  })

  test('on IPv6 is "packet too big" from the destination, with the beginning of the packet', () => {
    fc.assert(
      fc.property(payload, fc.integer({ min: 1280, max: 65_535 }), (bytes, mtuBytes) => {
        const packet = tcpPacket({ ...V6, payload: bytes })
        const answer = answerTo(packet, mtuBytes)
        expect(answer).toEqual(expectedV6(packet, mtuBytes))
        expect(answer.length).toBeLessThanOrEqual(1280)
      }),
      { numRuns: 200 },
    )
  })
})

describe('no answer to', () => {
  const rest = new Uint8Array(8)
  const icmp4 = (type: number): Uint8Array => ipPacket({ ...V4, protocol: 1, payload: rest.with(0, type) })
  const icmp6 = (type: number): Uint8Array => ipPacket({ ...V6, protocol: 58, payload: rest.with(0, type) })

  test.each([3, 4, 5, 11, 12])('an error of ICMPv4, type %i', (type) => {
    expect(answerTo(icmp4(type))).toHaveLength(0)
  })

  test.each([1, 2, 3, 4, 127, 137])('an error of ICMPv6, type %i', (type) => {
    expect(answerTo(icmp6(type))).toHaveLength(0)
  })

  test.each([
    ['224.0.0.251', V4.src],
    ['255.255.255.255', V4.src],
    [V4.dst, '0.0.0.0'],
    [V4.dst, '239.1.2.3'],
  ])('a packet to %s from %s', (dst, src) => {
    expect(answerTo(ipPacket({ src, dst, protocol: 17, payload: rest }))).toHaveLength(0)
  })

  test.each([
    ['ff02::fb', V6.src],
    [V6.dst, '::'],
    [V6.dst, 'ff02::1'],
  ])('a packet to %s from %s', (dst, src) => {
    expect(answerTo(ipPacket({ src, dst, protocol: 17, payload: rest }))).toHaveLength(0)
  })

  test('a later fragment', () => {
    const packet = ipPacket({ ...V4, protocol: 17, payload: rest })
    packet[7] = 1
    expect(answerTo(packet)).toHaveLength(0)
  })

  test('what is no IP packet', () => {
    expect(answerTo(new Uint8Array(40))).toHaveLength(0)
  })
})

test('a ping that is too big is answered', () => {
  expect(answerTo(ipPacket({ ...V4, protocol: 1, payload: Uint8Array.of(8, 0, 0, 0) }))).not.toHaveLength(0)
  expect(answerTo(ipPacket({ ...V6, protocol: 58, payload: Uint8Array.of(128, 0, 0, 0) }))).not.toHaveLength(
    0,
  )
})

test('nothing that comes makes it write outside its room', () => {
  fc.assert(
    fc.property(anyPacket, (packet) => {
      const arena = new Uint8Array(INTO + 1280 + 8).fill(0xee)
      arena.set(packet)
      new TooBigWriter(arena).write({ offset: 0, length: packet.length }, INTO, 1300)
      expect(arena.subarray(INTO + 1280).every((byte) => byte === 0xee)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('IPv6 and IPv4 with DF must stay whole', () => {
  const free = ipPacket({ ...V4, protocol: 17, payload: new Uint8Array(8) })
  expect(mustStayWhole(free, 0)).toBe(false)
  free[6] = 0x40
  expect(mustStayWhole(free, 0)).toBe(true)
  expect(mustStayWhole(ipPacket({ ...V6, protocol: 17, payload: new Uint8Array(8) }), 0)).toBe(true)
})
