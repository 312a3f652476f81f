import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError, FlowMemo, IpHeader, IpParser, TCP_SYN, TrafficClass, classify } from '@mp/wire'
import { anyPacket, extension, ipv4, ipv6, tcp, udp } from './packets.ts'

const PACKET_BYTES = 512

/** Packets of two flows and two versions, long enough to be known again. */
const usualPacket = fc
  .record({
    isV4: fc.boolean(),
    isTcp: fc.boolean(),
    source: fc.constantFrom(1, 2),
    port: fc.constantFrom(80, 53),
    flags: fc.constantFrom(0x10, 0x12, 0x11),
    tos: fc.constantFrom(0, 0xb8),
    bytes: fc.integer({ min: 150, max: 300 }),
  })
  .map(({ isV4, isTcp, source, port, flags, tos, bytes }) => {
    const payload = Uint8Array.from([
      ...(isTcp ? tcp([port, 99], flags) : udp([port, 99], 8)),
      ...new Uint8Array(bytes),
    ])
    const protocol = isTcp ? 6 : 17
    return isV4 ? ipv4({ protocol, source, tos }, payload) : ipv6({ nextHeader: protocol, source }, payload)
  })

/** One field of the headers is another one. */
const damagedPacket = fc
  .tuple(usualPacket, fc.nat(55), fc.nat(255))
  .map(([packet, where, value]) => packet.with(where, value))

const longPacket = fc.oneof(usualPacket, damagedPacket, anyPacket)

/** One packet after the other in the same place, as they stand in an arena that is used again. */
class Row {
  readonly arena: Uint8Array = new Uint8Array(PACKET_BYTES)
  readonly memo: FlowMemo = new FlowMemo(this.arena)
  readonly #parser = new IpParser(this.arena)

  /** What memo and parser together say, and what the parser says alone. `claimed`: another length than it has. */
  look(
    packet: Uint8Array,
    claimed: number = packet.length,
  ): { readonly isKnown: boolean; readonly ip: IpHeader | undefined } {
    this.arena.set(packet)
    const isKnown = this.memo.matches(0, claimed)
    const ip = new IpHeader()
    if (this.#parser.parse(0, claimed, ip) !== DecodeError.none) return { isKnown, ip: undefined }
    if (!isKnown) this.memo.note(0, claimed, ip)
    return { isKnown, ip }
  }
}

/** Whether a packet is known when it comes twice. */
function again(packet: Uint8Array): boolean {
  const row = new Row()
  row.look(packet)
  return row.look(packet).isKnown
}

test('what is known again is what the parser would have found', () => {
  let known = 0
  fc.assert(
    fc.property(
      fc.array(fc.tuple(longPacket, fc.constantFrom(0, 0, 0, 1)), { minLength: 2, maxLength: 12 }),
      (packets) => {
        const row = new Row()
        for (const [packet, more] of packets) {
          const { isKnown, ip } = row.look(packet, packet.length + more)
          if (!isKnown) continue
          known++
          expect(ip).toBeDefined()
          expect(row.memo.flow).toBe(ip!.flow)
          expect(classify(ip!, packet.length)).toBe(TrafficClass.bulk)
          expect(ip!.tcpFlags & TCP_SYN).toBe(0)
        }
      },
    ),
    { numRuns: 4000 },
  )
  expect(known).toBeGreaterThan(100)
})

describe('the next packet of a flow', () => {
  const data = new Uint8Array(300)
  const segment = Uint8Array.from([...tcp([1, 2], 0x10), ...data])

  test('is known again in IPv4 and in IPv6', () => {
    expect(again(ipv4({ protocol: 6 }, segment))).toBe(true)
    expect(again(ipv6({ nextHeader: 6 }, segment))).toBe(true)
  })

  test('is not known when it has options, extensions or is in pieces, or begins a connection', () => {
    expect(again(ipv4({ protocol: 6, optionWords: 1 }, segment))).toBe(false)
    expect(again(ipv6({ nextHeader: 60 }, extension(6, 1, segment)))).toBe(false)
    expect(again(ipv4({ protocol: 6, moreFragments: true }, segment))).toBe(false)
    expect(again(ipv4({ protocol: 6 }, Uint8Array.from([...tcp([1, 2], 0x12), ...data])))).toBe(false)
  })

  test('is not known behind one of another version, though the same words stand there', () => {
    const row = new Row()
    row.look(ipv6({ nextHeader: 6 }, segment))
    expect(row.look(ipv4({ protocol: 6 }, segment)).isKnown).toBe(false)
  })
})
