import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ControlBody,
  DECODE_ERROR_NAMES,
  FragmentHeader,
  FrameCodec,
  FrameHeader,
  Handshake,
  IpHeader,
  IpParser,
} from '@mp/wire'
import { arenaAround, hex } from './hex.ts'
import { anyPacket, ipv4, ipv6 } from './packets.ts'

/** Things to read; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 1000)

/** Everything all readers make of `length` bytes at `offset`; a refused reading counts by its name only. */
function readAll(arena: Uint8Array, offset: number, length: number): unknown[] {
  const codec = new FrameCodec(arena)
  const parser = new IpParser(arena)
  const results: unknown[] = []
  const note = (code: number, into: object): void => {
    results.push(code === 0 ? { ...into } : DECODE_ERROR_NAMES[code])
  }
  const header = new FrameHeader()
  note(codec.readClear(offset, length, header), header)
  note(codec.readFrame(offset, length, header), header)
  const handshake = new Handshake()
  note(codec.readHandshake(offset, length, handshake), handshake)
  const body = new ControlBody()
  note(codec.readControl(offset, length, body), body)
  const fragment = new FragmentHeader()
  note(codec.readFragment(offset, length, fragment), fragment)
  const ip = new IpHeader()
  note(parser.parse(offset, length, ip), ip)
  return results
}

/** The readings with the bytes at the very end of an arena and in the middle of two others must be the same. */
function expectSelfContained(bytes: Uint8Array): void {
  const atTheEnd = readAll(arenaAround(bytes, { before: 5, after: 0, filling: 0 }), 5, bytes.length)
  for (const filling of [0, 0xff]) {
    const amid = readAll(arenaAround(bytes, { before: 7, after: 300, filling }), 7, bytes.length)
    expect(amid).toEqual(atTheEnd)
  }
}

const FRAMES = {
  data: hex('52010203 a50b0c0d 02fffffe 1234abcd 450000140000000040060000 0a0000010a000002'),
  piece: hex('52010203 a50b0c0d 04fffffe 1234abcd beef0103 aabbcc'),
  hello: hex('44000000 03000000 0000002a 00112233 44556677'),
  welcome: hex('4800002a 03000000 00000009 00112233 44556677'),
  probe: hex('54000001 01000007 00000000 00640000 0103012c deadbeef'),
  wishes: hex('54000001 01000007 00000000 00640000 01010001 deadbeef 023c0102 1b0009c4'),
  close: hex('54000001 01000007 00000000 00640000 04000000'),
  challenge: hex('54000001 01000007 00000000 00640000 05000000 00112233 44556677'),
  pathClose: hex('54000001 01000007 00000000 00640000 07000000'),
  sizeProbe: hex('54000001 01000007 00000000 00640000 0800000c 00112233 00000000'),
  cookie: hex('4c000001 03000000 00010203 04050607 08090a0b'),
}

describe('no reader throws or looks outside its bytes', () => {
  test('whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), expectSelfContained), { numRuns: RUNS })
  })

  test('when they look like an IP packet', () => {
    fc.assert(fc.property(anyPacket, expectSelfContained), { numRuns: RUNS })
  })

  test('when they are an IP packet whose payload ends anywhere', () => {
    for (const protocol of [1, 6, 17, 58, 0, 44, 51, 60]) {
      for (let payloadBytes = 0; payloadBytes <= 24; payloadBytes++) {
        const payload = new Uint8Array(payloadBytes).fill(1)
        expectSelfContained(ipv4({ protocol }, payload))
        expectSelfContained(ipv6({ nextHeader: protocol }, payload))
      }
    }
    expect.hasAssertions()
  })

  test('when they look like a frame', () => {
    const frame = fc.constantFrom(...Object.values(FRAMES))
    const damaged = fc
      .tuple(frame, fc.nat(39), fc.nat(255), fc.nat(40))
      .map(([bytes, at, value, end]) => bytes.with(at % bytes.length, value).slice(0, end))
    fc.assert(fc.property(damaged, expectSelfContained), { numRuns: RUNS })
  })

  test('when they are a frame that was cut off', () => {
    const cut = Object.values(FRAMES).flatMap((bytes) =>
      Array.from(bytes, (_, length) => bytes.slice(0, length)),
    )
    expect(cut).toHaveLength(36 + 23 + 20 + 20 + 24 + 32 + 20 + 28 + 20 + 28 + 20)
    for (const bytes of cut) expectSelfContained(bytes)
  })
})

test.each([-1, 36, 2 ** 31])(
  'a frame at %d that is not in the arena is a bug of the caller and throws',
  (offset) => {
    const codec = new FrameCodec(FRAMES.data)
    expect(() => codec.readFrame(offset, 17, new FrameHeader())).toThrow(RangeError)
  },
)
