import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '@mp/testkit'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import type { AdaptiveOptions } from '@mp/scheduler-cfs'
import type { PathEstimate } from '@mp/interface'
import { estimate, schedulerOf, sender, sendOne } from './adaptive-support.ts'
import { anyPaths, L, packet, packetBytes } from './support.ts'
import type { TestPath } from './support.ts'

describe('the choice', () => {
  test('A2: a single path takes every packet until it is full', () => {
    fc.assert(
      fc.property(fc.array(packetBytes, { maxLength: 100 }), (lengths) => {
        const { scheduler } = schedulerOf([{}], { slackMs: Infinity })
        for (const bytes of lengths) expect(sendOne(scheduler, bytes)).toBe(0)
      }),
    )
  })

  test('A3: of paths that are equal in all, each is picked in turn', () => {
    const { scheduler } = schedulerOf([{}, {}, {}])
    expect(sender(scheduler)(9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
  })

  test('of equal keys the path with the shorter way wins, then the one that was added first', () => {
    const { scheduler } = schedulerOf([
      { owdMinMs: 4 },
      { owdMinMs: 2, queueDelayMs: 2 },
      { owdMinMs: 2, costMs: 2 },
    ])
    expect(sender(scheduler)(3)).toEqual([1, 2, 0])
  })

  test('queues in the network, losses and a price count as delay', () => {
    const delays: Partial<PathEstimate>[] = [
      { queueDelayMs: 10 },
      { lossRatio: 0.1, repairMs: 100 },
      { costMs: 10 },
    ]
    for (const delay of delays) {
      const send = sender(schedulerOf([delay, { owdMinMs: 5.5 }]).scheduler)
      expect(send(6)).toEqual([1, 1, 1, 1, 1, 0])
    }
  })

  test('only differences of one-way delays count: clocks may be apart', () => {
    const picks = [0, 1e9, -1e9].map((offsetMs) => {
      const { scheduler } = schedulerOf([{ owdMinMs: offsetMs }, { owdMinMs: offsetMs + 10 }])
      return sender(scheduler)(100)
    })
    expect(picks[1]).toEqual(picks[0])
    expect(picks[2]).toEqual(picks[0])
  })

  test('a report sets right what waits for a path', () => {
    const { scheduler, paths } = schedulerOf([{}, {}])
    scheduler.observe(paths[0]!, estimate({ queuedBytes: 5000 }), 100)
    expect(sender(scheduler)(6, { nowMs: 100 })).toEqual([1, 1, 1, 1, 1, 0])
    scheduler.observe(paths[0]!, estimate(), 100)
    expect(sender(scheduler)(1, { nowMs: 100 })).toEqual([0])
  })

  test('a path never observed counts for as slow as the slowest that was, and its weight as its capacity', () => {
    const { scheduler } = schedulerOf([{ owdMinMs: -500 }, { owdMinMs: -400 }], { slackMs: Infinity })
    scheduler.add({ id: 9, weight: 4 })
    const picks = sender(scheduler)(300, { nowMs: 0 })
    expect(picks.slice(0, 100)).not.toContain(9)
    // 2.5 MB/s beside twice 1 MB/s.
    const last = picks.slice(-90)
    expect(Math.abs(last.filter((id) => id === 9).length - 50)).toBeLessThanOrEqual(2)
  })
})

describe('allowances', () => {
  test('a path is full when what waits for it exceeds its share of the spread and the slack', () => {
    const { scheduler } = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 30 }], { slackMs: 20 })
    const picks = sender(scheduler)(200)
    expect(picks.filter((id) => id === 0)).toHaveLength(51)
    expect(picks.filter((id) => id === 1)).toHaveLength(21)
    expect(picks.filter((id) => id === 'full')).toHaveLength(200 - 72)
    expect(sender(scheduler)(3, { nowMs: 1 })).toEqual([0, 1, 'full'])
  })

  test('a path slower than the fastest by more than the spread waits until it is the only one', () => {
    const { scheduler, paths } = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 200 }])
    const picks = sender(scheduler)(100)
    expect(picks).not.toContain(1)
    expect(picks).toContain('full')
    scheduler.suspend(paths[0]!)
    expect(sender(scheduler)(1)).toEqual([1])
  })

  test('a far path that carries much more is used instead of near ones, which critical packets still take', () => {
    const far = { owdMinMs: 300, bytesPerSecond: 10e6 }
    const { scheduler, paths } = schedulerOf([{ owdMinMs: 0 }, far, { owdMinMs: 10 }])
    expect(new Set(sender(scheduler)(100))).toEqual(new Set([1]))
    expect(sender(scheduler)(1, { trafficClass: 2 })).toEqual([0])
    scheduler.observe(paths[1]!, estimate({ ...far, bytesPerSecond: 2.5e6 }), 0)
    expect(new Set(sender(scheduler)(20))).toEqual(new Set([1]))
    scheduler.observe(paths[1]!, estimate({ ...far, bytesPerSecond: 2.3e6 }), 0)
    expect(new Set(sender(scheduler)(20))).toEqual(new Set([0, 2]))
    scheduler.observe(paths[1]!, estimate({ ...far, bytesPerSecond: 2.9e6 }), 0)
    expect(new Set(sender(scheduler)(20))).not.toContain(1)
  })

  test('no path at all is another answer than full paths', () => {
    const { scheduler, paths } = schedulerOf([{}])
    scheduler.suspend(paths[0]!)
    expect(sender(scheduler)(1)).toEqual(['no-path'])
  })
})

describe('roles', () => {
  test('secondaries serve when every primary is full, and leave when there is room again', () => {
    const { scheduler } = schedulerOf([{ role: 'secondary' }, {}, { owdMinMs: 20 }])
    const picks = sender(scheduler)(150)
    const first = picks.indexOf(0)
    expect(first).toBe(71 + 51)
    expect(picks.slice(first)).not.toContain(1)
    expect(sender(scheduler)(3, { nowMs: 1.5 })).toEqual([1, 2, 0])
  })

  test('a secondary that is faster than the primaries is still not used before they are full', () => {
    const { scheduler } = schedulerOf([{ role: 'secondary' }, { owdMinMs: 100 }])
    expect(new Set(sender(scheduler)(51))).toEqual(new Set([1]))
    expect(sender(scheduler)(1)).toEqual([0])
  })

  test('backups serve only while there is nothing else', () => {
    const { scheduler, paths } = schedulerOf([{ role: 'backup' }, { role: 'secondary' }, {}])
    expect(sender(scheduler)(200)).not.toContain(0)
    scheduler.suspend(paths[2]!)
    expect(sender(scheduler)(1, { nowMs: 1000 })).toEqual([1])
    scheduler.suspend(paths[1]!)
    expect(sender(scheduler)(1)).toEqual([0])
    scheduler.resume(paths[2]!)
    expect(sender(scheduler)(1)).toEqual([2])
  })

  test('a path whose budget is used up carries nothing, even alone, until it is renewed', () => {
    const { scheduler, paths } = schedulerOf([{}, {}])
    scheduler.observe(paths[0]!, estimate({ isExhausted: true }), 0)
    expect(sender(scheduler)(10)).not.toContain(0)
    scheduler.suspend(paths[1]!)
    expect(sender(scheduler)(1)).toEqual(['no-path'])
    scheduler.observe(paths[0]!, estimate(), 0)
    expect(sender(scheduler)(1)).toEqual([0])
  })

  test('a packet takes only paths that are large enough for it', () => {
    const { scheduler } = schedulerOf([{ maxPacketBytes: 1200 }, { maxPacketBytes: 1400, owdMinMs: 30 }])
    expect(sender(scheduler)(3, { bytes: 1200 })).toEqual([0, 0, 0])
    expect(sender(scheduler)(3, { bytes: 1201 })).toEqual([1, 1, 1])
    expect(sender(scheduler)(1, { bytes: 1401 })).toEqual(['too-big'])
    expect(sender(scheduler)(100, { bytes: 1400 })).toContain('full')
  })
})

describe('traffic classes', () => {
  test('critical packets do not wait behind the others, on the path or when paths are full', () => {
    const { scheduler } = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 10 }])
    expect(sender(scheduler)(200)).toContain('full')
    expect(sender(scheduler)(5, { trafficClass: 2, bytes: 100 })).toEqual([0, 0, 0, 0, 0])
  })

  test('critical packets wait for each other', () => {
    const { scheduler } = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 5 }])
    const picks = sender(scheduler)(30, { trafficClass: 2 })
    expect(picks.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 1, 0])
    expect(picks.at(-1)).toBe('full')
  })

  test('in the mode lowest-latency another path serves only while the queue makes the best one slower', () => {
    const { scheduler } = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 20 }], {
      modes: { bulk: 'lowest-latency' },
    })
    const send = sender(scheduler)
    const picks = send(40)
    expect(picks.slice(0, 11)).toEqual(picks.slice(0, 11).fill(0))
    expect(picks.slice(11)).toEqual(picks.slice(11).fill('full'))
    const near = schedulerOf([{ owdMinMs: 0 }, { owdMinMs: 3.5 }], { modes: { bulk: 'lowest-latency' } })
    expect(sender(near.scheduler)(7)).toEqual([0, 0, 0, 0, 1, 0, 1])
  })

  test('a critical packet is copied to the second fastest path, within 2 % of the capacity', () => {
    const { scheduler, paths } = schedulerOf([{ owdMinMs: 9 }, { owdMinMs: 1 }, { owdMinMs: 5 }])
    let copies = 0
    for (let nowMs = 0; nowMs < 1000; nowMs += 0.5) {
      const request = packet(100, { trafficClass: 2, nowMs })
      expect(scheduler.peek(request)).toBe(paths[1])
      const out: (TestPath | undefined)[] = [undefined, undefined]
      if (scheduler.copies(request, out) === 0) continue
      expect(out).toEqual([paths[2], undefined])
      copies++
    }
    // 60 kB in this second, and a bucket of 6 kB that was full.
    expect(copies).toBeGreaterThanOrEqual(650)
    expect(copies).toBeLessThanOrEqual(661)
    expect(scheduler.copiedClasses).toBe(0b100)
    const bulk = packet(100, { nowMs: 2000 })
    scheduler.peek(bulk)
    expect(scheduler.copies(bulk, [undefined])).toBe(0)
  })

  test('a critical packet is not copied to a path that has a price', () => {
    const { scheduler, paths } = schedulerOf([{ owdMinMs: 1 }, { owdMinMs: 5, costMs: 10 }])
    const request = packet(100, { trafficClass: 2 })
    expect(scheduler.peek(request)).toBe(paths[0])
    expect(scheduler.copies(request, [undefined])).toBe(0)
  })

  test('in the mode redundant all other paths of the tier that have room take a copy', () => {
    const known: Partial<PathEstimate>[] = [
      {},
      { owdMinMs: 5 },
      { maxPacketBytes: 500 },
      { role: 'secondary' },
    ]
    const { scheduler, paths } = schedulerOf(known, { modes: { bulk: 'redundant' } })
    expect(scheduler.copiedClasses).toBe(0b1101)
    const request = packet(1000)
    const out: (TestPath | undefined)[] = [undefined, undefined, undefined]
    expect(scheduler.peek(request)).toBe(paths[0])
    expect(scheduler.copies(request, out)).toBe(1)
    expect(out[0]).toBe(paths[1])
    scheduler.charge(paths[1]!, 60_000)
    expect(scheduler.peek(request)).toBe(paths[0])
    expect(scheduler.copies(request, out)).toBe(0)
  })
})

test('I7: with a limit of fairness no path gets ahead of another by more than it and one packet', () => {
  const limit = fc.constantFrom(0, 3000, 50_000)
  const anyKnown = fc.array(
    fc.record({ bytesPerSecond: fc.integer({ min: 1e5, max: 1e7 }), owdMinMs: fc.nat(100) }),
    { minLength: 6, maxLength: 6 },
  )
  const packets = fc.array(packetBytes, { minLength: 50, maxLength: 300 })
  fc.assert(
    fc.property(limit, anyPaths(), anyKnown, packets, (fairnessBytes, paths, known, lengths) => {
      const scheduler = new AdaptiveScheduler<TestPath>({ fairnessBytes, slackMs: Infinity })
      for (const path of paths) scheduler.add(path)
      for (const path of paths) scheduler.observe(path, estimate(known[path.id]), 0)
      for (const bytes of lengths) {
        expect(typeof sendOne(scheduler, bytes)).toBe('number')
        const stats = scheduler.snapshot()
        const least = Math.min(...stats.map((path) => path.virtualBytes))
        for (const { virtualBytes, weight } of stats) {
          expect(virtualBytes - least).toBeLessThanOrEqual(fairnessBytes + L / weight + 1e-6)
        }
      }
    }),
  )
})

describe('misuse is refused before anything changes', () => {
  test('estimates out of their range', () => {
    const { scheduler, paths } = schedulerOf([{}])
    const before = scheduler.snapshot()
    const wrong: Partial<PathEstimate>[] = [
      { bytesPerSecond: 0 },
      { bytesPerSecond: Infinity },
      { owdMinMs: Number.NaN },
      { queueDelayMs: -1 },
      { lossRatio: 1.01 },
      { repairMs: Infinity },
      { costMs: -1 },
      { queuedBytes: -1 },
      { maxPacketBytes: 0 },
    ]
    for (const each of wrong) {
      expect(() => scheduler.observe(paths[0]!, estimate(each), 0)).toThrow(RangeError)
    }
    expect(scheduler.snapshot()).toEqual(before)
  })

  test('options out of their range, lengths that are none, and the 33rd path', () => {
    const wrong: AdaptiveOptions[] = [
      { fairnessBytes: -1 },
      { slackMs: -1 },
      { spreadMs: Number.NaN },
      { copyRatio: 1.5 },
      { maxPacketBytes: 0 },
    ]
    for (const each of wrong) expect(() => new AdaptiveScheduler(each)).toThrow(RangeError)
    const { scheduler, paths } = schedulerOf(Array.from({ length: 32 }, () => ({})))
    for (const bytes of [-1, Number.NaN, Infinity]) {
      expect(() => scheduler.charge(paths[0]!, bytes)).toThrow(RangeError)
    }
    expect(() => scheduler.add({ id: 32, weight: 1 })).toThrow(RangeError)
    scheduler.remove(paths[3]!)
    scheduler.add({ id: 32, weight: 1 })
    expect(new Set(sender(scheduler)(32)).size).toBe(32)
  })
})

test('one seed always gives the same picks', () => {
  const random = seededRandom(7)
  const below = (limit: number): number => Math.floor(random() * limit)
  const { scheduler, paths } = schedulerOf([
    { bytesPerSecond: 2e6, owdMinMs: 12 },
    { bytesPerSecond: 8e5, owdMinMs: 4, lossRatio: 0.01, repairMs: 60 },
    { bytesPerSecond: 5e6, owdMinMs: 40, queueDelayMs: 3 },
    { bytesPerSecond: 4e6, owdMinMs: 25, role: 'secondary' },
  ])
  let picks = ''
  for (let nowMs = 0; picks.length < 240; nowMs += random()) {
    const path = paths[below(paths.length)]!
    const move = below(40)
    if (move === 0) scheduler.suspend(path)
    else if (move < 5) scheduler.resume(path)
    else if (move === 5)
      scheduler.observe(path, estimate({ bytesPerSecond: 1e6 * (1 + below(4)), owdMinMs: below(50) }), nowMs)
    const said = sendOne(scheduler, 40 + below(1461), {
      nowMs,
      flow: below(5),
      trafficClass: below(8) === 0 ? 2 : 0,
    })
    picks += typeof said === 'number' ? said : '.'
  }
  expect(picks).toMatchInlineSnapshot(
    `"111111111110000000000000000000000000000000000000000000000000000000000000033313113331313133311133113313333333313331333131313311131313313333313131333313333333313333333133113333331313113113333333331333131333333331333333313333133333333332221133"`,
  )
})
