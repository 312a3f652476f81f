import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Oracle } from './oracle.ts'
import { Receiver } from './support.ts'
import { anyWorld, arrivalsOf, PATHS } from './world.ts'
import type { WorldShape } from './world.ts'

/** Something that happens before the arrivals of one moment. */
type Turn =
  | { readonly do: 'add'; readonly path: number }
  | { readonly do: 'remove'; readonly path: number }
  | { readonly do: 'snapshot'; readonly path: number; readonly last: number; readonly of: number }
  | { readonly do: 'hold'; readonly ms: number }
  | { readonly do: 'linger'; readonly ms: number }

const path = fc.nat({ max: PATHS - 1 })
const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), path }),
  fc.record({ do: fc.constant('remove' as const), path }),
  fc.record({
    do: fc.constant('snapshot' as const),
    path,
    last: fc.integer({ min: -1, max: 100 }),
    of: fc.nat(130),
  }),
  fc.record({ do: fc.constant('hold' as const), ms: fc.constantFrom(0, 3, 40) }),
  fc.record({ do: fc.constant('linger' as const), ms: fc.integer({ min: 10, max: 160 }) }),
)

class Pair {
  readonly rx: Receiver
  readonly oracle: Oracle
  readonly limits = { maxHeldPackets: 6, maxHeldBytes: 1500 }
  nowMs = 0

  constructor() {
    const window = 64
    this.rx = new Receiver({ windowPackets: window, ...this.limits })
    this.oracle = new Oracle({ window, ...this.limits })
  }

  apply(action: Turn): void {
    const { resequencer } = this.rx
    if (action.do === 'add') {
      resequencer.addPath(action.path)
      this.oracle.add(action.path)
    } else if (action.do === 'remove') {
      resequencer.removePath(action.path)
      this.oracle.remove(action.path)
    } else if (action.do === 'snapshot') {
      const last = Math.min(action.last, action.of)
      resequencer.setSnapshot(action.path, last, action.of)
      this.oracle.snapshot(action.path, last, action.of)
    } else if (action.do === 'hold') {
      resequencer.setHoldMs(action.ms)
      this.oracle.holdMs = action.ms
    } else {
      resequencer.setLingerMs(action.ms)
      this.oracle.lingerMs = action.ms
    }
  }
}

/** The same comes out of both, and the same is known of it. Flows may come out in another order. */
function expectSame({ rx, oracle }: Pair, real: () => void, plain: () => void): void {
  const before = oracle.out.length
  const passed = rx.newly(real)
  plain()
  expect(passed.toSorted((a, b) => a - b)).toEqual(oracle.out.slice(before).toSorted((a, b) => a - b))
  const { skipped, late, drops, heldPackets, heldBytes } = rx.resequencer.stats()
  expect({ skipped, late, ...drops, heldPackets, heldBytes }).toEqual({
    skipped: oracle.skipped,
    late: oracle.late,
    duplicate: oracle.duplicates,
    stale: oracle.stale,
    'bad-sequence': 0,
    closed: 0,
    heldPackets: oracle.heldPackets,
    heldBytes: oracle.heldBytes,
  })
  expect(rx.resequencer.pollTimeout()).toBe(oracle.dueMs())
}

/** Does what is due until then. */
function passTime(pair: Pair, untilMs: number): void {
  for (let dueMs; (dueMs = pair.rx.resequencer.pollTimeout()) < untilMs;) {
    pair.nowMs = Math.max(pair.nowMs, dueMs)
    expectSame(
      pair,
      () => pair.rx.resequencer.handleTimeout(pair.nowMs),
      () => pair.oracle.settle(pair.nowMs),
    )
  }
  pair.nowMs = untilMs
}

/** Runs both through a world, with one turn of `turns` before each moment as long as there are any. */
function compare(world: WorldShape, turns: readonly (Turn | undefined)[]): Pair {
  const pair = new Pair()
  const { rx, oracle } = pair
  for (const [index, { atMs, packets }] of arrivalsOf(world).entries()) {
    passTime(pair, atMs)
    const action = turns[index]
    if (action !== undefined) pair.apply(action)
    expectSame(
      pair,
      () => rx.arrive(atMs, packets),
      () => oracle.arrive(atMs, packets),
    )
  }
  passTime(pair, pair.nowMs + 1000)
  expect(rx.resequencer.stats().heldPackets).toBe(0)
  rx.close()
  return pair
}

const anyTurns = fc.array(fc.option(turn, { nil: undefined, freq: 3 }), { maxLength: 150, size: 'max' })

test('the same packets leave at the same moments as by the plain rules, whatever happens', () => {
  const seen = { hopeless: 0, linger: 0, overflow: 0, late: 0, duplicates: 0 }
  fc.assert(
    fc.property(anyWorld({ maxJitterMs: 6 }), anyTurns, (world, turns) => {
      const { skipped, late, duplicates } = compare(world, turns).oracle
      seen.hopeless += skipped.hopeless
      seen.linger += skipped.linger
      seen.overflow += skipped.overflow
      seen.late += late
      seen.duplicates += duplicates
    }),
    { numRuns: 80 },
  )
  // Every rule had its turn.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10)
})

test('the same packets leave when numbers jump and paths take a second', () => {
  let skipped = 0
  let stale = 0
  const gaps = fc.array(fc.constantFrom(0, 0, 0, 0, 5, 63, 64, 65, 200), { minLength: 120, maxLength: 120 })
  fc.assert(
    fc.property(anyWorld({ maxDelayMs: 1500, maxJitterMs: 40 }), gaps, (world, jumps) => {
      let sum = 0
      const moved = jumps.map((jump) => (sum += jump))
      const pair = new Pair()
      for (const { atMs, packets } of arrivalsOf(world)) {
        passTime(pair, atMs)
        const shifted = packets.map((packet) => {
          const sequence = packet.sequence + moved[packet.sequence]!
          const before = packet.sequence - packet.distance
          const { pathId, bytes } = packet
          return { sequence, pathId, bytes, distance: sequence - before - moved[before]! }
        })
        expectSame(
          pair,
          () => pair.rx.arrive(atMs, shifted),
          () => pair.oracle.arrive(atMs, shifted),
        )
      }
      pair.rx.close()
      skipped += pair.oracle.skipped.overflow
      stale += pair.oracle.stale
    }),
    { numRuns: 30 },
  )
  expect(Math.min(skipped, stale)).toBeGreaterThan(10)
})
