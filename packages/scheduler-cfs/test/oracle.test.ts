import type { Scheduler } from '@mp/interface'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { OracleScheduler } from './oracle.ts'
import { anyOps, anyPaths, apply, L, makePaths, send } from './support.ts'
import type { TestPath } from './support.ts'

test('picks, answers and virtual bytes are those of the plain rules, whatever is done', () => {
  fc.assert(
    fc.property(anyPaths(), anyOps(150), (paths, ops) => {
      const real = new CfsScheduler<TestPath>({ maxPacketBytes: L })
      const oracle = new OracleScheduler<TestPath>(L)
      const known = { real: new Set<TestPath>(), oracle: new Set<TestPath>() }
      for (const op of ops) {
        const said = apply(real, op, paths, known.real)
        expect(said).toBe(apply(oracle, op, paths, known.oracle))
        expect(real.peek()).toBe(oracle.peek())
        expect(real.snapshot().map((path) => path.virtualBytes)).toEqual(oracle.virtuals())
        expect(real.snapshot().map((path) => path.runnable)).toEqual(oracle.rows.map((row) => row.on))
      }
    }),
    { numRuns: 200 },
  )
})

test('renormalising changes no pick: huge charges against an oracle that never renormalises', () => {
  // Whole multiples of 1 KiB and weights that are powers of two, so that every sum is exact in both.
  const huge = fc.integer({ min: 2 ** 24, max: 2 ** 29 }).map((kibibytes) => kibibytes * 1024)
  const powers = fc.constantFrom(1, 2, 4)
  let renormalised = 0
  fc.assert(
    fc.property(anyPaths(5, powers), anyOps(120, huge, powers), (paths, ops) => {
      const real = new CfsScheduler<TestPath>({ maxPacketBytes: 2 ** 39 })
      const oracle = new OracleScheduler<TestPath>(2 ** 39)
      const known = { real: new Set<TestPath>(), oracle: new Set<TestPath>() }
      for (const op of ops) {
        expect(apply(real, op, paths, known.real)).toBe(apply(oracle, op, paths, known.oracle))
        expect(real.peek()).toBe(oracle.peek())
      }
      expect(real.snapshot().map((path) => path.virtualBytes)).toEqual(oracle.virtuals())
      if (oracle.minimum > 2 ** 41) renormalised++
    }),
    { numRuns: 200 },
  )
  expect(renormalised).toBeGreaterThan(50)
})

test('renormalising finds the right order when a path that is not the head was charged just before', () => {
  const limit = 2 ** 40
  const lastPicks = (scheduler: Scheduler<TestPath>, ahead: number): unknown[] => {
    const paths = makePaths(1, 1, 1, 1, 1)
    for (const path of paths) scheduler.add(path)
    for (const path of paths) scheduler.charge(path, limit + 10 * path.id - 5)
    scheduler.charge(paths[ahead]!, 2 ** 39)
    return Array.from({ length: 10 }, () => send(scheduler, 10_000)?.id)
  }
  for (const ahead of [1, 2, 3, 4]) {
    const expected = lastPicks(new OracleScheduler(L), ahead)
    expect(lastPicks(new CfsScheduler(), ahead)).toEqual(expected)
    expect(expected).not.toContain(ahead)
  }
})
