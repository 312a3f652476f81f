import { Backoff } from '@mp/path-manager'
import fc from 'fast-check'
import { expect, it } from 'vitest'

it('doubles from 250 ms to 30 s, and begins anew after a reset', () => {
  const backoff = new Backoff()
  const delays = Array.from({ length: 9 }, () => backoff.nextDelayMs(0.5))
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  backoff.reset()
  expect(backoff.nextDelayMs(0.5)).toBe(250)
})

it('varies each delay by a quarter to both sides', () => {
  expect([0, 0.25, 1].map((random) => new Backoff().nextDelayMs(random))).toEqual([187.5, 218.75, 312.5])
})

it('stays between the bounds for all options and all chance', () => {
  const options = fc.record({
    initialMs: fc.double({ min: 1, max: 1000, noNaN: true }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    maxMs: fc.double({ min: 1000, max: 100_000, noNaN: true }),
    jitterRatio: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })
  fc.assert(
    fc.property(options, chances, (chosen, randoms) => {
      const backoff = new Backoff(chosen)
      for (const random of randoms) {
        const delayMs = backoff.nextDelayMs(random)
        expect(delayMs).toBeGreaterThanOrEqual(chosen.initialMs * (1 - chosen.jitterRatio) * (1 - 1e-9))
        expect(delayMs).toBeLessThanOrEqual(chosen.maxMs * (1 + chosen.jitterRatio) * (1 + 1e-9))
      }
    }),
  )
})

it.each([{ initialMs: 0 }, { factor: 0.5 }, { maxMs: 1 }, { jitterRatio: 2 }, { initialMs: Number.NaN }])(
  'refuses %o',
  (options) => {
    expect(() => new Backoff(options)).toThrow(RangeError)
  },
)
