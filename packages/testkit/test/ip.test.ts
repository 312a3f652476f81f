import fc from 'fast-check'
import { expect, test } from 'vitest'
import { internetChecksum, ipv4Packet, ipv6Packet, TCP_ACK, TCP_SYN, tcpPacket, udpPacket } from '@mp/testkit'

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

test('the checksum of the example in RFC 1071 is right', () => {
  expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(
    ~0xddf2 & 0xffff,
  )
})

test('an IPv4 header is laid out as in RFC 791', () => {
  const packet = ipv4Packet({
    src: '192.168.0.1',
    dst: '10.1.2.3',
    protocol: 17,
    payload: Uint8Array.of(7, 8),
    tos: 0xb8,
    ttl: 3,
  })
  const checksum = hex(packet.subarray(10, 12))
  expect(hex(packet)).toBe(`45b80016000000000311${checksum}c0a800010a0102030708`)
  expect(internetChecksum(packet.subarray(0, 20))).toBe(0)
})

test('an IPv6 header is laid out as in RFC 8200', () => {
  const packet = ipv6Packet({
    src: 'fd00::1:2',
    dst: '1:2:3:4:5:6:7:ABCD',
    nextHeader: 6,
    payload: Uint8Array.of(9),
    trafficClass: 0xb8,
    flowLabel: 0xf1234,
    hopLimit: 5,
  })
  expect(hex(packet)).toBe(
    '6b8f1234 00010605 fd000000000000000000000000010002 0001000200030004000500060007abcd 09'.replaceAll(
      ' ',
      '',
    ),
  )
})

test('UDP and TCP checksums hold over the pseudo header, for IPv4 and IPv6', () => {
  const ends = fc.constantFrom(
    { src: '10.0.0.1', dst: '10.0.0.2', headerBytes: 20, addressesAt: 12 },
    { src: 'fd00::1', dst: 'fe80::ffff', headerBytes: 40, addressesAt: 8 },
  )
  const payloads = fc.uint8Array({ maxLength: 60 })
  fc.assert(
    fc.property(ends, payloads, fc.boolean(), ({ src, dst, headerBytes, addressesAt }, payload, tcp) => {
      const flow = { src, dst, srcPort: 4000, dstPort: 53, payload }
      const packet = tcp ? tcpPacket(flow) : udpPacket(flow)
      const segment = packet.subarray(headerBytes)
      const addresses = packet.subarray(addressesAt, headerBytes)
      const pseudo = Uint8Array.of(...addresses, 0, tcp ? 6 : 17, 0, segment.length)
      expect(internetChecksum(Uint8Array.of(...pseudo, ...segment))).toBe(0)
      expect(packet.subarray(packet.length - payload.length)).toEqual(payload)
    }),
  )
})

test('a TCP segment carries its numbers, flags and options', () => {
  const mss = Uint8Array.of(2, 4, 5, 0xb4)
  const segment = tcpPacket({
    src: '10.0.0.1',
    dst: '10.0.0.2',
    srcPort: 1,
    dstPort: 2,
    seq: 0xfffffff0,
    ack: 7,
    flags: TCP_SYN | TCP_ACK,
    windowBytes: 1000,
    options: mss,
  }).subarray(20)
  expect(hex(segment.subarray(0, 16))).toBe('0001 0002 fffffff0 00000007 6012 03e8'.replaceAll(' ', ''))
  expect(segment.subarray(20)).toEqual(mss)
})

const udp = (src: string, dst: string): Uint8Array =>
  udpPacket({ src, dst, srcPort: 1, dstPort: 2, payload: new Uint8Array(0) })

test('what is no address, or of the wrong family, is refused', () => {
  for (const bad of [
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.2',
    'fd00:::1',
    '1:2:3:4:5:6:7:8::',
    'fd00::12345',
    '::g',
  ]) {
    expect(() => udp(bad, '10.0.0.1')).toThrow(RangeError)
  }
  expect(() => udp('10.0.0.1', 'fd00::1')).toThrow(/expected an address of 4 bytes/)
})
