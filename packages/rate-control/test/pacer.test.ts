import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Pacer } from '@mp/rate-control'

describe('a pacer', () => {
  test('lets two frames or 2 ms go at once, whichever is more', () => {
    expect(new Pacer(1e6).budgetBytes(0)).toBe(3000)
    expect(new Pacer(1e6, { maxFrameBytes: 9000 }).budgetBytes(0)).toBe(18_000)
    expect(new Pacer(80e6).budgetBytes(0)).toBe(20_000)
  })

  test('earns its rate, up to a full bucket', () => {
    const pacer = new Pacer(8e6)
    pacer.budgetBytes(0)
    pacer.spend(3000)
    expect([0, 1, 2, 3, 100].map((nowMs) => pacer.budgetBytes(nowMs))).toEqual([0, 1000, 2000, 3000, 3000])
  })

  test('says when a frame may go', () => {
    const pacer = new Pacer(8e6)
    pacer.budgetBytes(10)
    expect(pacer.nextMs(1400)).toBe(10)
    pacer.spend(3000)
    expect(pacer.nextMs(1400)).toBeCloseTo(11.4)
    expect(pacer.nextMs(1e9)).toBe(13)
  })

  test('pays a debt first, of one bucket at most', () => {
    const pacer = new Pacer(8e6)
    pacer.budgetBytes(0)
    pacer.spend(1e6)
    expect([pacer.budgetBytes(0), pacer.budgetBytes(3), pacer.budgetBytes(4)]).toEqual([0, 0, 1000])
  })

  test('earns at the old rate until the rate is changed', () => {
    const pacer = new Pacer(8e6)
    pacer.budgetBytes(0)
    pacer.spend(3000)
    pacer.setRate(16e6, 1)
    expect([pacer.budgetBytes(1), pacer.budgetBytes(2)]).toEqual([1000, 3000])
    pacer.setRate(80e6, 2)
    expect(pacer.budgetBytes(3)).toBe(13_000)
    pacer.setRate(8e6, 3)
    expect(pacer.budgetBytes(3)).toBe(3000)
  })

  test('does not mind a clock that stands still or goes back', () => {
    const pacer = new Pacer(8e6)
    pacer.budgetBytes(10)
    pacer.spend(3000)
    expect([pacer.budgetBytes(5), pacer.budgetBytes(10), pacer.budgetBytes(11)]).toEqual([0, 0, 1000])
  })
})

test('asked once per millisecond, it lets through its rate and one bucket at most, and its rate at least', () => {
  const anyTimes = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 200 })
  const anyRate = fc.integer({ min: 64_000, max: 1_000_000_000 })
  fc.assert(
    fc.property(anyRate, anyTimes, (rateBps, steps) => {
      const pacer = new Pacer(rateBps)
      let nowMs = 0
      let sent = 0
      for (const step of steps) {
        nowMs += step
        for (let budget = pacer.budgetBytes(nowMs); budget >= 1400; budget -= 1400) {
          pacer.spend(1400)
          sent += 1400
        }
        const earned = (rateBps / 8000) * nowMs
        expect(sent).toBeLessThanOrEqual(earned + pacer.burstBytes + 1e-6)
        expect(sent).toBeGreaterThan(earned - 1400 - 1e-6)
      }
    }),
  )
})
