import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandCounter, sendTimeDeltaMs, sendTimeOf, sequenceDelta } from '@mp/wire'

const RANGE = 2n ** 24n
const HALF = RANGE / 2n
const whole = fc.integer({ min: 0, max: 2 ** 52 })
const low24 = fc.integer({ min: 0, max: 2 ** 24 - 1 })

/** Tries every block of 2^24 near `highestSeen` and takes the candidate nearest to what is expected. */
function oracle(low: number, highestSeen: number): number {
  const expected = BigInt(highestSeen) + 1n
  const block = expected / RANGE
  const candidates = [block - 1n, block, block + 1n].map((each) => each * RANGE + BigInt(low))
  const best = candidates.find((each) => each >= 0n && each - expected >= -HALF && each - expected < HALF)
  return Number(best ?? candidates.find((each) => each >= 0n))
}

describe('a counter of which 24 bits travelled', () => {
  test('is the one nearest to the next expected', () => {
    fc.assert(
      fc.property(low24, fc.oneof(whole, fc.integer({ min: -1, max: 2 ** 25 })), (low, highestSeen) => {
        expect(expandCounter(low, highestSeen)).toBe(oracle(low, highestSeen))
      }),
      { numRuns: 2000 },
    )
  })

  test('survives any gap or lateness of up to 2^23 packets', () => {
    const distance = fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 })
    fc.assert(
      fc.property(whole, distance, (highestSeen, ahead) => {
        const sent = highestSeen + 1 + ahead
        fc.pre(sent >= 0)
        expect(expandCounter(sent % 2 ** 24, highestSeen)).toBe(sent)
      }),
    )
  })

  test.each([
    [0, -1, 0],
    [0xff_ffff, -1, 0xff_ffff],
    [0, 0xff_ffff, 0x100_0000],
    [0xff_ffff, 0x100_0000, 0xff_ffff],
    [0x7f_ffff, 0xff_ffff, 0x17f_ffff],
    [0x80_0000, 0xff_ffff, 0x80_0000],
  ])('%i after %i is %i', (low, highestSeen, expected) => {
    expect(expandCounter(low, highestSeen)).toBe(expected)
  })
})

test('the distance of sequence numbers is their difference as long as it is below 2^23', () => {
  const distance = fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 })
  fc.assert(
    fc.property(whole, distance, (a, ahead) => {
      const b = a + ahead
      fc.pre(b >= 0)
      expect(sequenceDelta(b, a)).toBe(ahead)
      expect(sequenceDelta(b % 2 ** 24, a % 2 ** 24)).toBe(ahead)
    }),
  )
})

describe('the send time', () => {
  test.each([
    [0, 0],
    [0.127, 0],
    [0.128, 1],
    [8388.607, 65_535],
    [8388.608, 0],
    [-0.001, 65_535],
  ])('of %d ms is %i', (nowMs, expected) => {
    expect(sendTimeOf(nowMs)).toBe(expected)
  })

  test('says how much time passed to within one unit, across the wrap, up to 4.19 s', () => {
    const time = fc.double({ min: 0, max: 1e12, noNaN: true })
    const passed = fc.double({ min: -4190, max: 4190, noNaN: true })
    fc.assert(
      fc.property(time, passed, (startMs, passedMs) => {
        const endMs = startMs + passedMs
        const measured = sendTimeDeltaMs(sendTimeOf(endMs), sendTimeOf(startMs))
        expect(Math.abs(measured - (endMs - startMs))).toBeLessThanOrEqual(0.129)
      }),
    )
  })
})
