import type { PacketBatch, PacketPool } from '@mp/interface'
import { expect } from 'vitest'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'

/** An empty pool with at least 4 and at most 100 000 slots. */
export interface PacketPoolFixture extends Fixture {
  readonly pool: PacketPool
}

const COLUMNS = ['slot', 'offset', 'length', 'peer', 'path', 'sequence', 'flow', 'flags'] as const

/** The contract {@link PacketPool} and its {@link PacketBatch}. */
export function testPacketPool(options: SuiteOptions<PacketPoolFixture>): void {
  defineSuite('PacketPool', { ...poolTests, ...batchTests }, options)
}

function acquireAll(pool: PacketPool): number[] {
  const slots: number[] = []
  for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) slots.push(slot)
  return slots
}

/** Two rows whose columns are all different. */
function filledBatch(pool: PacketPool): PacketBatch {
  const batch = pool.createBatch(3)
  for (const row of [0, 1]) {
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 100 + row)
    for (const [c, name] of COLUMNS.entries()) if (c > 2) batch[name][row] = 10 * c + row
  }
  return batch
}

function rowOf(batch: PacketBatch, row: number): (number | undefined)[] {
  return COLUMNS.map((name) => batch[name][row])
}

const poolTests: Tests<PacketPoolFixture> = {
  'a pool gives each slot to one holder at a time, and -1 when none is left': ({ pool }) => {
    const slots = acquireAll(pool)
    expect(slots.length).toBeGreaterThan(0)
    expect(new Set(slots).size).toBe(slots.length)
    expect(pool.inUse).toBe(slots.length)
    expect(pool.inUse).toBeLessThanOrEqual(pool.capacity)
    expect(pool.acquire()).toBe(-1)
    for (const slot of slots) pool.release(slot)
    expect(pool.inUse).toBe(0)
    expect(acquireAll(pool).toSorted((a, b) => a - b)).toEqual(slots.toSorted((a, b) => a - b))
    for (const slot of slots) pool.release(slot)
  },

  'slots lie inside the arena, do not overlap, and have the promised room on both sides': ({ pool }) => {
    const slots = acquireAll(pool)
    const inOrder = slots.toSorted((a, b) => pool.startOf(a) - pool.startOf(b))
    let behind = 0
    for (const slot of inOrder) {
      expect(pool.startOf(slot)).toBeGreaterThanOrEqual(behind)
      expect(pool.offsetOf(slot)).toBeGreaterThanOrEqual(pool.startOf(slot) + pool.headroomBytes)
      behind = pool.endOf(slot)
      expect(behind - pool.offsetOf(slot)).toBeGreaterThanOrEqual(pool.packetBytes + pool.tailroomBytes)
    }
    expect(behind).toBeLessThanOrEqual(pool.arena.length)
    for (const slot of slots) pool.release(slot)
  },

  'releasing a slot that is not out throws RangeError and changes nothing': ({ pool }) => {
    const slot = pool.acquire()
    const other = pool.acquire()
    pool.release(slot)
    for (const wrong of [slot, -1, pool.capacity, 0.5, Number.NaN]) {
      expect(() => pool.release(wrong)).toThrow(RangeError)
    }
    expect(pool.inUse).toBe(1)
    pool.release(other)
  },

  'a slot with several holders is free when the last of them released it': ({ pool }) => {
    const slots = acquireAll(pool)
    const [slot = -1] = slots
    pool.retain(slot)
    pool.retain(slot)
    for (const inUse of [slots.length, slots.length, slots.length - 1]) {
      expect(pool.acquire()).toBe(-1)
      pool.release(slot)
      expect(pool.inUse).toBe(inUse)
    }
    expect(pool.acquire()).toBe(slot)
    for (const each of slots) pool.release(each)
    for (const wrong of [slot, -1, pool.capacity, 0.5, Number.NaN]) {
      expect(() => pool.retain(wrong)).toThrow(RangeError)
      expect(() => pool.release(wrong)).toThrow(RangeError)
    }
    expect(pool.inUse).toBe(0)
  },

  'a slot for a given length holds that length, and an impossible length gets -1': ({ pool }) => {
    for (const lengthBytes of [1, Math.ceil(pool.packetBytes / 2), pool.packetBytes]) {
      const slot = pool.acquire(lengthBytes)
      const room = pool.endOf(slot) - pool.offsetOf(slot)
      expect(room).toBeGreaterThanOrEqual(lengthBytes + pool.tailroomBytes)
      pool.release(slot)
    }
    expect(pool.acquire(pool.arena.length + 1)).toBe(-1)
  },
}

const batchTests: Tests<PacketPoolFixture> = {
  'a batch takes as many rows as it has room for, and then says -1': ({ pool }) => {
    const batch = pool.createBatch(2)
    const slots = [pool.acquire(), pool.acquire(), pool.acquire()] as const
    expect([batch.capacity, batch.count]).toEqual([2, 0])
    expect(slots.map((slot) => batch.push(slot, pool.offsetOf(slot), 7))).toEqual([0, 1, -1])
    expect(batch.count).toBe(2)
    pool.release(slots[2])
    pool.releaseAll(batch)
    expect([batch.count, pool.inUse]).toEqual([0, 0])
  },

  'columns are views of one table, in the order of the contract': ({ pool }) => {
    const batch = filledBatch(pool)
    for (const [c, name] of COLUMNS.entries()) {
      expect([...batch[name]]).toEqual([...batch.table.subarray(c * 3, c * 3 + 3)])
      expect(batch[name].buffer).toBe(batch.table.buffer)
    }
    pool.releaseAll(batch)
  },

  'a pushed row has zeros in the columns that push does not name': ({ pool }) => {
    const batch = filledBatch(pool)
    pool.releaseAll(batch)
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 5)
    expect(rowOf(batch, 0)).toEqual([slot, pool.offsetOf(slot), 5, 0, 0, 0, 0, 0])
    pool.releaseAll(batch)
  },

  'copyRow appends every column to the target and leaves the source as it was': ({ pool }) => {
    const batch = filledBatch(pool)
    const target = pool.createBatch(1)
    const row = rowOf(batch, 1)
    expect(batch.copyRow(1, target)).toBe(true)
    expect(rowOf(target, 0)).toEqual(row)
    expect(rowOf(batch, 1)).toEqual(row)
    expect(batch.copyRow(0, target)).toBe(false)
    expect([batch.count, target.count]).toEqual([2, 1])
    expect(rowOf(target, 0)).toEqual(row)
    pool.releaseAll(batch)
  },

  'copyRows appends rows with every column, as many as the target has room for': ({ pool }) => {
    const batch = filledBatch(pool)
    const target = pool.createBatch(3)
    const [first, second] = [rowOf(batch, 0), rowOf(batch, 1)]
    expect(batch.copyRows(1, 1, target)).toBe(0)
    expect(batch.copyRows(1, 2, target)).toBe(1)
    expect(batch.copyRows(0, 2, target)).toBe(2)
    expect([0, 1, 2].map((row) => rowOf(target, row))).toEqual([second, first, second])
    expect(batch.copyRows(0, 2, target)).toBe(0)
    expect([batch.count, target.count]).toEqual([2, 3])
    for (const [from, to] of [
      [-1, 1],
      [1, 3],
      [2, 1],
    ] as const)
      expect(() => batch.copyRows(from, to, target)).toThrow(RangeError)
    pool.releaseAll(batch)
  },

  'moveRow copies every column of one row over another': ({ pool }) => {
    const batch = filledBatch(pool)
    const [first, second] = [rowOf(batch, 0), rowOf(batch, 1)]
    batch.moveRow(1, 0)
    expect([rowOf(batch, 0), rowOf(batch, 1)]).toEqual([second, second])
    pool.release(first[0] ?? -1)
    batch.count = 1
    pool.releaseAll(batch)
  },

  'dropFront moves the other rows to the front and releases nothing': ({ pool }) => {
    const batch = filledBatch(pool)
    const [first, second] = [rowOf(batch, 0), rowOf(batch, 1)]
    batch.dropFront(0)
    expect(rowOf(batch, 0)).toEqual(first)
    batch.dropFront(1)
    expect(batch.count).toBe(1)
    expect(rowOf(batch, 0)).toEqual(second)
    expect(pool.inUse).toBe(2)
    pool.release(first[0] ?? -1)
    pool.releaseAll(batch)
  },
}
