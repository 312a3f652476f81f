import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DECODE_ERROR_NAMES, IpHeader, IpParser } from '@mp/wire'
import { parseSlowly } from './ip-oracle.ts'
import type { Parsed } from './ip-oracle.ts'
import { anyPacket, authentication, concat, extension, fragment6, ipv4, ipv6, tcp, udp } from './packets.ts'

const NOTHING = new Uint8Array(0)

function parse(packet: Uint8Array): IpHeader | string {
  const ip = new IpHeader()
  const code = new IpParser(packet).parse(0, packet.length, ip)
  return code === 0 ? ip : DECODE_ERROR_NAMES[code]!
}

function flowOf(packet: Uint8Array): number {
  return (parse(packet) as IpHeader).flow
}

function withoutFlow(parsed: IpHeader | string): Parsed | string {
  if (typeof parsed === 'string') return parsed
  const { flow: _, ...rest } = parsed
  return rest
}

test('any packet is read as the slow oracle reads it', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(anyPacket, (packet) => {
      const slow = parseSlowly([...packet])
      seen.add(typeof slow === 'string' ? slow : `version ${slow.version}`)
      expect(withoutFlow(parse(packet))).toEqual(slow)
    }),
    { numRuns: 4000 },
  )
  const names = DECODE_ERROR_NAMES.filter((name) => name.startsWith('ip-'))
  expect([...seen].toSorted()).toEqual([...names, 'version 4', 'version 6'].toSorted())
})

describe('an IPv4 packet', () => {
  test('with options shows ports and flags behind them', () => {
    expect(parse(ipv4({ protocol: 6, optionWords: 10, tos: 0xb8 }, tcp([1234, 443], 0x12)))).toMatchObject({
      version: 4,
      protocol: 6,
      headerBytes: 60,
      dscp: 46,
      fragmentOffset: -1,
      sourcePort: 1234,
      destinationPort: 443,
      tcpFlags: 0x12,
      tcpPayloadBytes: 0,
      icmpType: -1,
    })
  })

  test('that is a first fragment shows ports, a later one none', () => {
    const first = ipv4({ protocol: 17, moreFragments: true }, udp([5, 53], 100))
    const later = ipv4({ protocol: 17, fragmentOffset: 1480 }, udp([5, 53], 100))
    expect(parse(first)).toMatchObject({ fragmentOffset: 0, sourcePort: 5, destinationPort: 53 })
    expect(parse(later)).toMatchObject({ fragmentOffset: 1480, sourcePort: -1, destinationPort: -1 })
  })

  test.each([
    ['ip-short', NOTHING],
    ['ip-short', ipv4({ protocol: 6 }, NOTHING).slice(0, 19)],
    ['ip-bad-version', ipv4({ protocol: 6 }, NOTHING).with(0, 0x55)],
    ['ip-bad-header', ipv4({ protocol: 6 }, tcp([1, 2], 0)).with(0, 0x44)],
    ['ip-bad-header', ipv4({ protocol: 6 }, NOTHING).with(0, 0x46)],
    ['ip-bad-length', ipv4({ protocol: 6 }, NOTHING).with(3, 0)],
    ['ip-bad-length', concat(ipv4({ protocol: 6 }, NOTHING), Uint8Array.of(0))],
    ['ip-bad-fragment', ipv4({ protocol: 17, fragmentOffset: 65_528 }, NOTHING)],
  ])('is refused as %s', (name, packet) => {
    expect(parse(packet)).toBe(name)
  })
})

describe('an IPv6 packet', () => {
  test('has a payload length that does not count its own 40 bytes', () => {
    const packet = ipv6({ nextHeader: 6, trafficClass: 0xa3, flowLabel: 0xf_ffff }, tcp([9, 10], 0x02))
    expect(parse(packet)).toMatchObject({ version: 6, headerBytes: 40, dscp: 40, sourcePort: 9, tcpFlags: 2 })
    expect(parse(packet.with(5, packet.length))).toBe('ip-bad-length')
  })

  test('shows the protocol behind hop-by-hop, routing, authentication and destination headers', () => {
    const chain = extension(43, 2, extension(51, 1, authentication(60, 4, extension(17, 3, udp([7, 8], 0)))))
    expect(parse(ipv6({ nextHeader: 0 }, chain))).toMatchObject({
      protocol: 17,
      headerBytes: 40 + 16 + 8 + 16 + 24,
      sourcePort: 7,
      destinationPort: 8,
    })
  })

  test('may be walked through 8 extension headers, not 9', () => {
    let chain = extension(17, 1, udp([7, 8], 0))
    for (let headers = 1; headers < 8; headers++) chain = extension(60, 1, chain)
    expect(parse(ipv6({ nextHeader: 60 }, chain))).toMatchObject({ protocol: 17, headerBytes: 104 })
    expect(parse(ipv6({ nextHeader: 60 }, extension(60, 1, chain)))).toBe('ip-bad-extension')
  })

  test('that is a later fragment ends at its fragment header, whatever follows looks like', () => {
    const later = fragment6({ nextHeader: 60, offset: 1232, more: true }, udp([7, 8], 100))
    expect(parse(ipv6({ nextHeader: 44 }, later))).toMatchObject({
      protocol: 60,
      headerBytes: 48,
      fragmentOffset: 1232,
      sourcePort: -1,
    })
  })

  test('that is whole in spite of a fragment header counts as whole', () => {
    const atomic = fragment6({ nextHeader: 17, offset: 0, more: false }, udp([7, 8], 0))
    expect(parse(ipv6({ nextHeader: 44 }, atomic))).toMatchObject({ fragmentOffset: -1, sourcePort: 7 })
  })

  test.each([
    ['ip-short', ipv6({ nextHeader: 59 }, NOTHING).slice(0, 39)],
    ['ip-bad-extension', ipv6({ nextHeader: 0 }, NOTHING)],
    ['ip-bad-extension', ipv6({ nextHeader: 60 }, extension(17, 1, NOTHING).with(1, 1))],
    [
      'ip-bad-fragment',
      ipv6({ nextHeader: 44 }, fragment6({ nextHeader: 17, offset: 65_528, more: false }, udp([1, 2], 0))),
    ],
  ])('is refused as %s', (name, packet) => {
    expect(parse(packet)).toBe(name)
  })
})

describe('the flow hash', () => {
  test('is the same for all packets of a flow', () => {
    const v4 = [
      ipv4({ protocol: 17 }, udp([1, 2], 0)),
      ipv4({ protocol: 17, tos: 8, ttl: 3, optionWords: 2 }, udp([1, 2], 50)),
    ]
    const v6 = [
      ipv6({ nextHeader: 17 }, udp([1, 2], 0)),
      ipv6({ nextHeader: 60, flowLabel: 77, trafficClass: 8 }, extension(17, 1, udp([1, 2], 50))),
    ]
    expect(new Set(v4.map(flowOf)).size).toBe(1)
    expect(new Set(v6.map(flowOf)).size).toBe(1)
  })

  test('is the same for all fragments of a packet', () => {
    const v4 = [
      ipv4({ protocol: 17, moreFragments: true }, udp([1, 2], 100)),
      ipv4({ protocol: 17, moreFragments: true, fragmentOffset: 8 }, udp([3, 4], 100)),
      ipv4({ protocol: 17, fragmentOffset: 1480 }, NOTHING),
    ]
    const v6 = [
      fragment6({ nextHeader: 60, offset: 0, more: true }, extension(17, 1, udp([1, 2], 100))),
      fragment6({ nextHeader: 60, offset: 8, more: false }, udp([3, 4], 100)),
    ].map((payload) => ipv6({ nextHeader: 44 }, payload))
    expect(new Set(v4.map(flowOf)).size).toBe(1)
    expect(new Set(v6.map(flowOf)).size).toBe(1)
  })

  test('tells addresses, ports and protocols apart', () => {
    const packets = [
      ipv4({ protocol: 17 }, udp([1, 2], 0)),
      ipv4({ protocol: 136 }, udp([1, 2], 0)),
      ipv4({ protocol: 17 }, udp([2, 1], 0)),
      ipv4({ protocol: 17, source: 0x0a00_0003 }, udp([1, 2], 0)),
      ipv6({ nextHeader: 17 }, udp([1, 2], 0)),
      ipv6({ nextHeader: 17, source: 3 }, udp([1, 2], 0)),
    ]
    expect(new Set(packets.map(flowOf)).size).toBe(packets.length)
  })

  test('spreads neighbouring ports evenly over a small table', () => {
    const buckets = new Uint32Array(64)
    for (let port = 0; port < 6400; port++) {
      const bucket = flowOf(ipv4({ protocol: 6 }, tcp([20_000 + port, 443], 0x10))) & 63
      buckets[bucket]!++
    }
    // 100 each on average; five standard deviations of a fair draw are 50.
    expect(Math.max(...buckets)).toBeLessThan(150)
    expect(Math.min(...buckets)).toBeGreaterThan(50)
  })
})
