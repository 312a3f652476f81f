import { describe, expect, test } from 'vitest'
import { OneWayDelays } from '../../src/bonding/one-way.ts'
import type { TunnelPath } from '../../src/path.ts'

interface Known {
  readonly delayBaseMs: number
  readonly rttMinMs: number
  readonly sampledMs?: number
}

/** A path of which no more is known than this. */
function pathWith({ delayBaseMs, rttMinMs, sampledMs = 0 }: Known): TunnelPath {
  return {
    sender: { controller: { delayBaseMs, sampledMs }, tracker: { rttMinMs } },
  } as unknown as TunnelPath
}

/** Ways as they are told when both clocks differ by `clocksMs`. */
function waysOf(known: readonly Known[], { clocksMs = 0, nowMs = 0 } = {}): number[] {
  const paths = known.map((each) => pathWith({ ...each, delayBaseMs: each.delayBaseMs + clocksMs }))
  const delays = new OneWayDelays()
  delays.refresh(paths, nowMs)
  return paths.map((path, index) => delays.of(path, known[index]!.rttMinMs, nowMs))
}

describe('one-way delays', () => {
  test.each([0, -4000, 123_456_789])('differ as measured, with clocks %d ms apart', (clocksMs) => {
    const known = [
      { delayBaseMs: 10, rttMinMs: 20 },
      { delayBaseMs: 90, rttMinMs: 100 },
      { delayBaseMs: 40, rttMinMs: 50 },
    ]
    const [first, second, third] = waysOf(known, { clocksMs })
    expect([first, second! - first!, third! - first!].map((each) => Math.round(each!))).toEqual([10, 80, 30])
  })

  test('that were unwrapped at different places are brought together', () => {
    const [near, far] = waysOf([
      { delayBaseMs: 4190, rttMinMs: 20 },
      { delayBaseMs: 4230 - 8388.608, rttMinMs: 100 },
    ])
    expect(far! - near!).toBeCloseTo(40)
  })

  test('are half of the round trip while nothing else is known, or only what was long ago', () => {
    const unknown = { delayBaseMs: Infinity, rttMinMs: 70, sampledMs: -Infinity }
    expect(waysOf([unknown])).toEqual([35])
    expect(waysOf([{ delayBaseMs: 10, rttMinMs: 20 }, unknown])).toEqual([10, 35])
    const old = { delayBaseMs: 90, rttMinMs: 100, sampledMs: 0 }
    expect(waysOf([{ delayBaseMs: 10, rttMinMs: 20, sampledMs: 70_000 }, old], { nowMs: 70_001 })).toEqual([
      10, 50,
    ])
  })
})
