import { HoltSmoothing } from '@mp/prober'
import type { HoltOptions } from '@mp/prober'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** Forecasts for the next sample, one after each of `count` regular samples of `rttMs`, from a level of `fromMs`. */
function stepResponse(options: HoltOptions, fromMs: number, rttMs: number, count: number): number[] {
  const holt = new HoltSmoothing(options)
  holt.update(fromMs, 0)
  return Array.from({ length: count }, (_, i) => {
    holt.update(rttMs, 100 * (i + 1))
    return holt.smoothedMs! + (options.phi ?? 0.9) * holt.trendMs
  })
}

describe('step response', () => {
  test.each([
    { alpha: 0.2, beta: 0.1, phi: 1, overshoot: 21.8, samples: 29 },
    { alpha: 0.2, beta: 0.055, phi: 1, overshoot: 15, samples: 38 },
    { alpha: 0.2, beta: 0.1, phi: 0.9, overshoot: 8, samples: 18 },
    { alpha: 0.3, beta: 0.1, phi: 0.9, overshoot: 8.1, samples: 14 },
    { alpha: 0.5, beta: 0.2, phi: 0.8, overshoot: 8.8, samples: 7 },
  ])(
    'α $alpha, β $beta, φ $phi overshoots by $overshoot % and is more than 5 % off for $samples samples',
    ({ overshoot, samples, ...gains }) => {
      const forecasts = stepResponse(gains, 0, 1, 200)
      expect(100 * (Math.max(...forecasts) - 1)).toBeCloseTo(overshoot, 1)
      expect(forecasts.findLastIndex((forecast) => Math.abs(forecast - 1) > 0.05) + 1).toBe(samples)
    },
  )

  test('the defaults are the recommended gains', () => {
    expect(stepResponse({}, 0, 1, 50)).toEqual(stepResponse({ alpha: 0.3, beta: 0.1, phi: 0.9 }, 0, 1, 50))
  })
})

/** Sign changes of the error after a jump by 1 at a height where no forecast falls to 0; smaller ones are rounding. */
function swings(options: HoltOptions): number {
  const signs = stepResponse(options, 10, 11, 2000)
    .map((forecast) => forecast - 11)
    .filter((error) => Math.abs(error) > 1e-11)
    .map(Math.sign)
  return signs.filter((sign, i) => i > 0 && sign !== signs[i - 1]).length
}

const alphas = fc.double({ min: 0.05, max: 0.9, noNaN: true })
const criticalBeta = (alpha: number): number => (2 * (1 - Math.sqrt(1 - alpha)) - alpha) / alpha

describe('stability', () => {
  test('any gains allowed settle on a constant RTT', () => {
    const gains = fc.record({
      alpha: fc.double({ min: 0.05, max: 1, noNaN: true }),
      beta: fc.double({ min: 0.01, max: 1, noNaN: true }),
      phi: fc.double({ min: 0.01, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(gains, (options) => {
        expect(Math.abs(stepResponse(options, 1, 0, 5000).at(-1)!)).toBeLessThan(1e-3)
      }),
    )
  })

  test('undamped smoothing passes its target once and comes back, for β up to the critical one', () => {
    fc.assert(
      fc.property(alphas, fc.double({ min: 0.05, max: 0.99, noNaN: true }), (alpha, share) => {
        expect(swings({ alpha, beta: share * criticalBeta(alpha), phi: 1 })).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('undamped smoothing swings for a larger β', () => {
    fc.assert(
      fc.property(alphas, fc.double({ min: 1.2, max: 2, noNaN: true }), (alpha, factor) => {
        fc.pre(factor * criticalBeta(alpha) <= 1)
        expect(swings({ alpha, beta: factor * criticalBeta(alpha), phi: 1 })).toBeGreaterThan(1)
      }),
    )
  })
})

describe('samples at irregular times', () => {
  test('after a long pause the new sample counts and the past does not', () => {
    const holt = new HoltSmoothing()
    for (let i = 0; i < 50; i++) holt.update(20, i * 100)
    holt.update(80, 60_000)
    expect(holt.smoothedMs).toBeCloseTo(80, 6)
  })

  test('a pause of n intervals weighs like n samples of the same value for the level, when there is no trend', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (gap) => {
        const regular = new HoltSmoothing({ beta: 0 })
        const paused = new HoltSmoothing({ beta: 0 })
        regular.update(20, 0)
        paused.update(20, 0)
        for (let i = 1; i <= gap; i++) regular.update(90, i * 100)
        paused.update(90, gap * 100)
        expect(paused.smoothedMs).toBeCloseTo(regular.smoothedMs!, 9)
      }),
    )
  })

  test('samples at one time move the level, and nothing becomes NaN', () => {
    const holt = new HoltSmoothing()
    holt.update(20, 0)
    holt.update(40, 0)
    expect(holt.smoothedMs).toBeGreaterThan(20)
    expect(holt.smoothedMs).toBeLessThan(40)
  })
})

describe('forecast', () => {
  test('a steady climb is foreseen: undamped, exactly', () => {
    const holt = new HoltSmoothing({ phi: 1 })
    for (let i = 0; i < 500; i++) holt.update(20 + 3 * i, i * 100)
    expect(holt.predict(0)).toBeCloseTo(20 + 3 * 499, 3)
    expect(holt.predict(10)).toBeCloseTo(20 + 3 * 509, 3)
  })

  test('a damped climb levels out: h steps add φ + … + φ^h trends', () => {
    const holt = new HoltSmoothing()
    for (let i = 0; i < 20; i++) holt.update(20 + 3 * i, i * 100)
    const ahead = 0.9 + 0.9 ** 2 + 0.9 ** 3
    expect(holt.predict(3)).toBeCloseTo(holt.smoothedMs! + ahead * holt.trendMs, 9)
  })

  test('no RTT is expected before the first sample, and never a negative one', () => {
    const holt = new HoltSmoothing({ phi: 1 })
    expect(holt.predict(1)).toBeUndefined()
    expect(holt.smoothedMs).toBeUndefined()
    for (let i = 0; i < 10; i++) holt.update(100 - 10 * i, i * 100)
    expect(holt.predict(100)).toBe(0)
  })

  test('samples that fall as steeply as they like leave no negative RTT behind', () => {
    const samples = fc.array(
      fc.record({
        rttMs: fc.double({ min: 0, max: 5000, noNaN: true }),
        gapMs: fc.integer({ min: 0, max: 5000 }),
      }),
      { minLength: 3, maxLength: 20 },
    )
    const gains = fc.record({
      alpha: fc.double({ min: 0.05, max: 1, noNaN: true }),
      beta: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(gains, samples, (options, all) => {
        const holt = new HoltSmoothing(options)
        let nowMs = 0
        for (const { rttMs, gapMs } of all) {
          holt.update(rttMs, (nowMs += gapMs))
          expect(holt.smoothedMs).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })

  test('the deviation starts at half the RTT and fades by a quarter per sample that was foreseen', () => {
    const holt = new HoltSmoothing()
    holt.update(40, 0)
    expect(holt.deviationMs).toBe(20)
    holt.update(40, 100)
    expect(holt.deviationMs).toBeCloseTo(15, 9)
  })
})

test.each([{ alpha: 0 }, { alpha: 1.1 }, { beta: -0.1 }, { phi: 0 }, { phi: NaN }, { intervalMs: 0 }])(
  'gains out of range are refused: %o',
  (options) => {
    expect(() => new HoltSmoothing(options)).toThrow(RangeError)
  },
)
