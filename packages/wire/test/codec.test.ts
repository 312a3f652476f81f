import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mempool } from '@mp/mempool'
import {
  CHALLENGE_BYTES,
  ControlBody,
  ControlKind,
  DECODE_ERROR_NAMES,
  FLAG_FRAGMENT,
  FragmentHeader,
  FrameCodec,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  Handshake,
  MAX_OVERHEAD_BYTES,
  PathState,
  TAG_BYTES,
  TrafficClass,
} from '@mp/wire'
import { hex, toHex } from './hex.ts'

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 })
const index24 = fc.integer({ min: 1, max: 2 ** 24 - 1 })

function frameHeader(fields: Partial<FrameHeader>): FrameHeader {
  return Object.assign(new FrameHeader(), fields)
}

/** A body in which something is left of what was read before. */
const filledBody = (): ControlBody => {
  const numbers = Object.keys(new ControlBody()).map((name, index) => [name, index + 1])
  return Object.assign(new ControlBody(), { ...Object.fromEntries(numbers), hasWishes: true })
}

/** Every field of a body is 0, but for those that are said. */
function nothingSaid(...said: (keyof ControlBody)[]): Partial<ControlBody> {
  const rest = Object.entries(new ControlBody()).filter(([name]) => !said.includes(name as keyof ControlBody))
  return Object.fromEntries(rest)
}

/** What each reader says to a frame, a body or a piece that is the whole arena. */
const read = {
  frame: (bytes: Uint8Array) => nameOf(new FrameCodec(bytes).readFrame(0, bytes.length, new FrameHeader())),
  handshake: (bytes: Uint8Array) =>
    nameOf(new FrameCodec(bytes).readHandshake(0, bytes.length, new Handshake())),
  control: (bytes: Uint8Array) =>
    nameOf(new FrameCodec(bytes).readControl(0, bytes.length, new ControlBody())),
  fragment: (bytes: Uint8Array) =>
    nameOf(new FrameCodec(bytes).readFragment(0, bytes.length, new FragmentHeader())),
}

function nameOf(code: number): string {
  return DECODE_ERROR_NAMES[code]!
}

// Written down by hand from the layout in docs/protocol.md.
describe('bit by bit', () => {
  test('a data frame is version 01, type 0100, epoch 10, then the fields', () => {
    const golden = hex('52 010203  a5 0b0c0d  06 fffffe  1234 abcd  00')
    const header = new FrameHeader()
    expect(new FrameCodec(golden).readFrame(0, golden.length, header)).toBe(0)
    expect(header).toEqual({
      type: FrameType.data,
      epoch: 2,
      receiver: 0x01_0203,
      pathId: 0xa5,
      counter24: 0x0b_0c0d,
      flags: TrafficClass.critical | FLAG_FRAGMENT,
      sequence: 0xff_fffe,
      sendTime: 0x1234,
      flowSequence: 0xabcd,
    })
    const written = new Uint8Array(golden.length)
    expect(new FrameCodec(written).writeFrame(0, header)).toBe(HEADER_BYTES)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test('a probe is a control frame with kind, state, weight and nonce', () => {
    const golden = hex('54 000001  01 000007  00 000000  0064 0000   01 03 012c  deadbeef')
    const codec = new FrameCodec(golden)
    const header = new FrameHeader()
    const body = new ControlBody()
    expect([codec.readFrame(0, 24, header), codec.readControl(16, 8, body)]).toEqual([0, 0])
    expect(header).toMatchObject({
      type: FrameType.control,
      receiver: 1,
      pathId: 1,
      counter24: 7,
      sendTime: 100,
    })
    expect(body).toEqual({
      kind: ControlKind.probe,
      state: PathState.unstable,
      weight: 300,
      nonce: 0xdead_beef,
      ...nothingSaid('kind', 'state', 'weight', 'nonce'),
    })
    const written = new Uint8Array(24)
    const writer = new FrameCodec(written)
    expect(writer.writeFrame(0, header) + writer.writeControl(HEADER_BYTES, body)).toBe(24)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test.each([
    ['close', '04 07 0000', ControlKind.close],
    ['path close', '07 07 0000', ControlKind.pathClose],
  ])('a %s is four bytes with a reason', (_name, text, kind) => {
    const golden = hex(text)
    const body = filledBody()
    expect(new FrameCodec(golden).readControl(0, 4, body)).toBe(0)
    expect(body).toEqual({ kind, reason: 7, ...nothingSaid('kind', 'reason') })
    const written = new Uint8Array(4)
    expect(new FrameCodec(written).writeControl(0, body)).toBe(4)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test.each([
    ['challenge', '05 000000  00112233 fedcba98', ControlKind.pathChallenge],
    ['response', '06 000000  00112233 fedcba98', ControlKind.pathResponse],
  ])('a path %s is twelve bytes with a token of eight', (_name, text, kind) => {
    const golden = hex(text)
    const body = filledBody()
    expect(new FrameCodec(golden).readControl(0, CHALLENGE_BYTES, body)).toBe(0)
    const token = { tokenHigh: 0x0011_2233, tokenLow: 0xfedc_ba98 }
    expect(body).toEqual({ kind, ...token, ...nothingSaid('kind', 'tokenHigh', 'tokenLow') })
    const written = new Uint8Array(CHALLENGE_BYTES)
    expect(new FrameCodec(written).writeControl(0, body)).toBe(CHALLENGE_BYTES)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test('a size probe is as long as it says, padded with zeros, and its reply is eight bytes', () => {
    const golden = hex('08 00 000c  01020304  00000000')
    const body = filledBody()
    expect(new FrameCodec(golden).readControl(0, 12, body)).toBe(0)
    const said = { sizeBytes: 12, nonce: 0x0102_0304 }
    expect(body).toEqual({
      kind: ControlKind.sizeProbe,
      ...said,
      ...nothingSaid('kind', 'sizeBytes', 'nonce'),
    })
    const written = new Uint8Array(12).fill(0xff)
    expect(new FrameCodec(written).writeControl(0, body)).toBe(12)
    expect(toHex(written)).toBe(toHex(golden))
    const reply = new Uint8Array(8)
    new FrameCodec(reply).writeControl(0, Object.assign(body, { kind: ControlKind.sizeReply }))
    expect(toHex(reply)).toBe('0900000c01020304')
    expect(new FrameCodec(reply).readControl(0, 8, body)).toBe(0)
    expect(body).toMatchObject({ kind: ControlKind.sizeReply, ...said })
  })

  test('a cookie has the clear half of every frame and no inner half', () => {
    const golden = hex('4c 00002a  03 000000  00010203 04050607')
    const header = frameHeader({ flags: 1, sequence: 2 })
    expect(new FrameCodec(golden).readFrame(0, golden.length, header)).toBe(0)
    expect(header).toMatchObject({ type: FrameType.cookie, receiver: 0x2a, pathId: 3, flags: 1, sequence: 2 })
  })

  test.each([
    ['hello', '44 000000  03 000000  00 00002a  00112233 44556677', FrameType.hello, 0, 0x2a],
    ['welcome', '48 00002a  03 000000  00 000009  00112233 44556677', FrameType.welcome, 0x2a, 9],
  ])('a plain %s names its sender and the instance of the client', (_name, text, type, receiver, sender) => {
    const golden = hex(text)
    const codec = new FrameCodec(golden)
    const header = new FrameHeader()
    const handshake = new Handshake()
    expect([codec.readFrame(0, 20, header), codec.readHandshake(0, 20, handshake)]).toEqual([0, 0])
    expect(header).toMatchObject({ type, receiver, pathId: 3 })
    expect(handshake).toEqual({ kind: 0, sender, instanceHigh: 0x0011_2233, instanceLow: 0x4455_6677 })
    const written = new Uint8Array(20)
    expect(new FrameCodec(written).writeHandshake(0, header, handshake)).toBe(20)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test('a piece begins with packet id, index and count', () => {
    const golden = hex('beef 01 03 00')
    const fragment = new FragmentHeader()
    expect(new FrameCodec(golden).readFragment(0, 5, fragment)).toBe(0)
    expect(fragment).toEqual({ packetId: 0xbeef, index: 1, count: 3 })
    const written = new Uint8Array(5)
    expect(new FrameCodec(written).writeFragment(0, fragment)).toBe(4)
    expect(toHex(written)).toBe(toHex(golden))
  })
})

describe('what was written is read again', () => {
  const arena = new Uint8Array(96)
  const codec = new FrameCodec(arena)

  test('for every data header, at any offset', () => {
    const headers = fc.record({
      type: fc.constant(FrameType.data),
      epoch: uint(2),
      receiver: index24,
      pathId: uint(8),
      counter24: uint(24),
      flags: fc.constantFrom(0, 1, 2, 4, 5, 6),
      sequence: uint(24),
      sendTime: uint(16),
      flowSequence: uint(16),
    })
    fc.assert(
      fc.property(headers, fc.nat(64), (fields, offset) => {
        const header = new FrameHeader()
        codec.writeFrame(offset, frameHeader(fields))
        expect(codec.readFrame(offset, HEADER_BYTES + 1, header)).toBe(0)
        expect(header).toEqual(fields)
      }),
    )
  })

  test('for every control body, handshake and piece', () => {
    const probes = fc.record({
      kind: fc.constantFrom(ControlKind.probe, ControlKind.probeReply),
      state: uint(2),
      weight: uint(16),
      nonce: uint(32),
    })
    const wishes = fc.record({
      kind: fc.constant(ControlKind.probe),
      state: uint(2),
      weight: uint(16),
      nonce: uint(32),
      hasWishes: fc.constant(true),
      role: uint(2),
      idleSeconds: uint(8),
      costMs: uint(16),
      modes: uint(6),
      limitKbps: uint(24),
    })
    const closes = fc.record({
      kind: fc.constantFrom(ControlKind.close, ControlKind.pathClose),
      reason: uint(8),
    })
    const challenges = fc.record({
      kind: fc.constantFrom(ControlKind.pathChallenge, ControlKind.pathResponse),
      tokenHigh: uint(32),
      tokenLow: uint(32),
    })
    const sizes = fc.record({
      kind: fc.constantFrom(ControlKind.sizeProbe, ControlKind.sizeReply),
      sizeBytes: fc.integer({ min: 8, max: 80 }),
      nonce: uint(32),
    })
    const controls = fc
      .oneof(probes, wishes, closes, challenges, sizes)
      .map((fields) => Object.assign(new ControlBody(), fields))
    const handshakes = fc.record({
      kind: fc.constant(0),
      sender: index24,
      instanceHigh: uint(32),
      instanceLow: uint(32),
    })
    const pieces = fc
      .integer({ min: 2, max: 64 })
      .chain((count) =>
        fc.record({ packetId: uint(16), index: fc.nat(count - 1), count: fc.constant(count) }),
      )
    fc.assert(
      fc.property(controls, handshakes, pieces, (control, shake, piece) => {
        const body = filledBody()
        expect(codec.readControl(3, codec.writeControl(3, control), body)).toBe(0)
        expect(body).toEqual(control)
        const handshake = new Handshake()
        codec.writeHandshake(5, frameHeader({ type: FrameType.hello, pathId: 9 }), shake)
        expect(codec.readHandshake(5, 20, handshake)).toBe(0)
        expect(handshake).toEqual(shake)
        const fragment = new FragmentHeader()
        codec.writeFragment(7, piece)
        expect(codec.readFragment(7, 5, fragment)).toBe(0)
        expect(fragment).toEqual(piece)
      }),
    )
  })

  test('also when a whole counter and sequence number were given, cut to 24 bits and to their own field', () => {
    const header = new FrameHeader()
    const sent = frameHeader({
      type: 4,
      receiver: 1,
      counter24: 2 ** 40 + 5,
      sequence: 2 ** 24 + 6,
      pathId: 1,
    })
    codec.writeFrame(0, sent)
    expect(codec.readFrame(0, 17, header)).toBe(0)
    expect(header).toMatchObject({ pathId: 1, counter24: 5, flags: 0, sequence: 6, receiver: 1 })
  })
})

describe('malformed frames have a name', () => {
  test.each([
    ['short', ''],
    ['short', '50000001 00000000 00000000 000000'],
    ['bad-version', '10000001 00000000 00000000 00000000 00'],
    ['bad-version', '90000001 00000000 00000000 00000000 00'],
    ['bad-type', '40000001 00000000 00000000 00000000 00'],
    ['bad-type', '58000001 00000000 00000000 00000000 00'],
    ['bad-type', '7c000001 00000000 00000000 00000000 00'],
    ['bad-receiver', '50000000 00000000 00000000 00000000 00'],
    ['bad-receiver', '54000000 00000000 00000000 00000000 00'],
    ['bad-receiver', '48000000 00000000 00000001 00000000 00000000'],
    ['bad-receiver', '44000001 00000000 00000001 00000000 00000000'],
    ['bad-flags', '50000001 00000000 03000000 00000000 00'],
    ['bad-flags', '50000001 00000000 10000000 00000000 00'],
    ['bad-flags', '50000001 00000000 80000000 00000000 00'],
    ['bad-flags', '54000001 00000000 01000000 00000000 00'],
    ['bad-flags', '54000001 00000000 04000000 00000000 00'],
    ['bad-control', '54000001 00000000 00000001 00000000 00'],
    ['bad-length', '50000001 00000000 00000000 00000000'],
    ['bad-length', '54000001 00000000 00000000 00000000'],
    ['bad-receiver', '4c000000 00000000 00000000 00000000 00'],
    ['none', '4c000001 00000000 ffffffff ffffffff'],
    ['none', '50000001 00000000 06ffffff ffffffff 00'],
    ['none', '54000001 00000000 00000000 ffffffff 00'],
  ])('%s: %s', (name, text) => {
    expect(read.frame(hex(text))).toBe(name)
  })

  test.each([
    ['bad-length', '44000000 00000000 00000001 00000000 000000'],
    ['bad-length', '44000000 00000000 00000001 00000000 00000000 00'],
    ['bad-handshake', '45000000 00000000 00000001 00000000 00000000'],
    ['bad-handshake', '44000000 00000001 00000001 00000000 00000000'],
    ['bad-handshake', '44000000 00000000 01000001 00000000 00000000'],
    ['bad-handshake', '44000000 00000000 00000000 00000000 00000000'],
    ['short', '44000000 00000000 00000001'],
    ['none', '44000000 ff000000 00ffffff ffffffff ffffffff'],
  ])('handshake %s: %s', (name, text) => {
    expect(read.handshake(hex(text))).toBe(name)
  })

  test.each([
    ['bad-length', '010000'],
    ['bad-length', '01000000 000000'],
    ['bad-length', '02000000 00000000 00'],
    ['bad-length', '04000000 00'],
    ['bad-control', '04000001'],
    ['bad-control', '00000000 00000000'],
    ['bad-control', '03000000 00000000'],
    ['bad-control', '0a000000'],
    ['bad-length', '08000000'],
    ['bad-length', '0800000c 00000000'],
    ['bad-length', '08000008 00000000 00'],
    ['bad-length', '0900000c 00000000 00000000'],
    ['bad-control', '08010008 00000000'],
    ['bad-control', '08000007 00000000'],
    ['bad-control', '09000000 00000000'],
    ['none', '0900ffff ffffffff'],
    ['none', '08000009 ffffffff 01'],
    ['bad-length', '05000000'],
    ['bad-length', '05000000 00000000 000000'],
    ['bad-length', '06000000 00000000 00000000 00'],
    ['bad-control', '05000001 00000000 00000000'],
    ['bad-control', '06010000 00000000 00000000'],
    ['bad-length', '07000000 00'],
    ['bad-control', '07000100'],
    ['none', '05000000 ffffffff ffffffff'],
    ['none', '07ff0000'],
    ['bad-control', '01040000 00000000'],
    ['bad-control', '02ff0000 00000000'],
  ])('control body %s: %s', (name, text) => {
    expect(read.control(hex(text))).toBe(name)
  })

  test.each([
    ['bad-fragment', '00000002'],
    ['bad-fragment', '00000000 00'],
    ['bad-fragment', '00000001 00'],
    ['bad-fragment', '00000041 00'],
    ['bad-fragment', '00000202 00'],
    ['none', '00003f40 00'],
  ])('piece %s: %s', (name, text) => {
    expect(read.fragment(hex(text))).toBe(name)
  })
})

test('a header and a tag fit around the largest packet of a fresh slot, and are the whole budget', () => {
  const pool = new Mempool()
  const slot = pool.acquire()
  const codec = new FrameCodec(pool.arena)
  const offset = pool.offsetOf(slot) - HEADER_BYTES
  codec.writeFrame(offset, frameHeader({ type: FrameType.data, receiver: 1 }))
  expect(offset).toBeGreaterThanOrEqual(pool.startOf(slot))
  expect(offset + HEADER_BYTES + pool.packetBytes + TAG_BYTES).toBeLessThanOrEqual(pool.endOf(slot))
  expect(HEADER_BYTES + TAG_BYTES).toBe(MAX_OVERHEAD_BYTES)
  pool.release(slot)
  expect(pool.inUse).toBe(0)
})
