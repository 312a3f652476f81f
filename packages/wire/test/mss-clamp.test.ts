import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLAG_PARTIAL_CHECKSUM, MssClamp, TCP_SYN } from '@mp/wire'
import { anyPacket } from './packets.ts'
import { tcpPacket } from './whole-packets.ts'

const TCP_ACK = 0x10
const V4 = { src: '10.0.0.1', dst: '192.0.2.9' }
const V6 = { src: 'fd00::1', dst: '2001:db8::9' }
const FLOWS = [V4, V6]

const mss = (bytes: number): number[] => [2, 4, bytes >> 8, bytes & 0xff]
/** SACK permitted, time stamps, window scale. */
const OTHERS = [4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 3, 3, 7]

function padded(options: readonly number[]): Uint8Array {
  return Uint8Array.from([...options, ...Array.from({ length: -options.length & 3 }, () => 0)])
}

/** What becomes of a packet where none larger than `maxPacketBytes` should come. */
function clamped(packet: Uint8Array, maxPacketBytes: number, flags = 0): Uint8Array {
  const arena = packet.slice()
  const clamp = new MssClamp(arena)
  clamp.maxPacketBytes = maxPacketBytes
  const hasChanged = clamp.clamp(0, arena.length, flags)
  expect(hasChanged).toBe(Buffer.compare(arena, packet) !== 0)
  return arena
}

describe('an MSS', () => {
  test.each(FLOWS)(
    'that is too large is lowered, wherever the option stands, and the checksum is right: %j',
    (flow) => {
      const headers = flow === V4 ? 40 : 60
      const place = fc.record({
        before: fc.array(fc.constantFrom([1], [4, 2], [3, 3, 7]), { maxLength: 5 }),
        from: fc.integer({ min: 0, max: 65_535 }),
        most: fc.integer({ min: headers, max: 9000 }),
        seq: fc.nat(),
        payload: fc.uint8Array({ maxLength: 9 }),
      })
      fc.assert(
        fc.property(place, ({ before, from, most, seq, payload }) => {
          const withMss = (bytes: number): Uint8Array =>
            tcpPacket({
              ...flow,
              flags: TCP_SYN,
              seq,
              payload,
              options: padded([...before.flat(), ...mss(bytes), 1]),
            })
          expect(clamped(withMss(from), most)).toEqual(withMss(Math.min(from, most - headers)))
        }),
        { numRuns: 2000 },
      )
    },
  )

  test.each([
    ['in an answer, behind other options', (bytes: number) => [...OTHERS, ...mss(bytes)]],
    ['twice, where it comes twice', (bytes: number) => [...mss(bytes), ...mss(bytes)]],
  ])('is lowered %s', (_name, optionsOf) => {
    const [before, after] = [1460, 1340].map((bytes) =>
      tcpPacket({ ...V6, flags: TCP_SYN | TCP_ACK, options: padded(optionsOf(bytes)) }),
    )
    expect(clamped(before!, 1400)).toEqual(after)
  })

  test('under a checksum that is begun only leaves that alone', () => {
    const packet = tcpPacket({ ...V4, flags: TCP_SYN, options: padded(mss(1460)) })
    const after = clamped(packet, 1400, FLAG_PARTIAL_CHECKSUM)
    expect([...after].filter((byte, at) => byte !== packet[at])).toHaveLength(1)
    expect(after.subarray(36, 38)).toEqual(packet.subarray(36, 38))
  })

  test('that is small enough stays', () => {
    const packet = tcpPacket({ ...V4, flags: TCP_SYN, options: padded(mss(1360)) })
    expect(clamped(packet, 1400)).toEqual(packet)
  })
})

describe('nothing changes', () => {
  test.each([
    ['without an MSS', OTHERS],
    ['behind the end of the options', [0, ...mss(1460)]],
    ['behind an option of length 0', [8, 0, ...mss(1460)]],
    ['behind an option of length 1', [8, 1, ...mss(1460)]],
    ['behind an option that is longer than the header', [8, 40, ...mss(1460)]],
    ['in an MSS of another length', [2, 5, 5, 180, 0]],
    ['when the last option has no length', [1, 1, 1, 2]],
  ])('%s', (_name, options) => {
    const packet = tcpPacket({ ...V4, flags: TCP_SYN, options: padded(options) })
    expect(clamped(packet, 1000)).toEqual(packet)
  })

  test.each([0x00, 0x40, 0xf0])('under a data offset of %i', (dataOffset) => {
    const packet = tcpPacket({ ...V4, flags: TCP_SYN, options: padded(mss(1460)) })
    packet[32] = dataOffset
    expect(clamped(packet, 1000)).toEqual(packet)
  })

  test('in a fragment', () => {
    const packet = tcpPacket({ ...V4, flags: TCP_SYN, options: padded(mss(1460)) })
    packet[6] = 0x20
    expect(clamped(packet, 1000)).toEqual(packet)
  })
})

test('whatever comes, nothing outside the options and the checksum changes, and nothing throws', () => {
  const syn = fc
    .tuple(fc.constantFrom(...FLOWS), fc.uint8Array({ minLength: 4, maxLength: 40 }), fc.nat(70), fc.nat(255))
    .map(([flow, options, at, value]) => {
      const packet = tcpPacket({ ...flow, flags: TCP_SYN, options: padded([...options]) })
      // Lengths may lie, but not that of the whole packet.
      if (at !== 2 && at !== 3 && at !== 4 && at !== 5 && at < packet.length) packet[at] = value
      return packet
    })
  fc.assert(
    fc.property(fc.oneof(syn, anyPacket), fc.boolean(), (packet, isPartial) => {
      const after = clamped(packet, 1000, isPartial ? FLAG_PARTIAL_CHECKSUM : 0)
      expect(after.subarray(0, 20)).toEqual(packet.subarray(0, 20))
      expect(clamped(after, 1000, isPartial ? FLAG_PARTIAL_CHECKSUM : 0)).toEqual(after)
    }),
    { numRuns: 3000 },
  )
})
