import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyReport } from '@mp/rate-control'
import { ReceiveWindow, writeGaps } from '../src/receive-window.ts'

/** Steps of counters: mostly one on, sometimes back, a gap, or out of all that is remembered. */
const anySteps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(1) },
    { weight: 3, arbitrary: fc.integer({ min: -40, max: 100 }) },
    { weight: 1, arbitrary: fc.integer({ min: -9000, max: 20_000 }) },
  ),
  { maxLength: 60 },
)

test('the window remembers the last 8192 counters as a set does, and names every run of missing ones', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), anySteps, (start, steps) => {
      const window = new ReceiveWindow()
      const seen = new Set<number>()
      let at = start
      for (const step of [0, ...steps]) {
        at = Math.max(0, at + step)
        window.add(at)
        seen.add(at)
      }
      const highest = Math.max(...seen)
      expect(window.highest).toBe(highest)
      expect(window.lowest).toBe(Math.max(0, highest - 8191))
      const missing = new Set<number>()
      const wrong: number[] = []
      for (let counter = window.lowest; counter <= highest; counter++) {
        if (!seen.has(counter)) missing.add(counter)
        if (window.has(counter) !== seen.has(counter)) wrong.push(counter)
      }
      expect(wrong).toEqual([])
      expect(gapsOf(window)).toEqual(missing)
    }),
    { numRuns: 200 },
  )
})

/** All that is missing, asked for report by report. */
function gapsOf(window: ReceiveWindow): Set<number> {
  const found = new Set<number>()
  const report = emptyReport()
  for (let from = window.lowest; from <= window.highest;) {
    const judged = writeGaps(window, report, from, window.highest)
    for (let gap = 0; gap < report.gapCount; gap++) {
      for (let i = 0; i < report.gapLength[gap]!; i++) found.add(report.gapStart[gap]! + i)
    }
    expect(report.gapCount === 16 || judged === window.highest).toBe(true)
    from = judged + 1
  }
  return found
}

test('there are no more gaps in a report than it has room for', () => {
  const window = new ReceiveWindow()
  for (let counter = 0; counter <= 100; counter += 2) window.add(counter)
  const report = emptyReport()
  expect(writeGaps(window, report, 0, 100)).toBe(32)
  expect([report.gapCount, report.gapStart[0], report.gapStart[15], report.gapLength[15]]).toEqual([
    16, 1, 31, 1,
  ])
})
