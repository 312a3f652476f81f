import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLAG_FRAGMENT, FrameCodec, FrameHeader, FrameType, HEADER_BYTES, TrafficClass } from '@mp/wire'

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 })
const index24 = fc.integer({ min: 1, max: 2 ** 24 - 1 })

function frameHeader(fields: Partial<FrameHeader>): FrameHeader {
  return Object.assign(new FrameHeader(), fields)
}

describe('the frame after', () => {
  const LENGTH = HEADER_BYTES + 20
  const SECOND = 64

  /** Whether each half of the frame at `SECOND` is known by that of the frame at 0, and the header as it is then. */
  function look(codec: FrameCodec, lengthBytes: number): [boolean, boolean, FrameHeader] {
    const header = new FrameHeader()
    codec.readFrame(0, LENGTH, header)
    return [
      codec.isNextClear(SECOND, lengthBytes, header),
      codec.isNextInner(SECOND, lengthBytes, header),
      header,
    ]
  }

  const fields = fc.record({
    type: fc.constant(FrameType.data),
    epoch: uint(2),
    receiver: index24,
    pathId: uint(8),
    counter24: fc.oneof(uint(24), fc.constant(2 ** 24 - 1)),
    flags: fc.constantFrom(0, FLAG_FRAGMENT, TrafficClass.critical),
    sequence: fc.oneof(uint(24), fc.constant(2 ** 24 - 1)),
    sendTime: uint(16),
    flowSequence: uint(16),
  })

  test('is known where only counter and sequence have counted on, and is what reading it in full says', () => {
    const change = fc.option(
      fc.tuple(
        fc.constantFrom(
          'epoch',
          'receiver',
          'pathId',
          'counter24',
          'flags',
          'sequence',
          'sendTime',
        ) as fc.Arbitrary<keyof FrameHeader>,
        fc.integer({ min: 1, max: 3 }),
      ),
    )
    fc.assert(
      fc.property(fields, uint(16), change, (first, flowSequence, changed) => {
        const codec = new FrameCodec(new Uint8Array(2 * SECOND))
        const next = {
          ...first,
          flowSequence,
          counter24: (first.counter24 + 1) % 2 ** 24,
          sequence: (first.sequence + 1) % 2 ** 24,
        }
        if (changed !== null) next[changed[0]] ^= changed[1]
        codec.writeFrame(0, frameHeader(first))
        codec.writeFrame(SECOND, frameHeader(next))
        const written = new FrameHeader()
        const code = codec.readFrame(SECOND, LENGTH, written)
        const isClear = changed === null || !['epoch', 'receiver', 'pathId', 'counter24'].includes(changed[0])
        const isInner = changed === null || !['flags', 'sequence', 'sendTime'].includes(changed[0])
        const [clear, inner, header] = look(codec, LENGTH)
        expect([clear, inner]).toEqual([isClear, isInner])
        // Where it is not known nothing is said of the header.
        const isKnown = isClear && isInner
        expect(isKnown ? [code, header] : []).toEqual(isKnown ? [0, written] : [])
      }),
    )
  })

  test('is not known where it is of another version or type, or too short', () => {
    const bytes = new Uint8Array(2 * SECOND)
    const codec = new FrameCodec(bytes)
    const first = { type: FrameType.data, receiver: 1, counter24: 5, sequence: 5 }
    codec.writeFrame(0, frameHeader(first))
    codec.writeFrame(SECOND, frameHeader({ ...first, counter24: 6, sequence: 6 }))
    expect(look(codec, LENGTH).slice(0, 2)).toEqual([true, true])
    expect(look(codec, HEADER_BYTES).slice(0, 2)).toEqual([true, false])
    expect(look(codec, HEADER_BYTES - 1).slice(0, 2)).toEqual([false, false])
    bytes[SECOND]! ^= 0x80
    expect(look(codec, LENGTH)[0]).toBe(false)
    codec.writeFrame(SECOND, frameHeader({ ...first, type: FrameType.control, counter24: 6 }))
    expect(look(codec, LENGTH)[0]).toBe(false)
  })
})
