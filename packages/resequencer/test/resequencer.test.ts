import { Mempool } from '@mp/mempool'
import { afterEach, describe, expect, it } from 'vitest'
import { Resequencer } from '@mp/resequencer'
import type { ResequencerOptions } from '@mp/resequencer'
import { large, numbers, Receiver, turn, untold } from './support.ts'

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

describe('order', () => {
  it('passes on at once what comes in order', () => {
    const rx = receiver()
    expect(numbers(0, 200).flatMap((n) => rx.one(n, n, n % 3))).toEqual(numbers(0, 200))
    expect(rx.resequencer.stats()).toMatchObject({ delivered: 200, maxHeldPackets: 0, reordered: 0 })
    expect(rx.resequencer.pollTimeout()).toBe(Infinity)
  })

  it('holds what came too early until those before it came', () => {
    const rx = receiver({}, 0, 1)
    expect(rx.one(0, 1, 0)).toEqual([])
    expect(rx.one(1, 3, 0)).toEqual([])
    expect(rx.one(10, 0, 1)).toEqual([0, 1])
    expect(rx.one(11, 2, 1)).toEqual([2, 3])
    expect(rx.resequencer.stats()).toMatchObject({
      waited: 2,
      holdMsSum: 20,
      holdMsMax: 10,
      reordered: 2,
      reorderingDepthMax: 3,
      reorderingDepthSum: 4,
    })
  })

  it('lets other flows pass while one of them waits', () => {
    const rx = receiver({}, 0, 1)
    // Flow A has 0, 2, 4, flow B has 1, 3, 5; 2 is missing.
    expect(rx.arrive(0, [0, 1, 3, 4, 5].map(turn))).toEqual([0, 1, 3, 5])
    expect(rx.arrive(1, [turn(2)])).toEqual([2, 4])
  })

  it('holds nothing that has no order to keep', () => {
    const rx = receiver({}, 0, 1)
    expect(rx.arrive(0, [{ sequence: 5, pathId: 0, distance: 0 }])).toEqual([5])
    expect(rx.resequencer.pollTimeout()).toBe(Infinity)
  })

  it('keeps the order of the whole session for peers that tell no distances', () => {
    const rx = receiver({ order: 'session' }, 0, 1)
    expect(rx.arrive(0, [0, 2, 3].map(untold))).toEqual([0])
    expect(rx.arrive(1, [untold(1)])).toEqual([1, 2, 3])
  })

  it('loses none of two packets that name the same one before them', () => {
    const rx = receiver({}, 0, 1)
    const early = [2, 4].map((sequence) => ({ sequence, pathId: 0, distance: sequence - 1 }))
    expect(rx.arrive(0, early)).toEqual([])
    expect(rx.one(1, 0, 1)).toEqual([0])
    expect(rx.one(2, 1, 1)).toEqual([1, 2])
    expect(rx.one(3, 3, 1)).toEqual([3, 4])
  })

  it('passes on more than its batch holds', () => {
    const pool = new Mempool()
    const rx = receiver({ out: pool.createBatch(3) }, 0, 1)
    for (const n of numbers(1, 40)) rx.one(0, n)
    expect(rx.one(1, 0, 1)).toEqual(numbers(0, 41))
    expect(rx.one(2, 41)).toEqual([41])
  })

  it('counts to the last number there is', () => {
    const first = Number.MAX_SAFE_INTEGER - 2
    const rx = receiver({ firstSequence: first }, 0, 1)
    expect(rx.one(0, first + 1)).toEqual([])
    expect(rx.one(1, first, 1)).toEqual([first, first + 1])
    expect(rx.one(2, first + 2, 1)).toEqual([first + 2])
  })

  it('crosses 2^32 like any other number', () => {
    const first = 2 ** 32 - 3
    const rx = receiver({ firstSequence: first, windowPackets: 64 }, 0, 1)
    for (const n of numbers(first + 1, 9)) expect(rx.one(0, n)).toEqual([])
    expect(rx.one(1, first, 1)).toEqual(numbers(first, 10))
  })
})

describe('what comes after its number was skipped', () => {
  it('is passed on at once and counted as late, but only once', () => {
    const rx = receiver({}, 0)
    rx.one(0, 1)
    rx.wake()
    expect(rx.one(500, 0, 1)).toEqual([0])
    expect(rx.one(501, 0)).toEqual([])
    expect(rx.resequencer.stats()).toMatchObject({ late: 1, delivered: 2, drops: { duplicate: 1, stale: 0 } })
  })

  it('is dropped as stale after lateMs', () => {
    const rx = receiver({ lateMs: 100 }, 0)
    rx.one(0, 1)
    rx.wake()
    expect(rx.one(104, 0, 1)).toEqual([])
    expect(rx.resequencer.stats()).toMatchObject({ late: 0, drops: { stale: 1 } })
  })
})

describe('what is dropped', () => {
  it('are duplicates of what is held, was passed on ahead, or is long gone', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 0)
    rx.one(1, 2)
    rx.arrive(1, [{ sequence: 3, pathId: 0, distance: 0 }])
    for (const sequence of [0, 2, 3]) expect(rx.one(2, sequence, 1)).toEqual([])
    expect(rx.resequencer.stats().drops).toEqual({ duplicate: 3, stale: 0, 'bad-sequence': 0, closed: 0 })
  })

  it('are numbers more than a window behind, and those before the first', () => {
    const rx = receiver({ windowPackets: 64, firstSequence: 10 }, 0)
    rx.one(0, 10)
    rx.one(0, 9)
    expect(rx.resequencer.stats().drops['stale']).toBe(1)
    for (const n of numbers(11, 64)) rx.one(0, n)
    rx.one(0, 11)
    rx.one(0, 10)
    expect(rx.resequencer.stats().drops).toMatchObject({ duplicate: 1, stale: 2 })
  })

  it('are numbers that are none', () => {
    const rx = receiver({}, 0)
    for (const bad of [-1, 0.5, NaN, Infinity, 2 ** 53]) expect(rx.one(0, bad)).toEqual([])
    expect(rx.resequencer.stats().drops['bad-sequence']).toBe(5)
    expect(rx.one(1, 0)).toEqual([0])
  })

  it('is everything once it is closed', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 1)
    rx.resequencer.close()
    rx.resequencer.close()
    rx.one(1, 0)
    expect(rx.pool.inUse).toBe(0)
    expect(rx.resequencer.stats()).toMatchObject({ heldPackets: 0, heldBytes: 0, drops: { closed: 2 } })
    expect(rx.resequencer.pollTimeout()).toBe(Infinity)
  })
})

describe('bounds', () => {
  it('gives up the oldest hole when too many packets are held, and keeps the newest', () => {
    const rx = receiver({ maxHeldPackets: 3 }, 0, 1)
    for (const n of [1, 3, 4]) expect(rx.one(0, n)).toEqual([])
    expect(rx.one(0, 6)).toEqual([1])
    expect(rx.one(0, 7)).toEqual([3, 4])
    expect(rx.resequencer.stats()).toMatchObject({
      skipped: { overflow: 2 },
      heldPackets: 2,
      maxHeldPackets: 4,
    })
  })

  it('gives up the oldest hole when too many bytes are held', () => {
    const rx = receiver({ maxHeldBytes: 2500 }, 0, 1)
    expect(rx.arrive(0, [1, 3].map(large))).toEqual([])
    expect(rx.arrive(0, [large(5)])).toEqual([1])
    expect(rx.resequencer.stats()).toMatchObject({ heldBytes: 2000, heldPackets: 2 })
  })

  it('holds half of the slots of the pool at most', () => {
    const rx = receiver({}, 0, 1)
    for (const n of numbers(1, 400)) rx.one(0, 2 * n)
    expect(rx.resequencer.stats().heldPackets).toBe(256)
  })

  it('moves the window along with what comes', () => {
    const rx = receiver({ windowPackets: 64 }, 0, 1)
    rx.one(0, 1)
    rx.one(0, 40)
    expect(rx.one(0, 64)).toEqual([1])
    expect(rx.one(0, 104)).toEqual([40])
    expect(rx.resequencer.stats().skipped.overflow).toBe(1 + 38)
  })

  it('passes on all that is held, in order, when numbers jump by more than a window', () => {
    const rx = receiver({ windowPackets: 64 }, 0, 1)
    rx.one(0, 5)
    rx.one(0, 2)
    expect(rx.one(1, 1e12)).toEqual([2, 5, 1e12])
    expect(rx.resequencer.stats().skipped.overflow).toBe(1e12 - 2)
    // What the jump skipped may still come, within a window.
    expect(rx.one(2, 1e12 - 63, 1)).toEqual([1e12 - 63])
    expect(rx.one(2, 1e12 - 64, 1)).toEqual([])
    expect(rx.one(3, 1e12 + 1, 1)).toEqual([1e12 + 1])
  })
})

describe('beginning anew', () => {
  it('passes on what is held and knows neither numbers nor paths any more', () => {
    const rx = receiver({}, 0, 1)
    rx.one(0, 1)
    expect(rx.newly(() => rx.resequencer.reset())).toEqual([1])
    expect(rx.one(1, 0)).toEqual([0])
    expect(rx.one(2, 1)).toEqual([1])
    rx.one(3, 3)
    expect(rx.resequencer.pollTimeout()).toBe(6)
    expect(rx.newly(() => rx.resequencer.reset(100))).toEqual([3])
    expect(rx.one(7, 99)).toEqual([])
    expect(rx.one(7, 100)).toEqual([100])
    expect(rx.resequencer.stats()).toMatchObject({ skipped: { reset: 2 }, drops: { stale: 1 } })
  })
})

describe('misuse', () => {
  const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 4 }] })
  const make = (options: object) => () => new Resequencer({ pool, onPackets: () => {}, ...options })

  it.each([
    { windowPackets: 63 },
    { windowPackets: 100 },
    { windowPackets: 131_072 },
    { firstSequence: -1 },
    { firstSequence: 2 ** 53 },
    { maxHeldPackets: 0 },
    { maxHeldBytes: 0.5 },
    { lateMs: NaN },
    { holdMs: -1 },
    { lingerMs: NaN },
  ])('is refused with the name of the option: %o', (options) => {
    expect(make(options)).toThrow(RangeError)
    expect(make(options)).toThrow(Object.keys(options)[0])
  })

  it('throws for fewer numbers than packets, and takes nothing', () => {
    const resequencer = make({})()
    const batch = pool.createBatch(1)
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 1)
    const none = { sequences: new Float64Array(1), flowDistances: new Uint16Array(0), nowMs: 0 }
    expect(() => resequencer.handlePackets(batch, none)).toThrow(RangeError)
    expect(batch.count).toBe(1)
    pool.releaseAll(batch)
    expect(pool.inUse).toBe(0)
  })
})
