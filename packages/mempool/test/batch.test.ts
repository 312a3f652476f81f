import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Batch } from '@mp/mempool'

const COLUMNS = ['slot', 'offset', 'length', 'peer', 'path', 'sequence', 'flow', 'flags'] as const
type Row = readonly number[]

function rowOf(batch: Batch, index: number): Row {
  return COLUMNS.map((column) => batch[column][index]!)
}

function rowsOf(batch: Batch): Row[] {
  return Array.from({ length: batch.count }, (_, index) => rowOf(batch, index))
}

function append(batch: Batch, row: Row): void {
  const index = batch.push(row[0]!, row[1]!, row[2]!)
  for (const [column, name] of COLUMNS.entries()) batch[name][index] = row[column]!
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const rowArbitrary = fc.array(int32, { minLength: COLUMNS.length, maxLength: COLUMNS.length })

describe('a batch', () => {
  test('keeps column c of packet i at table[c * capacity + i]', () => {
    const batch = new Batch(3)
    append(batch, [1, 2, 3, 4, 5, 6, 7, 8])
    append(batch, [11, 12, 13, 14, 15, 16, 17, 18])
    expect([...batch.table]).toEqual([
      1, 11, 0, 2, 12, 0, 3, 13, 0, 4, 14, 0, 5, 15, 0, 6, 16, 0, 7, 17, 0, 8, 18, 0,
    ])
  })

  test('gives a pushed packet zeros in its other columns, also where an older packet left something', () => {
    const batch = new Batch(1)
    append(batch, [1, 2, 3, 4, 5, 6, 7, 8])
    batch.count = 0
    expect(batch.push(9, 10, 11)).toBe(0)
    expect(rowsOf(batch)).toEqual([[9, 10, 11, 0, 0, 0, 0, 0]])
  })

  test('refuses a push when it is full and stays as it was', () => {
    const batch = new Batch(2)
    expect([batch.push(1, 0, 0), batch.push(2, 0, 0), batch.push(3, 0, 0)]).toEqual([0, 1, -1])
    expect([...batch.slot]).toEqual([1, 2])
    expect(batch.count).toBe(2)
  })

  test('copies a row with all columns to the end of another batch and keeps it', () => {
    const batch = new Batch(2)
    const target = new Batch(5)
    append(batch, [1, 2, 3, 4, 5, 6, 7, 8])
    append(batch, [11, 12, 13, 14, 15, 16, 17, 18])
    target.push(99, 0, 0)
    expect(batch.copyRow(1, target)).toBe(true)
    expect(rowOf(target, 1)).toEqual([11, 12, 13, 14, 15, 16, 17, 18])
    expect([batch.count, target.count]).toEqual([2, 2])
  })

  test('copies nothing into a full batch', () => {
    const batch = new Batch(1)
    const target = new Batch(1)
    batch.push(1, 0, 0)
    target.push(2, 0, 0)
    expect(batch.copyRow(0, target)).toBe(false)
    expect(rowsOf(target)).toEqual([[2, 0, 0, 0, 0, 0, 0, 0]])
  })

  test.each([-1, 1, NaN])('throws for copying row %d of one', (index) => {
    const batch = new Batch(2)
    const target = new Batch(2)
    batch.push(1, 0, 0)
    expect(() => batch.copyRow(index, target)).toThrow(RangeError)
    expect(target.count).toBe(0)
  })

  test('drops rows from the front exactly as Array.slice does', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 9 }), fc.nat(9), (rows, drop) => {
        const packets = Math.min(drop, rows.length)
        const batch = new Batch(9)
        for (const row of rows) append(batch, row)
        batch.dropFront(packets)
        expect(rowsOf(batch)).toEqual(rows.slice(packets))
      }),
    )
  })

  test('knows how long its packets are together, and not what was in rows that are gone', () => {
    const batch = new Batch(3)
    expect(batch.sumOfLengths()).toBe(0)
    for (const bytes of [1000, 200, 30]) batch.push(1, 0, bytes)
    batch.dropFront(1)
    expect(batch.sumOfLengths()).toBe(230)
  })

  test.each([-1, 2, 0.5, NaN])('throws for dropping %d rows of one and stays as it was', (packets) => {
    const batch = new Batch(2)
    batch.push(7, 0, 0)
    expect(() => batch.dropFront(packets)).toThrow(RangeError)
    expect(rowsOf(batch)).toEqual([[7, 0, 0, 0, 0, 0, 0, 0]])
  })

  test.each([0, -1, 1.5, NaN, Infinity])('cannot be made for %d packets', (capacity) => {
    expect(() => new Batch(capacity)).toThrow(RangeError)
  })
})
