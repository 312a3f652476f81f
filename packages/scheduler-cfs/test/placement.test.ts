import { CfsScheduler } from '@mp/scheduler-cfs'
import { describe, expect, test } from 'vitest'
import { L, makePaths, send } from './support.ts'
import type { TestPath } from './support.ts'

/** Sends `count` packets of L bytes and counts them by path id. */
function sendMany(scheduler: CfsScheduler<TestPath>, count: number): number[] {
  const counts = scheduler.snapshot().map(() => 0)
  for (let i = 0; i < count; i++) {
    const { id } = send(scheduler, L)!
    counts[id] = counts[id]! + 1
  }
  return counts
}

function three(options = {}): { scheduler: CfsScheduler<TestPath>; a: TestPath; b: TestPath; c: TestPath } {
  const scheduler = new CfsScheduler<TestPath>(options)
  const [a, b, c] = makePaths(1, 1, 1) as [TestPath, TestPath, TestPath]
  for (const path of [a, b, c]) scheduler.add(path)
  return { scheduler, a, b, c }
}

describe('paths that come and go', () => {
  test('of three equal paths the two that are left share equally, and all three do when the third is back', () => {
    const { scheduler, a } = three()
    sendMany(scheduler, 3000)
    scheduler.suspend(a)
    expect(sendMany(scheduler, 9000)).toEqual([0, 4500, 4500])
    scheduler.resume(a)
    expect(sendMany(scheduler, 9)).toEqual([3, 3, 3])
    expect(sendMany(scheduler, 6000)).toEqual([2000, 2000, 2000])
  })

  test('a new path starts level with the others and not with all their past to catch up', () => {
    const { scheduler } = three()
    sendMany(scheduler, 3000)
    scheduler.add({ id: 3, weight: 1 })
    expect(sendMany(scheduler, 400)).toEqual([100, 100, 100, 100])
  })

  test('leaving and returning at once does not wipe out a debt', () => {
    const { scheduler, a } = three()
    send(scheduler, L)
    scheduler.suspend(a)
    scheduler.resume(a)
    expect(send(scheduler, L)).not.toBe(a)
    expect(send(scheduler, L)).not.toBe(a)
    expect(send(scheduler, L)).toBe(a)
  })

  test('what is charged to a suspended path is debt, and at most one packet of it', () => {
    const { scheduler, a } = three({ maxPacketBytes: L })
    scheduler.suspend(a)
    scheduler.charge(a, 1000 * L)
    scheduler.resume(a)
    expect(sendMany(scheduler, 3)).toEqual([1, 1, 1])
    expect(sendMany(scheduler, 300)).toEqual([100, 100, 100])
  })

  test('with all paths away none is picked, and the ones that come back start level', () => {
    const { scheduler, a, b, c } = three()
    sendMany(scheduler, 300)
    for (const path of [a, b, c]) scheduler.suspend(path)
    expect(scheduler.peek()).toBeUndefined()
    for (const path of [c, a]) scheduler.resume(path)
    expect(sendMany(scheduler, 200)).toEqual([100, 0, 100])
  })

  test('a path removed and added again has a clean slate', () => {
    const { scheduler, a } = three()
    sendMany(scheduler, 300)
    expect(scheduler.remove(a)).toBe(true)
    expect(scheduler.remove(a)).toBe(false)
    scheduler.add(a)
    expect(scheduler.snapshot().find((path) => path.id === a.id)?.sentBytes).toBe(0)
    expect(sendMany(scheduler, 300)).toEqual([100, 100, 100])
  })
})

describe('weights', () => {
  test('the weight of a path acts from the start and a changed one from then on', () => {
    const scheduler = new CfsScheduler<TestPath>()
    const [light, heavy] = makePaths(1, 3) as [TestPath, TestPath]
    scheduler.add(light)
    scheduler.add(heavy)
    expect(sendMany(scheduler, 400)).toEqual([100, 300])
    expect(scheduler.setWeight(light, 9)).toBe(true)
    expect(sendMany(scheduler, 400)).toEqual([300, 100])
    expect(scheduler.snapshot().map((path) => path.weight)).toEqual([9, 3])
  })

  test('a weight changed while the path is suspended acts when it returns', () => {
    const { scheduler, a } = three()
    scheduler.suspend(a)
    scheduler.setWeight(a, 2)
    scheduler.resume(a)
    expect(sendMany(scheduler, 400)).toEqual([200, 100, 100])
  })

  test('weights at the ends of the number range leave the others their turn', () => {
    const scheduler = new CfsScheduler<TestPath>()
    const [tiny, one, two, vast] = makePaths(Number.MIN_VALUE, 1, 1, Number.MAX_VALUE)
    for (const path of [tiny!, one!, two!, vast!]) scheduler.add(path)
    scheduler.suspend(vast!)
    expect(sendMany(scheduler, 22)).toEqual([1, 11, 10, 0])
    scheduler.setWeight(one!, Number.MIN_VALUE)
    scheduler.suspend(two!)
    expect(sendMany(scheduler, 20)).toEqual([10, 10, 0, 0])
    for (const path of [tiny!, one!]) scheduler.setWeight(path, 1)
    scheduler.resume(two!)
    expect(sendMany(scheduler, 300).slice(0, 3)).toEqual([100, 100, 100])
  })
})

describe('charging', () => {
  test('a path that is not the one picked pays too', () => {
    const { scheduler, c } = three()
    scheduler.charge(c, 10 * L)
    expect(sendMany(scheduler, 20)).toEqual([10, 10, 0])
    expect(sendMany(scheduler, 30)).toEqual([10, 10, 10])
  })

  test('a charge far above the largest packet only delays the next turn', () => {
    const { scheduler, a } = three({ maxPacketBytes: L })
    scheduler.charge(a, Number.MAX_VALUE)
    expect(sendMany(scheduler, 1000)).toEqual([0, 500, 500])
    scheduler.suspend(a)
    scheduler.resume(a)
    expect(sendMany(scheduler, 300)[0]).toBeGreaterThanOrEqual(99)
  })

  test('unknown paths are ignored', () => {
    const { scheduler } = three()
    scheduler.charge({ id: 0, weight: 1 }, L)
    expect(scheduler.snapshot().every((path) => path.sentBytes === 0)).toBe(true)
  })
})

describe('misuse is refused before anything changes', () => {
  const unusable = [0, -1, Number.NaN, Infinity]

  test('an id in use, or a weight that is not finite and > 0', () => {
    const { scheduler } = three()
    const before = scheduler.snapshot()
    expect(() => scheduler.add({ id: 1, weight: 1 })).toThrow(RangeError)
    for (const weight of unusable) expect(() => scheduler.add({ id: 9, weight })).toThrow(RangeError)
    expect(scheduler.snapshot()).toEqual(before)
  })

  test('a changed weight or a largest packet that is not finite and > 0', () => {
    const { scheduler, a } = three()
    const before = scheduler.snapshot()
    for (const bad of unusable) {
      expect(() => scheduler.setWeight(a, bad)).toThrow(RangeError)
      expect(() => new CfsScheduler({ maxPacketBytes: bad })).toThrow(RangeError)
    }
    expect(scheduler.snapshot()).toEqual(before)
  })

  test('a length that is negative, infinite or not a number', () => {
    const { scheduler, a } = three()
    for (const bytes of [-1, Number.NaN, Infinity]) {
      expect(() => scheduler.charge(a, bytes)).toThrow(RangeError)
    }
    expect(scheduler.snapshot()[0]).toMatchObject({ sentBytes: 0, virtualBytes: 0 })
  })

  test('moves of unknown paths, and moves to where a path is already, answer false', () => {
    const { scheduler, a } = three()
    const stranger = { id: 9, weight: 1 }
    expect(scheduler.suspend(stranger)).toBe(false)
    expect(scheduler.resume(stranger)).toBe(false)
    expect(scheduler.remove(stranger)).toBe(false)
    expect(scheduler.setWeight(stranger, 1)).toBe(false)
    expect(scheduler.resume(a)).toBe(false)
    expect(scheduler.suspend(a)).toBe(true)
    expect(scheduler.suspend(a)).toBe(false)
    expect(scheduler.resume(a)).toBe(true)
  })
})
