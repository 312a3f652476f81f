import { Mempool } from '@mp/mempool'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RowQueue } from '../../src/bonding/row-queue.ts'

const MAX_ROWS = 128
const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 1 }] })

/** Two columns of a row tell the six others, so that a model need not know what is in them. */
const rowOf = (slot: number, lengthBytes: number): number[] =>
  Array.from({ length: 8 }, (_, column) => (column === 2 ? lengthBytes : slot * 8 + column))

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ pushes: fc.nat(90), bytes: fc.nat(1500) }) },
  { weight: 2, arbitrary: fc.record({ shifts: fc.nat(90), room: fc.integer({ min: 1, max: 40 }) }) },
)

describe('a queue of rows', () => {
  test('gives what an array gives, with all columns, up to its bound', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new RowQueue(MAX_ROWS)
        const model: number[][] = []
        let nextSlot = 1
        const push = (bytes: number): void => {
          // A row somewhere in the middle of a batch.
          const batch = pool.createBatch(5)
          const row = rowOf(nextSlot++, bytes)
          row.forEach((value, column) => (batch.table[column * 5 + 3] = value))
          expect(queue.push(batch, 3)).toBe(model.length < MAX_ROWS)
          if (model.length < MAX_ROWS) model.push(row)
        }
        const shift = (room: number): void => {
          const batch = pool.createBatch(room)
          batch.count = room - 1
          const expected = model.shift()
          expect(queue.shift(batch)).toBe(expected === undefined ? -1 : room - 1)
          if (expected === undefined) return
          expect(expected.map((_, column) => batch.table[column * room + room - 1])).toEqual(expected)
          // There is no room for another.
          expect(queue.shift(batch)).toBe(-1)
        }
        for (const each of steps) {
          if ('pushes' in each) for (let count = 0; count < each.pushes; count++) push(each.bytes + count)
          else for (let count = 0; count < each.shifts; count++) shift(each.room)
          expect(queue.count).toBe(model.length)
          expect(queue.bytes).toBe(model.reduce((sum, row) => sum + row[2]!, 0))
          if (model.length === 0) continue
          expect(queue.headLength).toBe(model[0]![2])
        }
      }),
    )
  })

  test('merges others by their numbers, also where these wrap', () => {
    const numbers = fc
      .uniqueArray(fc.nat(60), { maxLength: 40 })
      .map((list) => list.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(
        numbers,
        numbers,
        fc.constantFrom(0, 2 ** 24 - 30),
        fc.nat(50),
        (ours, others, from, turned) => {
          const queue = new RowQueue(128)
          const one = pool.createBatch(1)
          const push = (number: number): void => {
            one.count = 0
            one.push(0, 0, 10)
            one.sequence[0] = (from + number) % 2 ** 24
            queue.push(one, 0)
          }
          const shift = (): number => {
            one.count = 0
            queue.shift(one)
            return one.sequence[0]!
          }
          // The ring begins anywhere.
          for (let count = 0; count < turned; count++) {
            push(0)
            shift()
          }
          for (const number of ours) push(number)
          queue.beginMerge()
          for (const number of others) {
            queue.makeWay((from + number) % 2 ** 24)
            push(number)
          }
          queue.endMerge()
          const expected = [...ours, ...others]
            .toSorted((a, b) => a - b)
            .map((each) => (from + each) % 2 ** 24)
          expect(queue.bytes).toBe(10 * expected.length)
          expect(expected.map(() => shift())).toEqual(expected)
          expect(queue.count).toBe(0)
        },
      ),
    )
  })

  test('takes its bound and not one more, also after it went round', () => {
    const queue = new RowQueue(64)
    const batch = pool.createBatch(1)
    batch.push(0, 0, 10)
    for (let count = 0; count < 40; count++) queue.push(batch, 0)
    for (let count = 0; count < 40; count++) {
      batch.count = 0
      queue.shift(batch)
    }
    let taken = 0
    while (queue.push(batch, 0)) taken++
    expect(taken).toBe(64)
    expect(queue.bytes).toBe(640)
  })
})
