import { describe, expect, test } from 'vitest'
import { bytes, duration, inWords, milliseconds, percent, rate, sizeOf } from '../src/feed/units.ts'

describe('quantities', () => {
  test.each([
    [0, '0 bit/s'],
    [999, '999 bit/s'],
    [999.6, '1.00 kbit/s'],
    [9_414, '9.41 kbit/s'],
    [94_140_000, '94.1 Mbit/s'],
    [941_400_000, '941 Mbit/s'],
    [999_900_000, '1.00 Gbit/s'],
    [25_000_000_000, '25.0 Gbit/s'],
    [null, '–'],
  ])('of rates have three digits that count: %s', (bps, text) => {
    expect(inWords(rate(bps))).toBe(text)
  })

  test.each([
    [0, '0 ms'],
    [0.04, '0 ms'],
    [3.21, '3.2 ms'],
    [99.96, '100 ms'],
    [1234, '1234 ms'],
    [null, '–'],
  ])('of time have one digit behind the point, where that says something: %s', (ms, text) => {
    expect(inWords(milliseconds(ms))).toBe(text)
  })

  test.each([
    [0, '0 %'],
    [0.0004, '< 0.1 %'],
    [0.0123, '1.2 %'],
    [0.42, '42 %'],
    [1, '100 %'],
  ])('of shares never hide what is there: %s', (ratio, text) => {
    expect(inWords(percent(ratio))).toBe(text)
  })

  test('are in units whose size is known', () => {
    for (const value of [12, 3400, 5.6e6, 7.8e9]) {
      for (const { number, unit } of [rate(value), bytes(value)])
        expect(Number(number) * sizeOf(unit)).toBeCloseTo(value, -Math.floor(Math.log10(value)) + 1)
    }
    expect(sizeOf('%')).toBe(0.01)
    expect(sizeOf('ms')).toBe(1)
  })

  test.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [12 * 60_000, '12 min'],
    [3 * 3_600_000 + 12 * 60_000, '3 h 12 min'],
    [99 * 3_600_000, '4 d 3 h'],
  ])('of durations have two parts at most: %s ms', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })
})
