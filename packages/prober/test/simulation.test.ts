import type { ProberEvent } from '@mp/prober'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALLOWED } from './allowed.ts'
import { cut, simulate, steady } from './simulation.ts'
import type { PathModel } from './simulation.ts'

const HOUR_MS = 3_600_000
const JITTER = 1.25

const changes = (events: readonly ProberEvent[]): string[] =>
  events.map(({ from, reason, to }) => `${from} ${reason} ${to}`)

describe('one hour with loss and three outages', () => {
  const cuts = [
    [600_000, 601_500],
    [1_500_000, 1_560_000],
    [3_000_000, 3_000_150],
  ] as const
  let path: PathModel = steady(35, 0.01, 15)
  for (const [fromMs, toMs] of cuts) path = cut(path, fromMs, toMs)
  const hour = (seed: number): ReturnType<typeof simulate> => simulate({ path, untilMs: HOUR_MS, seed })

  test('long ones are found within a second and survived, the short one never makes the path lost', () => {
    const { events, prober, sentMs } = hour(1)
    const lost = events.filter((event) => event.to === 'lost').map((event) => event.atMs)
    expect(lost).toHaveLength(2)
    for (const [i, atMs] of lost.entries()) expect(atMs - cuts[i]![0]).toBeLessThan(1000)
    for (const [, toMs] of cuts.slice(0, 2)) {
      const back = events.find((event) => event.atMs > toMs && event.from === 'lost')!
      expect(back.atMs - toMs).toBeLessThan(10_000 * JITTER + 100)
    }
    expect(prober.state).toBe('normal')
    expect(sentMs.length).toBeGreaterThan(0.95 * (HOUR_MS / 100))
  })

  test('every probe sent is answered, lost or in flight', () => {
    const { prober, sentMs, repliedMs } = hour(2)
    const { sent, received, lost, late, inFlight } = prober.stats()
    expect(sent).toBe(sentMs.length)
    expect(received + lost + inFlight).toBe(sent)
    expect(received + late).toBe(repliedMs.length)
  })

  test('the same seed gives the same trace, another seed another', () => {
    const first = hour(3)
    const again = hour(3)
    expect(again.hash).toBe(first.hash)
    expect(again.events).toEqual(first.events)
    expect(hour(4).hash).not.toBe(first.hash)
  })
})

test('5 % random loss makes no path lost in six hours', () => {
  for (const seed of [1, 2, 3, 4]) {
    const { events } = simulate({ path: steady(30, 0.05, 10), untilMs: 1.5 * HOUR_MS, seed })
    expect(changes(events)).toContain('normal timeouts unstable')
    expect(events.filter((event) => event.to === 'lost')).toEqual([])
  }
})

/** Paths of any RTT and loss with some outages, for three minutes. */
const anyPath = fc
  .record({
    rttMs: fc.integer({ min: 1, max: 600 }),
    jitterMs: fc.nat(100),
    loss: fc.constantFrom(0, 0.01, 0.05, 0.2, 0.5),
    cuts: fc.array(fc.tuple(fc.nat(150_000), fc.nat(40_000)), { maxLength: 4 }),
    seed: fc.nat(),
  })
  .map(({ cuts, seed, ...model }) => {
    let path = steady(model.rttMs, model.loss, model.jitterMs)
    for (const [fromMs, forMs] of cuts) path = cut(path, fromMs, fromMs + forMs)
    return { path, seed }
  })

describe('whatever the path does', () => {
  test('only listed transitions happen, each from where the last one led', () => {
    fc.assert(
      fc.property(anyPath, ({ path, seed }) => {
        const { events } = simulate({ path, seed, untilMs: 180_000 })
        for (const change of changes(events)) expect(ALLOWED).toContain(change)
        expect(events.map((event) => event.from)).toEqual(
          ['initializing', ...events.map((event) => event.to)].slice(0, events.length),
        )
      }),
      { numRuns: 40 },
    )
  })

  test('it is normal again at most once per dwell of 500 ms, and less often the more it flaps', () => {
    fc.assert(
      fc.property(anyPath, ({ path, seed }) => {
        const { events } = simulate({ path, seed, untilMs: 180_000 })
        for (const [i, event] of events.entries()) {
          if (event.reason !== 'recovered') continue
          expect(event.atMs - events[i - 1]!.atMs).toBeGreaterThanOrEqual(500)
        }
        expect(events.filter((event) => event.to === 'normal').length).toBeLessThan(60)
      }),
      { numRuns: 40 },
    )
  })

  test('a path in use is never normal without a reply within three intervals and a timeout', () => {
    fc.assert(
      fc.property(anyPath, ({ path, seed }) => {
        let replies = 0
        let lastReplyMs = 0
        let rtoMs = 0
        let overdue = 0
        simulate({
          path,
          seed,
          untilMs: 180_000,
          onStep: (prober, nowMs) => {
            const stats = prober.stats()
            rtoMs = Math.max(rtoMs, stats.rtoMs)
            if (stats.received + stats.late > replies) lastReplyMs = nowMs
            replies = stats.received + stats.late
            if (stats.state === 'normal' && nowMs - lastReplyMs > 3 * 100 * JITTER + rtoMs) overdue++
          },
        })
        expect(overdue).toBe(0)
      }),
      { numRuns: 15 },
    )
  })
})

const anyOutage = fc.record({
  rttMs: fc.integer({ min: 1, max: 900 }),
  fromMs: fc.nat(20_000),
  forMs: fc.nat(300_000),
  seed: fc.nat(),
})

test('from any state the only path is normal again within 10 s · 1.25 and three probes of an outage', () => {
  fc.assert(
    fc.property(anyOutage, ({ rttMs, fromMs, forMs, seed }) => {
      const endMs = fromMs + forMs
      const path = cut(steady(rttMs), fromMs, endMs)
      const limitMs = endMs + 10_000 * JITTER + 3 * 100 * JITTER + 2 * rttMs + 500
      const { prober } = simulate({ path, seed, untilMs: limitMs, sole: true })
      expect(prober.state).toBe('normal')
    }),
    { numRuns: 100 },
  )
})
