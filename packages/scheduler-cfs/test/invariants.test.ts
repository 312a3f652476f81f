import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { anyOps, anyPaths, apply, L, makePaths, packetBytes, send, weights } from './support.ts'
import type { TestPath } from './support.ts'

/** Room for the rounding of sums of a few hundred doubles. */
const ROUNDING = 1e-6

const packets = fc.array(packetBytes, { minLength: 20, maxLength: 300, size: 'max' })
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
const sentBy = (scheduler: CfsScheduler<TestPath>): number[] =>
  scheduler.snapshot().map((path) => path.sentBytes)

function schedulerOf(paths: TestPath[]): CfsScheduler<TestPath> {
  const scheduler = new CfsScheduler<TestPath>({ maxPacketBytes: L })
  for (const path of paths) scheduler.add(path)
  return scheduler
}

/** Leaves a scheduler with an eventful past in which packets went only to the path picked, and all paths runnable. */
function withHistory(paths: TestPath[], ops: Parameters<typeof apply>[1][]): CfsScheduler<TestPath> {
  const scheduler = schedulerOf(paths)
  const known = new Set(paths)
  for (const op of ops) {
    if (op.do !== 'charge' && op.do !== 'add' && op.do !== 'remove') apply(scheduler, op, paths, known)
  }
  for (const path of paths) scheduler.resume(path)
  return scheduler
}

const weightsNow = (scheduler: CfsScheduler<TestPath>): number[] =>
  scheduler.snapshot().map((path) => path.weight)

describe('invariants, for packets of at most L bytes', () => {
  test('I1: no runnable path is ahead of another by more than L ÷ its own weight', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(200), (paths, ops) => {
        const scheduler = schedulerOf(paths)
        const known = new Set(paths)
        for (const op of ops) {
          if (op.do === 'charge') continue
          apply(scheduler, op, paths, known)
          const runnable = scheduler.snapshot().filter((path) => path.runnable)
          const min = Math.min(...runnable.map((path) => path.virtualBytes))
          for (const path of runnable) {
            expect(path.virtualBytes - min).toBeLessThanOrEqual(L / path.weight + ROUNDING)
          }
        }
      }),
    )
  })

  test('I2: over any interval two runnable paths differ by at most L/w_i + L/w_j in sent bytes ÷ weight', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(60), packets, (paths, past, lengths) => {
        const scheduler = withHistory(paths, past)
        const w = weightsNow(scheduler)
        const before = sentBy(scheduler)
        for (const bytes of lengths) {
          send(scheduler, bytes)
          const share = sentBy(scheduler).map((sent, i) => (sent - before[i]!) / w[i]!)
          for (let i = 0; i < w.length; i++) {
            for (let j = 0; j < i; j++) {
              const bound = L / w[i]! + L / w[j]! + ROUNDING
              expect(Math.abs(share[i]! - share[j]!)).toBeLessThanOrEqual(bound)
            }
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  test('I3: between two picks of i the others send at most the sum of L · (w_j/w_i + 1)', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(60), packets, (paths, past, lengths) => {
        const scheduler = withHistory(paths, past)
        const w = weightsNow(scheduler)
        const bounds = w.map((own) => sum(w.map((other) => L * (other / own + 1))) - 2 * L + ROUNDING)
        const waited = w.map(() => 0)
        for (const bytes of lengths) {
          const picked = send(scheduler, bytes)!.id
          for (let i = 0; i < w.length; i++) {
            waited[i] = i === picked ? 0 : waited[i]! + bytes
            expect(waited[i]).toBeLessThanOrEqual(bounds[i]!)
          }
        }
      }),
    )
  })

  test('I4: the minimum never falls, and a path falls only when it is placed or its weight changes', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(200), (paths, ops) => {
        const scheduler = schedulerOf(paths)
        const known = new Set(paths)
        let min = 0
        let last = new Map(scheduler.snapshot().map((path) => [path.id, path]))
        for (const op of ops) {
          apply(scheduler, op, paths, known)
          const now = scheduler.snapshot()
          const runnable = now.filter((path) => path.runnable)
          for (const path of runnable) {
            expect(path.virtualBytes).toBeGreaterThanOrEqual(min)
            const before = last.get(path.id)
            const placed = op.do === 'setWeight' || !before?.runnable
            expect(path.virtualBytes).toBeGreaterThanOrEqual(placed ? 0 : before.virtualBytes)
          }
          if (runnable.length > 0) min = Math.min(...runnable.map((path) => path.virtualBytes))
          last = new Map(now.map((path) => [path.id, path]))
        }
      }),
    )
  })

  test('I5: of the next N bytes a returning path gets at most N · w/W + L · (1 + n · w/W)', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(60), packets, packets, (paths, past, away, back) => {
        const scheduler = withHistory(paths, past)
        const [returning] = paths
        scheduler.suspend(returning!)
        for (const bytes of away) send(scheduler, bytes)
        scheduler.resume(returning!)
        const w = weightsNow(scheduler)
        const part = w[0]! / sum(w)
        let all = 0
        let own = 0
        for (const bytes of back) {
          all += bytes
          if (send(scheduler, bytes) === returning) own += bytes
          expect(own).toBeLessThanOrEqual(all * part + L * (1 + w.length * part) + ROUNDING)
        }
      }),
    )
  })

  test('I6: after setWeight shares follow the new weights, whatever was sent before', () => {
    fc.assert(
      fc.property(anyPaths(), anyOps(60), weights, packets, (paths, past, weight, lengths) => {
        const scheduler = withHistory(paths, past)
        scheduler.setWeight(paths[0]!, weight)
        const w = weightsNow(scheduler)
        expect(w[0]).toBe(weight)
        const before = sentBy(scheduler)
        for (const bytes of lengths) send(scheduler, bytes)
        const share = sentBy(scheduler).map((sent, i) => (sent - before[i]!) / w[i]!)
        for (let j = 1; j < w.length; j++) {
          expect(Math.abs(share[0]! - share[j]!)).toBeLessThanOrEqual(L / w[0]! + L / w[j]! + ROUNDING)
        }
      }),
    )
  })
})

test('only runnable paths are ever picked, and all of them are', () => {
  fc.assert(
    fc.property(anyPaths(), anyOps(100), (paths, ops) => {
      const scheduler = schedulerOf(paths)
      const known = new Set(paths)
      for (const op of ops) apply(scheduler, op, paths, known)
      const runnable = scheduler.snapshot().filter((path) => path.runnable)
      const drained: number[] = []
      for (let path = scheduler.peek(); path !== undefined; path = scheduler.peek()) {
        drained.push(path.id)
        scheduler.suspend(path)
      }
      const inOrder = runnable.toSorted((a, b) => a.virtualBytes - b.virtualBytes)
      // Paths on a par are drained in the order of `add`, and sorting is stable.
      expect(drained).toEqual(inOrder.map((path) => path.id))
    }),
  )
})

test('weights 1:2:5 over 100 MB: every share is within one packet ÷ weight of exact', () => {
  const paths = makePaths(1, 2, 5)
  const scheduler = schedulerOf(paths)
  let total = 0
  while (total < 100e6) {
    const bytes = 40 + ((total * 31) % (L - 39))
    send(scheduler, bytes)
    total += bytes
  }
  for (const { weight, sentBytes } of scheduler.snapshot()) {
    expect(Math.abs(sentBytes / weight - total / 8)).toBeLessThanOrEqual(L / weight)
  }
})
