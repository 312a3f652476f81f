import { afterEach, describe, expect, it } from 'vitest'
import type { ResequencerOptions } from '@mp/resequencer'
import { numbers, Receiver } from './support.ts'

let open: Receiver[] = []
afterEach(() => {
  for (const each of open) each.close()
  open = []
})

function receiver(options: Partial<ResequencerOptions> = {}, ...pathIds: number[]): Receiver {
  const made = new Receiver(options)
  open.push(made)
  for (const pathId of pathIds) made.resequencer.addPath(pathId)
  return made
}

describe('a number that is missing', () => {
  it('is skipped when every path has passed it for holdMs', () => {
    const rx = receiver({ holdMs: 5 }, 0, 1)
    rx.one(0, 0, 0)
    rx.one(10, 2, 0)
    expect(rx.resequencer.pollTimeout()).toBe(170)
    rx.one(20, 3, 1)
    expect(rx.resequencer.pollTimeout()).toBe(25)
    expect(rx.newly(() => rx.resequencer.handleTimeout(24.9))).toEqual([])
    expect(rx.wake()).toEqual([2, 3])
    expect(rx.resequencer.stats().skipped).toEqual({ hopeless: 1, linger: 0, overflow: 0, reset: 0 })
  })

  it('costs its wait once, however many holes there are', () => {
    const rx = receiver({ holdMs: 5 }, 0)
    for (const n of numbers(0, 20)) rx.one(0, 3 * n)
    expect(rx.resequencer.pollTimeout()).toBe(5)
    expect(rx.wake()).toEqual(numbers(1, 19).map((n) => 3 * n))
    expect(rx.resequencer.stats().skipped.hopeless).toBe(38)
  })

  it.each([1, 7, 60])('in a burst of %i is skipped with the others, and no more are', (lost) => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 0)
    rx.one(1, lost + 1, 0)
    rx.one(1, lost + 2, 1)
    expect(rx.wake()).toEqual([lost + 1, lost + 2])
    expect(rx.resequencer.stats().skipped.hopeless).toBe(lost)
  })

  it('is waited for as long as repairs take when told so', () => {
    const rx = receiver({}, 0)
    rx.resequencer.setHoldMs(40)
    rx.one(0, 1)
    expect(rx.resequencer.pollTimeout()).toBe(40)
    expect(rx.one(35, 0)).toEqual([0, 1])
  })

  it('is waited for lingerMs at most, and then no longer for the path that did not bring it', () => {
    const rx = receiver({ lingerMs: 50 }, 0, 1)
    rx.one(0, 1)
    rx.one(20, 3)
    expect(rx.resequencer.pollTimeout()).toBe(50)
    expect(rx.wake()).toEqual([1])
    expect(rx.resequencer.pollTimeout()).toBe(53)
    expect(rx.wake()).toEqual([3])
    rx.one(60, 5)
    expect(rx.resequencer.pollTimeout()).toBe(63)
    expect(rx.resequencer.stats().skipped).toMatchObject({ linger: 1, hopeless: 1 })
  })

  it('is waited for again once its path was heard again', () => {
    const rx = receiver({ lingerMs: 50 }, 0, 1)
    rx.one(0, 1)
    rx.wake()
    rx.one(60, 2, 1)
    rx.one(61, 4, 0)
    expect(rx.resequencer.pollTimeout()).toBe(111)
  })

  it('does not wait for a path that is removed', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 1)
    rx.resequencer.removePath(1)
    expect(rx.resequencer.pollTimeout()).toBe(0)
    expect(rx.wake()).toEqual([])
    expect(rx.wake()).toEqual([1])
    expect(rx.resequencer.stats().paths.map((path) => path.pathId)).toEqual([0])
  })

  it('brings linger into 10 to 500 ms', () => {
    const rx = receiver({ lingerMs: 10_000 }, 0, 1)
    rx.one(0, 1)
    expect(rx.resequencer.pollTimeout()).toBe(500)
    rx.resequencer.setLingerMs(0)
    expect(rx.resequencer.pollTimeout()).toBe(10)
    rx.resequencer.setLingerMs(70)
    expect(rx.resequencer.pollTimeout()).toBe(70)
  })
})

describe('an idle path', () => {
  it('delays nothing once the others went on without it', () => {
    const rx = receiver({}, 0, 1)
    for (const n of numbers(0, 40)) rx.one(10 * n, n)
    rx.one(400, 41)
    expect(rx.resequencer.pollTimeout()).toBe(403)
  })

  it('is waited for after a pause of the whole session', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 0, 0)
    rx.one(1, 1, 1)
    rx.one(60_000, 3, 0)
    expect(rx.resequencer.pollTimeout()).toBe(60_160)
    expect(rx.one(60_040, 2, 1)).toEqual([2, 3])
  })

  it('delays nothing when the peer says that it gave nothing to it', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 1)
    rx.resequencer.setSnapshot(1, -1, 1)
    rx.wake()
    expect(rx.resequencer.pollTimeout()).toBe(3)
  })

  it('is waited for when the peer says that the number may be on it', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 0, 1)
    rx.one(0, 2, 0)
    rx.resequencer.setSnapshot(1, 1, 5)
    rx.wake()
    expect(rx.resequencer.pollTimeout()).toBe(160)
    expect(rx.one(30, 1, 1)).toEqual([1, 2])
    // All that it was given up to 5 came.
    rx.one(31, 4, 0)
    expect(rx.resequencer.pollTimeout()).toBe(34)
  })

  it('is not waited for beyond what the peer gave to it, though that was lost', () => {
    const rx = receiver({ lingerMs: 50 }, 0, 1)
    rx.one(0, 0, 1)
    rx.one(1, 1, 0)
    rx.resequencer.setSnapshot(1, 0, 3)
    rx.one(2, 3, 0)
    expect(rx.resequencer.pollTimeout()).toBe(5)
  })

  it('is judged by the newest snapshot, whichever came last', () => {
    const rx = receiver({}, 0, 1)
    rx.resequencer.setSnapshot(1, 7, 9)
    rx.resequencer.setSnapshot(1, -1, 5)
    rx.one(0, 1)
    expect(rx.resequencer.pollTimeout()).toBe(160)
  })
})

describe('a path that does not keep the order', () => {
  it('makes missing numbers wait for as long as its packets were late', () => {
    const rx = receiver({ holdMs: 3 }, 0)
    rx.one(0, 1)
    rx.wake()
    expect(rx.one(8, 0)).toEqual([0])
    expect(rx.resequencer.stats().paths).toEqual([{ pathId: 0, inversions: 1, guardMs: 8 }])
    rx.one(10, 3)
    expect(rx.resequencer.pollTimeout()).toBe(18)
    expect(rx.one(17, 2)).toEqual([2, 3])
  })

  it('is forgiven after 10 s', () => {
    const rx = receiver({ holdMs: 3 }, 0)
    rx.one(0, 1)
    rx.wake()
    rx.one(8, 0)
    rx.one(10_009, 3)
    expect(rx.resequencer.pollTimeout()).toBe(10_012)
  })

  it('does not make them wait without end', () => {
    const rx = receiver({ holdMs: 3 }, 0)
    rx.one(0, 1)
    rx.wake()
    rx.one(900, 0)
    rx.one(901, 3)
    expect(rx.resequencer.pollTimeout()).toBe(941)
  })
})

describe('a pool that others share', () => {
  it('has as many slots free as are held, also when others hold most of it', () => {
    const rx = new Receiver({}, 100)
    open.push(rx)
    rx.resequencer.addPath(0)
    rx.resequencer.addPath(1)
    const others = numbers(1, 60).map(() => rx.pool.acquire())
    for (const n of numbers(1, 90)) {
      rx.one(0, n, 0)
      expect(rx.resequencer.stats().heldPackets).toBeLessThanOrEqual(20)
    }
    expect(rx.resequencer.stats().skipped.overflow).toBe(1)
    expect(rx.out).toEqual(numbers(1, 90))
    for (const slot of others) rx.pool.release(slot)
  })
})
