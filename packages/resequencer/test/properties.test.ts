import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Receiver } from './support.ts'
import { anyWorld, arrivalsOf, FLOWS, PATHS } from './world.ts'
import type { WorldShape } from './world.ts'

const PATH_IDS = Array.from({ length: PATHS }, (_, pathId) => pathId)

/** Lets a world arrive and tells when each number was passed on. Numbers that came late are in it too. */
function passedOn(rx: Receiver, world: WorldShape, afterEach = (): void => {}): Map<number, number> {
  const leftMs = new Map<number, number>()
  const note = (passed: readonly number[], nowMs: number): void => {
    for (const sequence of passed) {
      expect(leftMs.has(sequence)).toBe(false)
      leftMs.set(sequence, nowMs)
    }
    afterEach()
  }
  const passTime = (untilMs: number): void => {
    for (let dueMs; (dueMs = rx.resequencer.pollTimeout()) < untilMs;) note(rx.wake(), dueMs)
  }
  for (const pathId of PATH_IDS) rx.resequencer.addPath(pathId)
  for (const { atMs, packets } of arrivalsOf(world)) {
    passTime(atMs)
    note(rx.arrive(atMs, packets), atMs)
  }
  passTime(Infinity)
  return leftMs
}

/** Packets that left after one of their flow with a higher number. */
function disorder(world: WorldShape, order: Iterable<number>): number {
  const highest = Array.from({ length: FLOWS }, () => -1)
  let count = 0
  for (const sequence of order) {
    const { flow } = world.sent[sequence]!
    if (sequence < highest[flow]!) count++
    else highest[flow] = sequence
  }
  return count
}

/** When each packet was sent, ms. */
function sentTimes({ sent }: WorldShape): number[] {
  let nowMs = 0
  return sent.map(({ gapMs }) => (nowMs += gapMs))
}

/** Every path brings something often enough not to be taken for idle or dead. */
const busy = ({ delaysMs, sent }: WorldShape): WorldShape => ({
  delaysMs,
  sent: sent.map((packet, i) =>
    Object.assign(
      {},
      packet,
      { gapMs: Math.min(packet.gapMs, 10) },
      i % 6 < PATHS && { path: i % PATHS, isLost: false },
    ),
  ),
})

const GOOD = { path: 0, flow: 0, gapMs: 1, isLost: false, isDoubled: false, jitterMs: 0 }

const troubled = anyWorld({ maxJitterMs: 8 })

test('everything that arrives is passed on once, and in the order of its flow but for what is counted as late', () => {
  let late = 0
  fc.assert(
    fc.property(troubled, (world) => {
      const rx = new Receiver()
      const leftMs = passedOn(rx, world)
      const arrived = new Set(
        arrivalsOf(world).flatMap(({ packets }) => packets.map((each) => each.sequence)),
      )
      expect(new Set(leftMs.keys())).toEqual(arrived)
      const stats = rx.resequencer.stats()
      expect(disorder(world, leftMs.keys())).toBeLessThanOrEqual(stats.late)
      const copies = arrivalsOf(world).reduce((sum, { packets }) => sum + packets.length, 0)
      expect(stats.drops['duplicate']).toBe(copies - arrived.size)
      late += stats.late
      rx.close()
    }),
    { numRuns: 150 },
  )
  expect(late).toBeGreaterThan(0)
})

test('without losses, on paths that keep their order, nothing is out of order, skipped, or later than the slowest path', () => {
  fc.assert(
    fc.property(anyWorld({ loss: false, doubles: false, maxDelayMs: 150 }).map(busy), (world) => {
      const rx = new Receiver()
      const leftMs = passedOn(rx, world)
      const slowestMs = Math.max(...world.delaysMs)
      for (const [sequence, sentMs] of sentTimes(world).entries()) {
        expect(leftMs.get(sequence)).toBeLessThanOrEqual(sentMs + slowestMs)
      }
      expect(disorder(world, leftMs.keys())).toBe(0)
      expect(rx.resequencer.stats()).toMatchObject({
        late: 0,
        skipped: { hopeless: 0, linger: 0, overflow: 0, reset: 0 },
        drops: { duplicate: 0, stale: 0 },
      })
      rx.close()
    }),
    { numRuns: 150 },
  )
})

test('a session in strict order comes out in exactly the order it was sent', () => {
  fc.assert(
    fc.property(anyWorld({ loss: false, maxDelayMs: 150 }).map(busy), (world) => {
      const rx = new Receiver({ order: 'session' })
      expect([...passedOn(rx, world).keys()]).toEqual([...world.sent.keys()])
      rx.close()
    }),
    { numRuns: 50 },
  )
})

test('no packet is held for longer than linger', () => {
  let longest = 0
  fc.assert(
    fc.property(troubled, fc.integer({ min: 10, max: 160 }), (world, lingerMs) => {
      const rx = new Receiver({ lingerMs })
      passedOn(rx, world)
      const { holdMsMax } = rx.resequencer.stats()
      expect(holdMsMax).toBeLessThanOrEqual(lingerMs)
      if (holdMsMax === lingerMs) longest++
      rx.close()
    }),
    { numRuns: 100 },
  )
  expect(longest).toBeGreaterThan(0)
})

test('each number that was lost is skipped once, and no other, on paths that keep their order', () => {
  fc.assert(
    fc.property(anyWorld({ doubles: false }).map(busy), (world) => {
      // A last packet on each path, so that every loss is seen.
      const last = PATH_IDS.map((path) => Object.assign({}, GOOD, { path }))
      const whole = { ...world, sent: [...world.sent, ...last, ...last] }
      const rx = new Receiver({ order: 'session' })
      passedOn(rx, whole)
      const lost = whole.sent.filter((packet) => packet.isLost).length
      const { skipped, late } = rx.resequencer.stats()
      expect([skipped.hopeless + skipped.linger, late]).toEqual([lost, 0])
      rx.close()
    }),
    { numRuns: 100 },
  )
})

test('a path that dies delays packets by linger once, and then no more', () => {
  const lingerMs = 100
  const rx = new Receiver({ lingerMs })
  const sent = Array.from({ length: 1000 }, (_, i) => ({
    ...GOOD,
    path: i % 2,
    isLost: i >= 200 && i % 2 === 1,
  }))
  const world = { delaysMs: [10, 30, 0], sent }
  const leftMs = passedOn(rx, world)
  const heldMs = (sequence: number): number => leftMs.get(sequence)! - (sequence + 1) - world.delaysMs[0]!
  const held = sent.flatMap((packet, sequence) => (packet.isLost ? [] : [heldMs(sequence)]))
  expect(Math.max(...held)).toBe(lingerMs)
  // All but those that were sent before the first of them was skipped.
  expect(Math.max(...held.slice(-349))).toBeLessThanOrEqual(4)
  expect(rx.resequencer.stats()).toMatchObject({ late: 0, drops: { duplicate: 0 } })
  rx.close()
})

test('what is held stays within its bounds after every call', () => {
  const limits = { maxHeldPackets: 5, maxHeldBytes: 1200 }
  let most = 0
  fc.assert(
    fc.property(anyWorld({ maxDelayMs: 300 }), (world) => {
      const rx = new Receiver({ ...limits, windowPackets: 64 })
      passedOn(rx, world, () => {
        const { heldPackets, heldBytes } = rx.resequencer.stats()
        expect(heldPackets).toBeLessThanOrEqual(limits.maxHeldPackets)
        expect(heldBytes).toBeLessThanOrEqual(limits.maxHeldBytes)
        expect(rx.pool.inUse).toBe(heldPackets)
        most = Math.max(most, heldPackets)
      })
      rx.close()
    }),
    { numRuns: 60 },
  )
  expect(most).toBe(limits.maxHeldPackets)
})

test('whatever a peer sends, each slot is held, passed on or dropped, and no number leaves twice', () => {
  const sequence = fc.oneof(
    { weight: 8, arbitrary: fc.nat({ max: 300 }) },
    { weight: 1, arbitrary: fc.maxSafeNat() },
    { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, NaN, Infinity, 2 ** 53 - 1, 2 ** 53, 2 ** 32, 2 ** 31) },
  )
  const distance = fc.oneof(fc.nat({ max: 70 }), fc.nat({ max: 65_535 }))
  const packet = fc.record({ sequence, pathId: fc.integer({ min: -5, max: 600 }), distance })
  const step = fc.record({ gapMs: fc.double({ min: 0, max: 300, noNaN: true }), packets: fc.array(packet) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const rx = new Receiver({ windowPackets: 64, maxHeldPackets: 20 })
      let nowMs = 0
      let arrived = 0
      for (const { gapMs, packets } of steps) {
        nowMs += gapMs
        rx.arrive(nowMs, packets)
        rx.resequencer.handleTimeout(nowMs)
        arrived += packets.length
        const { heldPackets, heldBytes, delivered, drops } = rx.resequencer.stats()
        const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0)
        expect([rx.pool.inUse, heldBytes]).toEqual([heldPackets, 100 * heldPackets])
        expect(heldPackets + delivered + dropped).toBe(arrived)
        expect(rx.resequencer.pollTimeout()).toBeGreaterThan(nowMs)
      }
      expect(new Set(rx.out).size).toBe(rx.out.length)
      rx.close()
    }),
    { numRuns: 200 },
  )
})
