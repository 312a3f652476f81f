import { describe, expect, test } from 'vitest'
import { LINES, steady, varied } from './sim/lines.ts'
import { simulate } from './sim/simulate.ts'
import type { Outcome } from './sim/simulate.ts'

const SEEDS = 6

/** The kind of line called `name` with other numbers each time. */
const outcomesOf = (name: string): Outcome[] =>
  Array.from({ length: SEEDS }, (_, index) => simulate(varied(LINES[name]!, 1000 + index)))

const usedBy = (outcomes: readonly Outcome[]): number[] =>
  outcomes.map((each) => each.usedPercent).toSorted((a, b) => a - b)
const middle = (values: readonly number[]): number => values[Math.floor(values.length / 2)]!
const named = (...parts: string[]): string[] =>
  Object.keys(LINES).filter((name) => parts.some((part) => name.startsWith(part)))

test('of all kinds of lines with their very numbers', () => {
  const rows = Object.entries(LINES).map(([name, line]) => {
    const { usedPercent, meanQueueMs, p95QueueMs, lostPercent } = simulate({ ...line, seed: 1 })
    const columns = [usedPercent, meanQueueMs, p95QueueMs, lostPercent].map((each) =>
      each.toFixed(1).padStart(7),
    )
    return name.padEnd(44) + columns.join('')
  })
  const head = 'line'.padEnd(44) + [' used %', 'mean ms', ' p95 ms', ' lost %'].join('')
  expect(`\n${[head, ...rows].join('\n')}\n`).toMatchInlineSnapshot(`
    "
    line                                         used %mean ms p95 ms lost %
    DSL 16M, 30 ms, queue 100 ms                   99.3    4.5   12.6    0.0
    DSL upload 1M, 40 ms, queue 500 ms             99.8   25.0   57.0    0.0
    modem 100k, 100 ms, queue 1 s                 100.0  251.7  378.0    0.4
    cable 100M, 20 ms, queue 500 ms                99.5    4.1   11.4    0.0
    fibre 1G, 5 ms, queue 20 ms                    99.8    2.3    5.3    0.0
    LAN 300M, 1 ms, queue 10 ms                    99.6    3.1    7.9    0.0
    shallow 50M, 40 ms, queue 20 ms                99.4    4.2   12.9    0.0
    shallow 20M, 80 ms, queue 50 ms                99.2    3.7   12.9    0.0
    deep 20M, 50 ms, queue 500 ms                  99.5    4.3   12.6    0.1
    far 50M, 200 ms, queue 100 ms                  99.1    3.7   14.6    0.0
    satellite 20M, 600 ms, queue 300 ms            99.2    4.4   17.4    0.0
    radio 50M, 40 ms, 1 % loss                     97.9    3.1   10.4    0.9
    radio 10M, 60 ms, 5 % loss                     91.5    2.8   10.7    4.9
    radio 50M, 20 ms, 3 % loss in bursts of 5      93.8    3.1   11.1    3.1
    radio 10M, 60 ms, 2 % loss in bursts of 8      81.2    5.3   24.6    1.4
    LTE 30M, 50 ms, jitter 5 ms                    98.7    6.0   21.3    0.0
    WiFi 40M, 20 ms, jitter 10 ms, 0.5 % loss      95.0    3.2   10.9    0.7
    LTE 30M, 50 ms, jitter 10 ms, reordering       99.0    3.2    9.8    0.0
    Starlink, 15 s steps                           95.4    4.1   12.8    0.3
    square 20M to 40M every 3 s, 40 ms             91.9   12.7   72.0    0.2
    square 8M to 40M every 3 s, 40 ms              79.1   29.7  227.8    0.7
    policer 20M, 30 ms, bucket 20 ms              100.0    0.0    0.0    3.3
    with CUBIC 20M, 40 ms, queue 100 ms            87.2   41.3   99.1    1.1
    with CUBIC 20M, 40 ms, queue 500 ms            44.5  321.3  489.8    0.0
    with CUBIC 50M, 20 ms, queue 30 ms             88.0   12.7   29.4    0.3
    after CUBIC 20M, 40 ms, queue 200 ms           59.1  113.4  199.2    0.9
    "
  `)
}, 120_000)

describe('whatever the numbers, in the worst case', () => {
  test.each(named('DSL 16M', 'cable', 'LAN', 'shallow', 'deep', 'far', 'satellite'))(
    '%s is full without a queue',
    (name) => {
      const outcomes = outcomesOf(name)
      expect(usedBy(outcomes)[0]).toBeGreaterThan(93)
      for (const { meanQueueMs } of outcomes) expect(meanQueueMs).toBeLessThan(25)
    },
    120_000,
  )

  test.each(named('DSL upload', 'modem'))(
    '%s is full with a few frames in its queue',
    (name) => {
      const outcomes = outcomesOf(name)
      expect(usedBy(outcomes)[0]).toBeGreaterThan(93)
      const frameMs = (1400 * 8000) / LINES[name]!.rateBps(0)
      expect(middle(outcomes.map((each) => each.meanQueueMs).toSorted((x, y) => x - y))).toBeLessThan(
        25 + 3 * frameMs,
      )
    },
    120_000,
  )

  test.each(named('radio 50M', 'WiFi'))(
    '%s is full though it loses frames',
    (name) => {
      expect(usedBy(outcomesOf(name))[0]).toBeGreaterThan(90)
    },
    120_000,
  )

  test.each(named('LTE', 'Starlink'))(
    '%s does not collapse',
    (name) => {
      expect(usedBy(outcomesOf(name))[0]).toBeGreaterThan(85)
    },
    120_000,
  )

  test.each(named('radio 10M'))(
    '%s is used more than half, and nearly all mostly',
    (name) => {
      const used = usedBy(outcomesOf(name))
      expect(used[0]).toBeGreaterThan(55)
      expect(middle(used)).toBeGreaterThan(85)
    },
    120_000,
  )

  test.each(named('square'))(
    '%s is followed',
    (name) => {
      const used = usedBy(outcomesOf(name))
      expect(used[0]).toBeGreaterThan(55)
      expect(middle(used)).toBeGreaterThan(73)
    },
    120_000,
  )

  test.each(named('policer'))(
    '%s costs little loss',
    (name) => {
      const outcomes = outcomesOf(name)
      expect(usedBy(outcomes)[0]).toBeGreaterThan(93)
      for (const { lostPercent } of outcomes) expect(lostPercent).toBeLessThan(5)
    },
    120_000,
  )

  test.each(named('with CUBIC', 'after CUBIC'))(
    '%s: half of a fair share is left',
    (name) => {
      expect(usedBy(outcomesOf(name))[0]).toBeGreaterThan(25)
    },
    120_000,
  )
})

describe('a source with little to send', () => {
  test('keeps what is known of its path and adds no queue', () => {
    const estimates: number[] = []
    const outcome = simulate({
      ...steady(50e6, 40, 200),
      seed: 3,
      offeredBps: (nowMs) => (nowMs < 3000 ? 1e9 : 1e6),
      untilMs: 60_000,
      fromMs: 6000,
      onTick: (nowMs, { capacityBps }) => nowMs > 4000 && estimates.push(capacityBps),
    })
    expect(Math.min(...estimates)).toBeGreaterThan(40e6)
    expect(Math.max(...estimates)).toBeLessThan(75e6)
    expect(outcome.meanQueueMs).toBeLessThan(1)
  })

  test('but enough to fill the line does not fill its queue', () => {
    const { meanQueueMs, usedPercent } = simulate({
      ...steady(50e6, 20, 300),
      seed: 8,
      offeredBps: () => 51e6,
      options: { startBps: 140e6 },
    })
    expect(meanQueueMs).toBeLessThan(15)
    expect(usedPercent).toBeGreaterThan(95)
  })

  test('that comes in bursts does not make a path look slow', () => {
    const estimates: number[] = []
    simulate({
      ...steady(50e6, 40, 200),
      seed: 4,
      offeredBps: (nowMs) => (nowMs % 1000 < 200 ? 40e6 : 0),
      options: { startBps: 50e6 },
      untilMs: 30_000,
      onTick: (_, { capacityBps }) => estimates.push(capacityBps),
    })
    expect(Math.min(...estimates)).toBeGreaterThan(35e6)
  })

  test('finds a path that has become slower while it was silent', () => {
    const { usedPercent, meanQueueMs } = simulate({
      ...steady(0, 40, 100, { rateBps: (nowMs) => (nowMs < 10_000 ? 50e6 : 5e6) }),
      seed: 5,
      offeredBps: (nowMs) => (nowMs < 3000 || nowMs > 18_000 ? 1e9 : 0),
      untilMs: 30_000,
      fromMs: 20_000,
    })
    expect(usedPercent).toBeGreaterThan(90)
    expect(meanQueueMs).toBeLessThan(30)
  })
})

test.each([-200, 200])('clocks that drift apart by %d ppm do no harm', (skewPpm) => {
  const { usedPercent, meanQueueMs } = simulate({
    ...steady(20e6, 40, 200),
    seed: 6,
    skewPpm,
    untilMs: 120_000,
  })
  expect(usedPercent).toBeGreaterThan(93)
  expect(meanQueueMs).toBeLessThan(25)
})

test('a path that always reorders is learned, so that little is called lost that is not', () => {
  const { spuriousFrames, events } = simulate({
    ...steady(30e6, 50, 200, { jitterMs: 10, reorder: true }),
    seed: 7,
  })
  expect(spuriousFrames).toBeLessThan(100)
  expect(events.length).toBeGreaterThan(10)
})

test('the same seed gives the same run', () => {
  const scenario = varied(LINES['LTE 30M, 50 ms, jitter 10 ms, reordering']!, 42)
  expect(simulate(scenario)).toEqual(simulate(scenario))
}, 60_000)
