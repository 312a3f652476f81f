import { describe, expect, test } from 'vitest'
import type { PathEstimate, PickRequest } from '@mp/interface'
import { estimate, schedulerOf, sendOne } from './adaptive-support.ts'
import { packet } from './support.ts'

/** How many packets in a row went the same way. */
const runsOf = (picks: readonly unknown[]): number[] => {
  const runs: number[] = []
  for (const [at, pick] of picks.entries()) {
    if (at > 0 && pick === picks[at - 1]) runs[runs.length - 1]!++
    else runs.push(1)
  }
  return runs
}

const sendFlow = (known: Partial<PathEstimate>[], bytes: number, count = 200): unknown[] => {
  const { scheduler } = schedulerOf(known)
  return Array.from({ length: count }, () => sendOne(scheduler, bytes, { flow: 7 }))
}

describe('short runs', () => {
  const fast = { bytesPerSecond: 1e9 }
  test('packets of a flow stay together on fast paths, 63 KiB at most', () => {
    const runs = runsOf(sendFlow([fast, fast], 1400))
    expect(Math.max(...runs)).toBe(46)
    expect(runs.slice(0, -1).every((length) => length === 46)).toBe(true)
  })

  test('and no more of them than leave in 1.5 ms', () => {
    const runs = runsOf(sendFlow([{ bytesPerSecond: 9e6 }, { bytesPerSecond: 9e6 }], 1400, 40))
    expect(new Set(runs)).toEqual(new Set([9, 4]))
  })

  test('on paths that are not fast each packet is decided on', () => {
    expect(new Set(runsOf(sendFlow([{ bytesPerSecond: 7e6 }, { bytesPerSecond: 7e6 }], 1400, 40)))).toEqual(
      new Set([1]),
    )
  })

  test('another flow, an observation and 1.5 ms end a run', () => {
    const { scheduler, paths } = schedulerOf([fast, fast])
    const send = (flow: number, nowMs = 0): unknown => sendOne(scheduler, 1400, { flow, nowMs })
    expect([send(1), send(1), send(2), send(1), send(1)]).toEqual([0, 0, 1, 1, 1])
    scheduler.observe(paths[1]!, estimate({ ...fast, queuedBytes: 10_000 }), 0)
    expect([send(1), send(1)]).toEqual([0, 0])
    // Charged while the last packet peeked was a critical one, so that it is none of the run.
    sendOne(scheduler, 100, { trafficClass: 2 })
    scheduler.charge(paths[0]!, 8e6)
    expect([send(1, 1.5), send(1, 1.6)]).toEqual([0, 1])
  })

  test('a packet that goes out in pieces counts with each of them', () => {
    const { scheduler, paths } = schedulerOf([fast, fast])
    expect(scheduler.peek(packet(14_000, { flow: 7 }))).toBe(paths[0])
    for (let piece = 0; piece < 10; piece++) scheduler.charge(paths[0]!, 1400)
    const picks = Array.from({ length: 37 }, () => sendOne(scheduler, 1400, { flow: 7 }))
    expect(picks).toEqual([...Array<number>(36).fill(0), 1])
  })

  test('what may follow is told, for the packet last peeked only', () => {
    const { scheduler, paths } = schedulerOf([fast, fast])
    const follows = (bytes: number, wishes: Partial<PickRequest> = {}): number => {
      sendOne(scheduler, bytes, { flow: 7, ...wishes })
      return scheduler.runBytes
    }
    expect([follows(512), follows(1000)]).toEqual([64_000, 63_000])
    scheduler.charge(paths[0]!, 60_000)
    expect(scheduler.runBytes).toBe(3000)
    expect([follows(40, { trafficClass: 2 }), follows(3000), follows(100)]).toEqual([0, 0, 64_412])
    scheduler.observe(paths[1]!, estimate({ bytesPerSecond: 2 ** 24 * 1000 }), 0)
    expect(scheduler.runBytes).toBe(0)
  })

  test('no more may follow than the path has room for', () => {
    const { scheduler } = schedulerOf([{ bytesPerSecond: 2 ** 25 }], { slackMs: 1 })
    sendOne(scheduler, 1000, { flow: 7 })
    expect(scheduler.runBytes).toBe(Math.floor(2 ** 25 / 1000 - 1000))
  })

  test('critical packets neither join a run nor end it', () => {
    const { scheduler } = schedulerOf([fast, fast])
    const send = (trafficClass: number): unknown => sendOne(scheduler, 1400, { flow: 1, trafficClass })
    expect([send(0), send(0), send(2), send(2), send(0)]).toEqual([0, 0, 0, 1, 0])
  })
})
