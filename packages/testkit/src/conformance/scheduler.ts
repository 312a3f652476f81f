import type { PathEstimate, PickRequest, Schedulable, Scheduler } from '@mp/interface'
import { expect } from 'vitest'
import { seededRandom } from '../random.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'

/** A scheduler that knows no path yet. */
export interface SchedulerFixture extends Fixture {
  readonly scheduler: Scheduler<Schedulable>
}

/** The contract {@link Scheduler}, for every scheduler. */
export function testScheduler(options: SuiteOptions<SchedulerFixture>): void {
  defineSuite('Scheduler', choiceTests, options)
}

/** What a scheduler keeps besides that shares bytes by weight, whatever the paths are like. */
export function testFairScheduler(options: SuiteOptions<SchedulerFixture>): void {
  defineSuite('Scheduler that is fair', shareTests, options)
}

const PACKET_BYTES = 1000
const REQUEST: PickRequest = { lengthBytes: PACKET_BYTES, nowMs: 0, trafficClass: 0, flow: 0 }
const ESTIMATE: PathEstimate = {
  bytesPerSecond: 1_000_000,
  owdMinMs: 0,
  queueDelayMs: 0,
  lossRatio: 0,
  repairMs: 0,
  costMs: 0,
  role: 'primary',
  queuedBytes: 0,
  maxPacketBytes: Infinity,
  isExhausted: false,
}

/** Adds one path per weight; ids are 0, 1, … */
function addPaths(scheduler: Scheduler<Schedulable>, weights: readonly number[]): Schedulable[] {
  const paths = weights.map((weight, id) => ({ id, weight }))
  for (const path of paths) scheduler.add(path)
  return paths
}

/** Sends `packets` of equal length and says which path took each. */
function serve(scheduler: Scheduler<Schedulable>, packets: number): (string | number | undefined)[] {
  return Array.from({ length: packets }, () => {
    const path = scheduler.peek(REQUEST)
    if (path) scheduler.charge(path, PACKET_BYTES)
    return path?.id
  })
}

function countOf(served: readonly unknown[], id: number): number {
  return served.filter((each) => each === id).length
}

const choiceTests: Tests<SchedulerFixture> = {
  'without a runnable path there is nothing to choose': ({ scheduler }) => {
    expect(scheduler.peek(REQUEST)).toBeUndefined()
    expect(scheduler.refusal).toBe('no-path')
    const [path] = addPaths(scheduler, [1]) as [Schedulable]
    expect(scheduler.peek(REQUEST)).toBe(path)
    scheduler.suspend(path)
    expect(scheduler.peek(REQUEST)).toBeUndefined()
    scheduler.resume(path)
    scheduler.remove(path)
    expect(scheduler.peek(REQUEST)).toBeUndefined()
  },

  'peek changes nothing': ({ scheduler }) => {
    addPaths(scheduler, [1, 1, 1])
    const chosen = scheduler.peek(REQUEST)
    for (let look = 0; look < 10; look++) expect(scheduler.peek(REQUEST)).toBe(chosen)
  },

  'a duplicate id and a weight that is not finite and > 0 throw RangeError and change nothing': ({
    scheduler,
  }) => {
    const [path] = addPaths(scheduler, [1]) as [Schedulable]
    expect(() => scheduler.add({ id: 0, weight: 2 })).toThrow(RangeError)
    for (const weight of [0, -1, Number.NaN, Infinity]) {
      expect(() => scheduler.add({ id: 'new', weight })).toThrow(RangeError)
      expect(() => scheduler.setWeight(path, weight)).toThrow(RangeError)
    }
    expect(new Set(serve(scheduler, 10))).toEqual(new Set([0]))
    expect(scheduler.remove(path)).toBe(true)
    expect(scheduler.peek(REQUEST)).toBeUndefined()
  },

  'moves that are not possible return false, the others true': ({ scheduler }) => {
    const [path] = addPaths(scheduler, [1]) as [Schedulable]
    const stranger = { id: 'stranger', weight: 1 }
    expect(scheduler.resume(path)).toBe(false)
    expect(scheduler.suspend(path)).toBe(true)
    expect(scheduler.suspend(path)).toBe(false)
    expect(scheduler.setWeight(path, 2)).toBe(true)
    expect(scheduler.resume(path)).toBe(true)
    expect(scheduler.setWeight(path, 3)).toBe(true)
    expect(scheduler.remove(path)).toBe(true)
    for (const unknown of [path, stranger]) {
      expect(scheduler.remove(unknown)).toBe(false)
      expect(scheduler.suspend(unknown)).toBe(false)
      expect(scheduler.resume(unknown)).toBe(false)
      expect(scheduler.setWeight(unknown, 1)).toBe(false)
      expect(scheduler.observe(unknown, ESTIMATE, 0)).toBe(false)
    }
  },

  'a removed path may come back, suspended or not when it went': ({ scheduler }) => {
    const [path] = addPaths(scheduler, [1]) as [Schedulable]
    scheduler.suspend(path)
    scheduler.remove(path)
    scheduler.add(path)
    expect(scheduler.peek(REQUEST)).toBe(path)
  },

  'paths of which nothing is known but that they are equal serve in turn, and so do equal ones observed': ({
    scheduler,
  }) => {
    const paths = addPaths(scheduler, [1, 1, 1])
    expect(serve(scheduler, 6)).toEqual([0, 1, 2, 0, 1, 2])
    for (const path of paths) expect(scheduler.observe(path, ESTIMATE, 0)).toBe(true)
    expect(serve(scheduler, 6)).toEqual([0, 1, 2, 0, 1, 2])
  },

  'copies go to other paths, at most as many as there is room for': ({ scheduler }) => {
    addPaths(scheduler, [1, 1, 1, 1])
    for (const trafficClass of [0, 1, 2]) {
      const request = { ...REQUEST, trafficClass }
      const chosen = scheduler.peek(request)!
      const out: (Schedulable | undefined)[] = [undefined, undefined]
      const count = scheduler.copies(request, out)
      expect(count).toBeLessThanOrEqual(2)
      const taken = [chosen, ...out.slice(0, count)]
      expect(taken).not.toContain(undefined)
      expect(new Set(taken).size).toBe(1 + count)
    }
  },

  'what is said to follow a packet goes where it went, asked for or not, charged one by one or in one sum': ({
    scheduler,
  }) => {
    const paths = addPaths(scheduler, [1, 1, 1])
    for (const path of paths) scheduler.observe(path, { ...ESTIMATE, bytesPerSecond: 2 ** 29 }, 0)
    for (let turn = 0; turn < 40; turn++) {
      const path = scheduler.peek(REQUEST)!
      scheduler.charge(path, PACKET_BYTES)
      const packets = Math.floor((scheduler.runBytes ?? 0) / PACKET_BYTES)
      const sum = Math.floor(packets / 2)
      if (sum > 0) scheduler.charge(path, sum * PACKET_BYTES)
      expect(new Set(serve(scheduler, packets - sum))).toEqual(new Set(packets > 0 ? [path.id] : []))
    }
  },

  'charging an unknown path is ignored': ({ scheduler }) => {
    const paths = addPaths(scheduler, [1, 1])
    scheduler.charge({ id: 'stranger', weight: 1 }, 1e9)
    const served = serve(scheduler, 10)
    expect(paths.map((_, id) => countOf(served, id))).toEqual([5, 5])
  },

  'whatever happens, the choice is a runnable path, and there is one if any is runnable': ({ scheduler }) => {
    const random = seededRandom(42)
    const paths = Array.from({ length: 6 }, (_, id) => ({ id, weight: 1 + (id % 3) }))
    const known = new Set<Schedulable>()
    const runnable = new Set<Schedulable>()
    for (let step = 0; step < 3000; step++) {
      const path = paths[Math.floor(random() * paths.length)] as Schedulable
      const dice = random()
      if (dice < 0.1 && !known.has(path)) {
        scheduler.add(path)
        known.add(path)
        runnable.add(path)
      } else if (dice < 0.15) {
        expect(scheduler.remove(path)).toBe(known.delete(path))
        runnable.delete(path)
      } else if (dice < 0.3) {
        expect(scheduler.suspend(path)).toBe(runnable.delete(path))
      } else if (dice < 0.45) {
        expect(scheduler.resume(path)).toBe(known.has(path) && !runnable.has(path))
        if (known.has(path)) runnable.add(path)
      } else if (dice < 0.5) {
        expect(scheduler.setWeight(path, 0.1 + 10 * random())).toBe(known.has(path))
      } else {
        scheduler.charge(dice < 0.9 ? (scheduler.peek(REQUEST) ?? path) : path, Math.ceil(1500 * random()))
      }
      const chosen = scheduler.peek({ ...REQUEST, nowMs: step })
      const mayBeNone = runnable.size === 0 || scheduler.refusal === 'full'
      expect(chosen ? runnable.has(chosen) : mayBeNone).toBe(true)
    }
  },
}

const shareTests: Tests<SchedulerFixture> = {
  'equal paths carry equal shares': ({ scheduler }) => {
    addPaths(scheduler, [1, 1, 1, 1])
    const served = serve(scheduler, 400)
    for (let id = 0; id < 4; id++) expect(countOf(served, id)).toBe(100)
  },

  'paths carry bytes in proportion to their weights': ({ scheduler }) => {
    addPaths(scheduler, [1, 2, 5])
    const served = serve(scheduler, 800)
    for (const [id, packets] of [100, 200, 500].entries()) {
      expect(Math.abs(countOf(served, id) - packets)).toBeLessThanOrEqual(1)
    }
  },

  'a new weight acts from now on': ({ scheduler }) => {
    const [path] = addPaths(scheduler, [1, 1]) as [Schedulable]
    serve(scheduler, 1000)
    scheduler.setWeight(path, 3)
    const served = serve(scheduler, 400)
    expect(Math.abs(countOf(served, 0) - 300)).toBeLessThanOrEqual(2)
  },

  'a path that comes back or comes new gets no burst': ({ scheduler }) => {
    const [path] = addPaths(scheduler, [1, 1]) as [Schedulable]
    scheduler.suspend(path)
    serve(scheduler, 1000)
    scheduler.resume(path)
    scheduler.add({ id: 2, weight: 1 })
    const served = serve(scheduler, 30)
    for (let id = 0; id < 3; id++) expect(Math.abs(countOf(served, id) - 10)).toBeLessThanOrEqual(1)
  },

  'a short absence does not forgive what was sent before': ({ scheduler }) => {
    const [path] = addPaths(scheduler, [1, 1]) as [Schedulable]
    scheduler.charge(path, 20 * PACKET_BYTES)
    scheduler.suspend(path)
    scheduler.resume(path)
    expect(Math.abs(countOf(serve(scheduler, 30), 1) - 25)).toBeLessThanOrEqual(1)
  },
}
