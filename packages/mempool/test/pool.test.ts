import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mempool } from '@mp/mempool'
import type { MempoolOptions, SizeClass } from '@mp/mempool'

const SMALL = { packetBytes: 200, slots: 3 }
const LARGE = { packetBytes: 65_536, slots: 2 }

function take(pool: Mempool, times: number, packetBytes?: number): number[] {
  return Array.from({ length: times }, () => pool.acquire(packetBytes))
}

describe('the layout of a pool', () => {
  test('is by default 4096 slots of 2 KiB for packets of 1920 bytes between two rooms of 64', () => {
    const pool = new Mempool()
    expect(pool).toMatchObject({ capacity: 4096, packetBytes: 1920, headroomBytes: 64, tailroomBytes: 64 })
    expect(pool.arena.length).toBe(4096 * 2048)
    const slot = pool.acquire()
    expect([pool.startOf(slot), pool.offsetOf(slot), pool.endOf(slot)]).toEqual([0, 64, 2048])
    pool.release(slot)
    expect(pool.inUse).toBe(0)
  })

  test('gives every slot aligned memory of its own with all the room that was asked for', () => {
    const classArbitrary = fc.record({
      packetBytes: fc.integer({ min: 1, max: 3000 }),
      slots: fc.integer({ min: 1, max: 6 }),
    })
    const optionsArbitrary = fc.record({
      headroomBytes: fc.nat(200),
      tailroomBytes: fc.nat(200),
      classes: fc.array(classArbitrary, { minLength: 1, maxLength: 4 }),
    })
    fc.assert(
      fc.property(optionsArbitrary, (options) => {
        const pool = new Mempool(options)
        const ends: number[] = [0]
        const sizes = options.classes.flatMap(({ packetBytes, slots }) =>
          Array.from({ length: slots }, () => packetBytes),
        )
        for (const [slot, packetBytes] of sizes.toSorted((a, b) => a - b).entries()) {
          expect(pool.startOf(slot)).toBe(ends.at(-1))
          expect(pool.startOf(slot) % 64).toBe(0)
          expect(pool.offsetOf(slot) % 16).toBe(0)
          expect(pool.offsetOf(slot) - pool.startOf(slot)).toBe(pool.headroomBytes)
          expect(pool.endOf(slot)).toBeGreaterThanOrEqual(
            pool.offsetOf(slot) + packetBytes + pool.tailroomBytes,
          )
          ends.push(pool.endOf(slot))
        }
        expect(pool.headroomBytes).toBeGreaterThanOrEqual(options.headroomBytes)
        expect(pool.tailroomBytes).toBe(options.tailroomBytes)
        expect(pool.packetBytes).toBe(options.classes[0]!.packetBytes)
        expect([pool.capacity, pool.arena.length]).toEqual([sizes.length, ends.at(-1)])
      }),
    )
  })

  const wrong: MempoolOptions[] = [
    { headroomBytes: -5 },
    { headroomBytes: 1.5 },
    { tailroomBytes: NaN },
    { classes: [] },
    { classes: Array.from({ length: 17 }, () => SMALL) },
    { classes: [{ packetBytes: 0, slots: 1 }] },
    { classes: [{ packetBytes: 65_537, slots: 1 }] },
    { classes: [{ packetBytes: 1, slots: 0 }] },
    { classes: [{ packetBytes: 65_536, slots: 32_768 }] },
  ]
  test.each(wrong)('is refused for %j, in words that name what is wrong', (options) => {
    expect(() => new Mempool(options)).toThrow(
      /^mempool: (headroomBytes|tailroomBytes|classes|packetBytes|slots|bytes of all slots) .*must be an integer from/,
    )
  })

  test.each([-1, 5, 0.5, NaN])('has no place for slot %d of five', (slot) => {
    const pool = new Mempool({ classes: [SMALL, LARGE] })
    for (const place of ['startOf', 'offsetOf', 'endOf'] as const)
      expect(() => pool[place](slot)).toThrow(RangeError)
  })
})

describe('a pool with two size classes', () => {
  test('takes the smallest class that fits, then the larger one, then says -1', () => {
    const pool = new Mempool({ classes: [LARGE, SMALL] })
    const slots = take(pool, 6, 200)
    const room = slots.slice(0, 5).map((slot) => pool.endOf(slot) - pool.startOf(slot))
    expect(room).toEqual([384, 384, 384, 65_664, 65_664])
    expect(slots[5]).toBe(-1)
    for (const slot of slots.slice(0, 5)) pool.release(slot)
    expect(pool.inUse).toBe(0)
  })

  test('never gives a large packet a small slot, and -1 for one that is too large for all', () => {
    const pool = new Mempool({ classes: [SMALL, LARGE] })
    const slots = take(pool, 2, 201)
    for (const slot of slots) expect(pool.endOf(slot) - pool.offsetOf(slot)).toBeGreaterThanOrEqual(65_536)
    expect(take(pool, 1, 201)).toEqual([-1])
    expect(take(pool, 2, 65_537)).toEqual([-1, -1])
    expect(pool.acquire(NaN)).toBe(-1)
    for (const slot of slots) pool.release(slot)
    expect(pool.inUse).toBe(0)
  })

  test('counts use and the peak of it per class', () => {
    const pool = new Mempool({ classes: [SMALL, LARGE] })
    const slots = take(pool, 3)
    for (const slot of slots.slice(1)) pool.release(slot)
    expect(pool.stats()).toEqual({
      inUse: 1,
      capacity: 5,
      arenaBytes: 3 * 384 + 2 * 65_664,
      classes: [
        { ...SMALL, inUse: 1, peakInUse: 3 },
        { ...LARGE, inUse: 0, peakInUse: 0 },
      ],
    })
    pool.release(slots[0]!)
    expect(pool.inUse).toBe(0)
  })
})

describe('giving slots back', () => {
  test.each([-1, 3, 1.5, NaN, 2])('throws for slot %d, which is not out, and changes nothing', (slot) => {
    const pool = new Mempool({ classes: [SMALL] })
    const out = take(pool, 2)
    const before = pool.stats()
    expect(() => pool.release(slot)).toThrow(RangeError)
    expect(pool.stats()).toEqual(before)
    for (const each of out) pool.release(each)
    expect(pool.inUse).toBe(0)
  })

  test('twice throws the second time', () => {
    const pool = new Mempool({ classes: [SMALL] })
    const slot = pool.acquire()
    pool.release(slot)
    expect(() => pool.release(slot)).toThrow(/slot 0 is not out/)
    expect(pool.inUse).toBe(0)
  })

  test('by the batch releases all rows and empties it', () => {
    const pool = new Mempool({ classes: [SMALL] })
    const batch = pool.createBatch(4)
    for (const slot of take(pool, 3)) batch.push(slot, pool.offsetOf(slot), 1)
    pool.releaseAll(batch)
    expect([batch.count, pool.inUse]).toEqual([0, 0])
  })

  test('by the batch stops at a bad row, which is then the first one, and keeps those behind it', () => {
    const pool = new Mempool({ classes: [SMALL] })
    const batch = pool.createBatch(4)
    const [a, b, c] = take(pool, 3) as [number, number, number]
    for (const slot of [a, b, a, c]) batch.push(slot, 0, 0)
    expect(() => pool.releaseAll(batch)).toThrow(RangeError)
    expect([...batch.slot.subarray(0, batch.count)]).toEqual([a, c])
    expect(pool.inUse).toBe(1)
    batch.dropFront(1)
    pool.releaseAll(batch)
    expect(pool.inUse).toBe(0)
  })
})

/** A pool that is only sets: which slots of which size are free, and where those that are out belong. */
class Oracle {
  readonly free: { readonly packetBytes: number; readonly slots: Set<number> }[] = []
  readonly out = new Map<number, Set<number>>()

  constructor(classes: readonly SizeClass[]) {
    let first = 0
    for (const { packetBytes, slots } of classes.toSorted((a, b) => a.packetBytes - b.packetBytes)) {
      this.free.push({
        packetBytes,
        slots: new Set(Array.from({ length: slots }, (_, index) => first + index)),
      })
      first += slots
    }
  }

  /** Whether a pool may answer `acquire(packetBytes)` with `slot`. */
  acquired(packetBytes: number, slot: number): boolean {
    const home = this.free.find((each) => each.packetBytes >= packetBytes && each.slots.size > 0)?.slots
    if (home === undefined) return slot === -1
    this.out.set(slot, home)
    return home.delete(slot)
  }

  /** Whether a pool may answer `release(slot)` by throwing or not. */
  released(slot: number, threw: boolean): boolean {
    const home = this.out.get(slot)
    home?.add(slot)
    return this.out.delete(slot) !== threw
  }
}

function throws(call: () => void): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof RangeError
  }
}

test('any sequence of calls does what sets of free slots would do', () => {
  const call = fc.oneof(
    fc.record({ acquire: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ release: fc.integer({ min: -2, max: 14 }) }),
  )
  const classes = [
    { packetBytes: 300, slots: 4 },
    { packetBytes: 100, slots: 5 },
    { packetBytes: 200, slots: 3 },
  ]
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
      const pool = new Mempool({ classes })
      const oracle = new Oracle(classes)
      for (const each of calls) {
        const agrees =
          'acquire' in each
            ? oracle.acquired(each.acquire, pool.acquire(each.acquire))
            : oracle.released(
                each.release,
                throws(() => pool.release(each.release)),
              )
        expect(agrees).toBe(true)
        expect(pool.inUse).toBe(oracle.out.size)
      }
      for (const slot of oracle.out.keys()) pool.release(slot)
      expect(pool.inUse).toBe(0)
    }),
  )
})
