import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WindowedMin } from '../src/windowed-min.ts'

const samples = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.nat(2000), fc.nat(30_000)),
    value: fc.nat(1000),
  }),
  { minLength: 1, maxLength: 100 },
)

test('the minimum is that of the last 8.75 to 10 s, whatever the pauses', () => {
  fc.assert(
    fc.property(samples, (list) => {
      const window = new WindowedMin(10_000)
      const seen: { atMs: number; value: number }[] = []
      let nowMs = 0
      for (const { gapMs, value } of list) {
        nowMs += gapMs
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

test('there is no minimum before the first value', () => {
  expect(new WindowedMin(10_000).min).toBeUndefined()
})
