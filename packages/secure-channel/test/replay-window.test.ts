import { ReplayWindow } from '@mp/secure-channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const WINDOW = 4064

/** Remembers everything. */
class Oracle {
  readonly #seen = new Set<number>()
  #highest = -1

  commit(counter: number): boolean {
    if (counter <= this.#highest - WINDOW || this.#seen.has(counter)) return false
    this.#seen.add(counter)
    this.#highest = Math.max(this.#highest, counter)
    return true
  }
}

describe('a replay window', () => {
  // Steps near 0, near the window and far beyond it, so that every way of advancing is met.
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: -WINDOW - 3, max: -WINDOW + 3 }) },
    { weight: 2, arbitrary: fc.integer({ min: -5000, max: 5000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 34 }) },
  )
  test.each([0, 2 ** 32 - 50, 2 ** 40])(
    'agrees with a set that remembers everything, from %d on',
    (start) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
          const window = new ReplayWindow()
          const oracle = new Oracle()
          let base = start
          for (const delta of steps) {
            const counter = Math.max(0, base + delta)
            const expected = oracle.commit(counter)
            expect(window.check(counter)).toBe(expected)
            expect(window.commit(counter)).toBe(expected)
            expect(window.commit(counter)).toBe(false)
            base = Math.max(base, counter)
          }
        }),
      )
    },
  )

  test('lets each counter pass once in any order within 4064', () => {
    const window = new ReplayWindow()
    const order = Array.from({ length: 4000 }, (_, i) => (i * 1237) % 4000)
    expect(order.filter((counter) => window.commit(counter))).toHaveLength(4000)
    expect(order.filter((counter) => window.commit(counter))).toHaveLength(0)
    expect(window.highest).toBe(3999)
  })

  test('changes nothing when asked', () => {
    const window = new ReplayWindow()
    expect(window.check(5)).toBe(true)
    expect(window.check(1e9)).toBe(true)
    expect(window.highest).toBe(-1)
    expect(window.commit(5)).toBe(true)
  })

  test('goes up to 2^53 and refuses what is no counter', () => {
    const window = new ReplayWindow()
    for (const counter of [-1, -(2 ** 40), 2 ** 53, Infinity, -Infinity, Number.NaN]) {
      expect([counter, window.commit(counter)]).toEqual([counter, false])
    }
    expect(window.commit(2 ** 53 - 1)).toBe(true)
    expect(window.commit(2 ** 53 - 1)).toBe(false)
    expect(window.commit(2 ** 53 - 2)).toBe(true)
    expect(window.commit(2 ** 53 - 1 - WINDOW)).toBe(false)
    expect(window.commit(-1)).toBe(false)
  })
})
