import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WindowedMin } from '../src/windowed-min.ts'

const anySamples = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.nat(2000), fc.nat(30_000)),
    value: fc.integer({ min: -1000, max: 1000 }),
    forget: fc.boolean(),
  }),
  { minLength: 1, maxLength: 100 },
)

test('the minimum is that of the last 8.75 to 10 s since all was forgotten, whatever the pauses', () => {
  fc.assert(
    fc.property(anySamples, (samples) => {
      const window = new WindowedMin(10_000)
      let seen: { atMs: number; value: number }[] = []
      let nowMs = 0
      for (const { gapMs, value, forget } of samples) {
        nowMs += gapMs
        if (forget && value > 900) {
          window.clear()
          expect(window.min).toBe(Infinity)
          seen = []
        }
        seen.push({ atMs: nowMs, value })
        const minSince = (ageMs: number): number =>
          Math.min(...seen.filter(({ atMs }) => nowMs - atMs < ageMs).map((sample) => sample.value))
        const min = window.record(value, nowMs)
        expect(min).toBeLessThanOrEqual(minSince(8750))
        expect(min).toBeGreaterThanOrEqual(minSince(10_000))
        expect(window.min).toBe(min)
      }
    }),
  )
})
