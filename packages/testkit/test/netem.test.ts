import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emulatedPath, gilbertElliott, netem, type EmulatedLink, type LineOptions } from '@mp/testkit'

interface Arrival {
  readonly item: number
  readonly atMs: number
}

interface Run {
  readonly link: EmulatedLink
  readonly arrivals: Arrival[]
  readonly dropped: number[]
  /** Pops all that arrives up to `untilMs`. */
  drain(untilMs?: number): void
}

/** A line whose duplicates are numbered 1 000 000 higher. */
function run(line: LineOptions, seed = 1): Run {
  const arrivals: Arrival[] = []
  const dropped: number[] = []
  const link = netem(line, {
    seed,
    onDrop: (item) => dropped.push(item),
    duplicate: (item) => item + 1_000_000,
  })
  const drain = (untilMs = Infinity): void => {
    for (let atMs = link.pollTimeout(); atMs <= untilMs && atMs < Infinity; atMs = link.pollTimeout()) {
      for (let item = link.pop(atMs); item >= 0; item = link.pop(atMs)) arrivals.push({ item, atMs })
    }
  }
  return { link, arrivals, dropped, drain }
}

/** `count` packets of 1250 bytes (10 000 bits), one every `gapMs`. */
function offer(each: Run, count: number, gapMs: number): Run {
  for (let item = 0; item < count; item++) {
    each.drain(item * gapMs)
    each.link.push(item, 1250, item * gapMs)
  }
  each.drain()
  return each
}

function itemsOf({ arrivals }: Run): number[] {
  return arrivals.map(({ item }) => item)
}

const ascending = (a: number, b: number): number => a - b

test('a line without options passes everything at once', () => {
  const { arrivals, link } = offer(run({}), 10, 5)
  expect(arrivals).toEqual(Array.from({ length: 10 }, (_, item) => ({ item, atMs: item * 5 })))
  expect(link.pollTimeout()).toBe(Infinity)
})

test('the rate is exact, also over many packets and with overhead', () => {
  for (const overheadBytes of [0, 38]) {
    const { arrivals } = offer(run({ rateBps: 7e6, overheadBytes, queueBytes: Infinity }), 20_000, 0)
    const bits = 20_000 * (1250 + overheadBytes) * 8
    const rateBps = (bits / (arrivals.at(-1)?.atMs ?? 0)) * 1000
    expect(Math.abs(rateBps / 7e6 - 1)).toBeLessThan(1e-9)
  }
})

test('a packet takes its transmission and then the delay, and an idle line has no memory', () => {
  const { arrivals } = offer(run({ rateBps: 1e6, delayMs: 20 }), 3, 100)
  expect(arrivals.map(({ atMs }) => atMs)).toEqual([30, 130, 230])
})

test('a new rate holds for the rest of the packet in transmission and for what waits', () => {
  const each = run({ rateBps: 1e6 })
  each.link.push(1, 1250, 0)
  each.link.push(2, 1250, 0)
  each.link.set({ rateBps: 5e5 }, 4)
  each.drain()
  expect(each.arrivals.map(({ atMs }) => atMs)).toEqual([4 + 12, 4 + 12 + 20])
  each.link.push(3, 1250, 100)
  each.link.set({ rateBps: Infinity }, 105)
  each.drain()
  expect(each.arrivals.at(-1)).toEqual({ item: 3, atMs: 105 })
})

test('how often a line is asked changes nothing', () => {
  const busy: LineOptions = {
    rateBps: 8e6,
    delayMs: 5,
    jitterMs: 4,
    loss: gilbertElliott({ p: 0.05, r: 0.3 }),
    duplicateRatio: 0.1,
    reorderRatio: 0.1,
  }
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(300), { maxLength: 40 }), (seed, looks) => {
      const lazy = offer(run(busy, seed), 200, 1)
      const eager = run(busy, seed)
      for (let item = 0; item < 200; item++) {
        eager.drain(item)
        for (const look of looks) if (look === item) eager.link.set({}, item)
        eager.link.push(item, 1250, item)
      }
      eager.drain()
      expect(eager.arrivals).toEqual(lazy.arrivals)
    }),
    { numRuns: 20 },
  )
})

test('the same seed gives the same trace, another seed another one', () => {
  const rough: LineOptions = { rateBps: 2e6, jitterMs: 5, loss: 0.1, duplicateRatio: 0.1, reorderRatio: 0.1 }
  expect(offer(run(rough, 5), 500, 4).arrivals).toEqual(offer(run(rough, 5), 500, 4).arrivals)
  expect(offer(run(rough, 5), 500, 4).arrivals).not.toEqual(offer(run(rough, 6), 500, 4).arrivals)
})

test('jitter stays in its bounds, uses them, and keeps the order', () => {
  const each = offer(run({ delayMs: 30, jitterMs: 10 }), 5000, 1)
  const delays = each.arrivals.map(({ item, atMs }) => atMs - item)
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(30)
  expect(Math.max(...delays)).toBeLessThanOrEqual(40)
  expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(9)
  expect(itemsOf(each)).toEqual(Array.from({ length: 5000 }, (_, item) => item))
})

test('jitter that is drawn every so often is the same for all that leave in between', () => {
  const each = offer(run({ delayMs: 30, jitterMs: 10, jitterReorders: true, jitterEveryMs: 10 }), 5000, 1)
  each.drain()
  const byTurn = new Map<number, Set<string>>()
  for (const { item, atMs } of each.arrivals) {
    const turn = Math.floor(item / 10)
    byTurn.set(turn, (byTurn.get(turn) ?? new Set()).add((atMs - item).toFixed(6)))
  }
  const all = new Set<string>()
  for (const delays of byTurn.values()) {
    expect(delays.size).toBe(1)
    for (const delay of delays) all.add(delay)
  }
  expect(all.size).toBeGreaterThan(400)
})

test('a packet larger than the MTU is dropped, and none that fits', () => {
  const each = run({ mtuBytes: 1400 })
  each.link.push(1, 1400, 0)
  each.link.push(2, 1401, 0)
  each.drain()
  expect(each.arrivals.map(({ item }) => item)).toEqual([1])
  expect(each.link.stats().drops).toEqual({ 'too-big': 1 })
})

test('jitter that may reorder is uniform and reorders', () => {
  const each = offer(run({ delayMs: 30, jitterMs: 10, jitterReorders: true }), 5000, 1)
  const delays = each.arrivals.map(({ item, atMs }) => atMs - item)
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
  expect(Math.abs(mean - 35)).toBeLessThan(0.15)
  expect(itemsOf(each)).not.toEqual(itemsOf(each).toSorted(ascending))
  expect(itemsOf(each).toSorted(ascending)).toEqual(Array.from({ length: 5000 }, (_, item) => item))
})

test('random loss has its ratio, and losses come alone', () => {
  const { dropped, link } = offer(run({ loss: 0.02 }, 3), 100_000, 0)
  // Standard deviation √(n·p·(1−p)) = 44.
  expect(Math.abs(dropped.length - 2000)).toBeLessThan(3 * 44)
  expect(link.stats().drops).toEqual({ 'random-loss': dropped.length })
  expect(meanBurst(dropped)).toBeLessThan(1.05)
})

test('burst loss has the ratio and the burst length of its chain', () => {
  const { dropped, link } = offer(run({ loss: gilbertElliott({ p: 0.01, r: 0.25 }) }, 3), 200_000, 0)
  expect(dropped.length / 200_000).toBeCloseTo(0.01 / 0.26, 2)
  expect(meanBurst(dropped)).toBeGreaterThan(3.8)
  expect(meanBurst(dropped)).toBeLessThan(4.2)
  expect(link.stats().drops).toEqual({ 'burst-loss': dropped.length })
})

test('loss in the good and the bad state is counted apart', () => {
  const loss = gilbertElliott({ p: 0.1, r: 0.1, goodLoss: 0.01, badLoss: 0.5 })
  const { drops } = offer(run({ loss }, 4), 100_000, 0).link.stats()
  expect((drops['random-loss'] ?? 0) / 50_000).toBeCloseTo(0.01, 2)
  expect((drops['burst-loss'] ?? 0) / 50_000).toBeCloseTo(0.5, 1)
})

function meanBurst(dropped: readonly number[]): number {
  const bursts = dropped.filter((item, i) => dropped[i - 1] !== item - 1).length
  return dropped.length / bursts
}

test('lost packets have used the rate', () => {
  const { arrivals } = offer(run({ rateBps: 1e6, loss: 0.5, queueBytes: Infinity }), 100, 0)
  for (const { item, atMs } of arrivals) expect(atMs).toBeCloseTo((item + 1) * 10, 6)
})

test('the queue takes its bytes and drops the newest', () => {
  const { arrivals, dropped, link } = offer(run({ rateBps: 1e6, queueBytes: 5000 }), 10, 0)
  expect(arrivals.map(({ item }) => item)).toEqual([0, 1, 2, 3])
  expect(dropped).toEqual([4, 5, 6, 7, 8, 9])
  expect(link.stats().drops).toEqual({ 'queue-full': 6 })
})

test('an idle line takes a packet larger than its queue', () => {
  expect(itemsOf(offer(run({ rateBps: 1e6, queueBytes: 0 }), 3, 50))).toEqual([0, 1, 2])
})

test('by default the queue holds a round trip, but at least 50 ms', () => {
  expect(run({ rateBps: 8e6, delayMs: 100 }).link.line.queueBytes).toBe(200_000)
  expect(run({ rateBps: 8e6, delayMs: 5 }).link.line.queueBytes).toBe(50_000)
  const { link } = run({})
  link.set({ rateBps: 8e6 }, 0)
  expect(link.line.queueBytes).toBe(50_000)
  link.set({ queueBytes: 7 }, 0)
  link.set({ rateBps: 16e6 }, 0)
  expect(link.line.queueBytes).toBe(7)
})

test('a black hole swallows what enters and what waits, but not what is on the wire', () => {
  const each = run({ rateBps: 1e6, delayMs: 100 })
  for (let item = 0; item < 3; item++) each.link.push(item, 1250, 0)
  each.link.set({ blackhole: true }, 15)
  each.link.push(3, 1250, 16)
  each.drain()
  expect(itemsOf(each)).toEqual([0])
  expect(each.dropped.toSorted(ascending)).toEqual([1, 2, 3])
  expect(each.link.stats().drops).toEqual({ blackhole: 3 })
  each.link.set({ blackhole: false }, 200)
  each.link.push(4, 1250, 200)
  each.drain()
  expect(itemsOf(each)).toEqual([0, 4])
})

test('a share of packets arrives twice', () => {
  const { arrivals, link } = offer(run({ duplicateRatio: 0.1 }), 20_000, 1)
  const twice = arrivals.filter(({ item }) => item >= 1_000_000)
  expect(Math.abs(twice.length - 2000)).toBeLessThan(130)
  expect(link.stats().duplicated).toBe(twice.length)
})

test('a reordered packet is overtaken by as many as asked, or held no longer than allowed', () => {
  const each = offer(run({ reorderRatio: 0.01, reorderPackets: 4 }, 2), 5000, 1)
  const items = itemsOf(each)
  const late = items.filter((item, at) =>
    items.slice(Math.max(0, at - 10), at).some((before) => before > item),
  )
  expect(late.length).toBe(each.link.stats().reordered)
  expect(late.length).toBeGreaterThan(20)
  for (const item of late) {
    const overtakers = items.slice(0, items.indexOf(item)).filter((before) => before > item)
    expect(overtakers.length).toBeGreaterThanOrEqual(4)
    expect(overtakers.length).toBeLessThanOrEqual(5)
  }
  const alone = offer(run({ reorderRatio: 1, reorderHoldMs: 30, delayMs: 10 }), 1, 0)
  expect(alone.arrivals).toEqual([{ item: 0, atMs: 40 }])
})

test('every packet is somewhere', () => {
  fc.assert(
    fc.property(
      fc.record({
        rateBps: fc.constantFrom(1e6, 1e7, Infinity),
        delayMs: fc.nat(50),
        jitterMs: fc.nat(20),
        jitterReorders: fc.boolean(),
        loss: fc.constantFrom(0, 0.3, gilbertElliott({ p: 0.1, r: 0.2, badLoss: 0.9 })),
        duplicateRatio: fc.constantFrom(0, 0.3),
        reorderRatio: fc.constantFrom(0, 0.3),
        queueBytes: fc.nat(20_000),
      }),
      fc.nat(1000),
      (line, seed) => {
        const each = run(line, seed)
        for (let item = 0; item < 100; item++) {
          each.link.push(item, 1250, item * 3)
          if (item % 10 === 0) each.drain(item * 3)
        }
        const before = each.link.stats()
        const droppedNow = Object.values(before.drops).reduce((sum, count) => sum + count, 0)
        const known = before.outPackets + before.queuedPackets + before.flyingPackets + droppedNow
        expect(known).toBe(before.inPackets + before.duplicated)
        each.drain()
        expect(each.dropped.length + each.arrivals.length).toBe(100 + each.link.stats().duplicated)
        expect(new Set([...each.dropped, ...itemsOf(each)]).size).toBe(
          each.dropped.length + each.arrivals.length,
        )
        expect(each.link.queuedBytes).toBe(0)
      },
    ),
  )
})

test('options out of range are refused, and then nothing has changed', () => {
  for (const wrong of [{ rateBps: 0 }, { delayMs: -1 }, { loss: 1.5 }, { duplicateRatio: Number.NaN }]) {
    expect(() => run(wrong)).toThrow(RangeError)
  }
  expect(() => gilbertElliott({ p: 2, r: 1 })).toThrow(/p must be in 0…1, got 2/)
  const { link } = run({ rateBps: 1e6 })
  expect(() => link.set({ rateBps: 2e6, delayMs: -1 }, 0)).toThrow(/delayMs must be from 0/)
  expect(link.line).toMatchObject({ rateBps: 1e6, delayMs: 0 })
})

test('the two directions of a path have their own properties and their own chance', () => {
  const dropped: number[] = []
  const { ab, ba } = emulatedPath(
    { ab: { loss: 0.5 }, ba: { loss: 0.5, delayMs: 7 } },
    { onDrop: (item) => dropped.push(item) },
  )
  for (let item = 0; item < 100; item++) {
    ab.push(item, 100, 0)
    ba.push(100 + item, 100, 0)
  }
  expect([ab.pollTimeout(), ba.pollTimeout()]).toEqual([0, 7])
  const lostAb = dropped.filter((item) => item < 100)
  const lostBa = dropped.filter((item) => item >= 100).map((item) => item - 100)
  expect(lostAb).not.toEqual(lostBa)
})
