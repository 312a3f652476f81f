import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { IdealLines, lateness } from './ideal-lines.ts'
import type { Line } from './ideal-lines.ts'
import type { TestPath } from './support.ts'

const anyLine: fc.Arbitrary<Line> = fc.record({
  bytesPerSecond: fc.integer({ min: 100_000, max: 5_000_000 }),
  owdMs: fc.integer({ min: 1, max: 140 }),
})
const anyLines = fc.array(anyLine, { minLength: 2, maxLength: 4 })
const SLACK_MS = 50
const ROUNDING = 1e-6

/** A source that always has more than the lines can carry. */
function overload(lines: readonly Line[], lengths: (index: number) => number, forMs = 600): IdealLines {
  const world = new IdealLines(new AdaptiveScheduler<TestPath>({ slackMs: SLACK_MS }), lines)
  for (let index = 0; world.nowMs < forMs; world.nowMs++) {
    while (world.backlog < 40) world.offer(...Array.from({ length: 50 }, () => lengths(index++)))
    world.offer()
  }
  return world
}

describe('on lines that are as they are said to be', () => {
  test('packets of one length arrive in order, however unlike the lines, as long as none is full', () => {
    fc.assert(
      fc.property(
        anyLines,
        fc.integer({ min: 40, max: 1500 }),
        fc.array(fc.nat(20)),
        (lines, bytes, trace) => {
          const world = new IdealLines(new AdaptiveScheduler<TestPath>({ slackMs: Infinity }), lines)
          for (const packets of trace) {
            world.offer(...Array.from({ length: packets }, () => bytes))
            world.nowMs += 1
          }
          for (const lateMs of lateness(world.sent)) expect(lateMs).toBeLessThan(ROUNDING)
        },
      ),
    )
  })

  test('under overload packets of any length arrive out of order by no more than the slowest line needs for one', () => {
    fc.assert(
      fc.property(anyLines, (lines) => {
        const { sent } = overload(lines, (index) => 40 + ((index * 397) % 1461), 200)
        const slowestMs = Math.max(...lines.map(({ bytesPerSecond }) => (1000 * 1500) / bytesPerSecond))
        for (const lateMs of lateness(sent)) expect(lateMs).toBeLessThanOrEqual(slowestMs + ROUNDING)
      }),
      { numRuns: 30 },
    )
  })

  test('under overload no line is ever idle, and no more waits for it than its allowance and one packet', () => {
    fc.assert(
      fc.property(anyLines, (lines) => {
        const { sent } = overload(lines, () => 1200, 400)
        const slowestMs = Math.max(...lines.map(({ owdMs }) => owdMs))
        for (const [path, { bytesPerSecond, owdMs }] of lines.entries()) {
          let freeMs = 0
          const own = sent.filter((each) => each.path === path)
          for (const { startMs, arrivalMs, atMs } of own) {
            expect(startMs - freeMs).toBeLessThan(ROUNDING)
            expect(startMs - atMs).toBeLessThanOrEqual(slowestMs - owdMs + SLACK_MS + ROUNDING)
            freeMs = arrivalMs - owdMs
          }
          expect(freeMs).toBeGreaterThan(390 - (1000 * 1200) / bytesPerSecond)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('a line stands idle only while all that is offered is faster without it', () => {
    const lines = [
      { bytesPerSecond: 1_000_000, owdMs: 5 },
      { bytesPerSecond: 1_000_000, owdMs: 45 },
    ]
    const world = new IdealLines(new AdaptiveScheduler<TestPath>(), lines)
    for (; world.nowMs < 1000; world.nowMs++) world.offer(900)
    expect(world.sent.every(({ path }) => path === 0)).toBe(true)
    for (; world.nowMs < 1400; world.nowMs++) {
      const before = world.sent.length
      world.offer(900, 900)
      const usesSlow = world.sent.slice(before).some(({ path }) => path === 1)
      expect(usesSlow && world.busyMs(0) < 37).toBe(false)
    }
    expect(world.sent.filter(({ path }) => path === 1).length).toBeGreaterThan(300)
    expect(world.fullAtMs).toEqual([])
  })

  test('a burst of equal packets is delivered as early as any assignment could', () => {
    fc.assert(
      fc.property(anyLines, fc.integer({ min: 1, max: 30 }), (lines, packets) => {
        const world = new IdealLines(new AdaptiveScheduler<TestPath>({ slackMs: Infinity }), lines)
        world.offer(...Array.from({ length: packets }, () => 1000))
        const last = Math.max(...world.sent.map(({ arrivalMs }) => arrivalMs))
        // Each line could deliver its k-th packet then; the best assignment takes the earliest of these.
        const possible = lines.flatMap(({ bytesPerSecond, owdMs }) =>
          Array.from({ length: packets }, (_, k) => ((k + 1) * 1e6) / bytesPerSecond + owdMs),
        )
        const earliest = possible.toSorted((a, b) => a - b)[packets - 1]!
        expect(Math.abs(last - earliest)).toBeLessThan(ROUNDING)
      }),
    )
  })
})

test('A4: a line that gets slower, or is longer, carries no more of the same packets than before', () => {
  const arrivals = fc.array(
    fc.record({ gapMs: fc.nat({ max: 4 }), packets: fc.integer({ min: 1, max: 4 }) }),
    {
      minLength: 40,
      maxLength: 80,
    },
  )
  const worse = fc.oneof(
    fc.record({ rate: fc.double({ min: 0.3, max: 0.95, noNaN: true }), moreMs: fc.constant(0) }),
    fc.record({ rate: fc.constant(1), moreMs: fc.integer({ min: 1, max: 20 }) }),
  )
  fc.assert(
    fc.property(anyLines, arrivals, worse, (lines, trace, { rate, moreMs }) => {
      const carried = (first: Line): number => {
        const scheduler = new AdaptiveScheduler<TestPath>({ slackMs: Infinity })
        const world = new IdealLines(scheduler, [first, ...lines.slice(1)])
        for (const { gapMs, packets } of trace) {
          world.nowMs += gapMs
          world.offer(...Array.from({ length: packets }, () => 1000))
        }
        return world.sent.filter(({ path }) => path === 0).length
      }
      const [before] = lines as [Line]
      const after = { bytesPerSecond: before.bytesPerSecond * rate, owdMs: before.owdMs + moreMs }
      fc.pre(
        Math.max(...lines.map(({ owdMs }) => owdMs), after.owdMs) - 150 <=
          Math.min(...lines.map(({ owdMs }) => owdMs)),
      )
      expect(carried(after)).toBeLessThanOrEqual(carried(before) + 1)
    }),
  )
})

test('A6: on each line packets arrive in the order they were sent, and A5: what waits is never overdue', () => {
  fc.assert(
    fc.property(anyLines, (lines) => {
      const { sent, scheduler, nowMs } = overload(lines, (index) => 40 + ((index * 997) % 1461), 100)
      for (const path of lines.keys()) {
        const arrivals = sent.filter((each) => each.path === path).map(({ arrivalMs }) => arrivalMs)
        expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b))
      }
      const [first] = lines.keys()
      const busy = scheduler.snapshot()[first!]!
      expect(busy.freeAtMs).toBeGreaterThanOrEqual(nowMs - 2 - 1500 / lines[0]!.bytesPerSecond)
    }),
    { numRuns: 20 },
  )
})
