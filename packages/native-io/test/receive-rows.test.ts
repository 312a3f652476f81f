import { Mempool } from '@mp/mempool'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReceiveRows } from '../src/receive-rows.ts'

const CAPACITY = 8
const RESERVE_BYTES = 10

/** Rows that are ready must hold different slots, each with the offset and room of a fresh one. */
function checkRows(rows: ReceiveRows, pool: Mempool, ready: number, lent: readonly number[]): void {
  const { slot, offset, length } = rows.batch
  const slots = [...slot.subarray(0, ready)]
  expect(new Set([...slots, ...lent]).size).toBe(ready + lent.length)
  expect(pool.inUse).toBe(ready + lent.length)
  expect([...offset.subarray(0, ready)]).toEqual(slots.map((each) => pool.offsetOf(each)))
  const room = slots.map((each) => pool.endOf(each) - pool.offsetOf(each) - RESERVE_BYTES)
  expect([...length.subarray(0, ready)]).toEqual(room)
}

describe('rows to receive into', () => {
  it('are few for a device with little to do, twice as many each time they were too few, and few again some time later', () => {
    const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 20 }] })
    const rows = new ReceiveRows(pool, CAPACITY, RESERVE_BYTES, 2)
    expect(rows.refill()).toBe(2)
    for (const ready of [4, CAPACITY, CAPACITY]) {
      rows.grow()
      expect(rows.refill()).toBe(ready)
    }
    const batch = rows.handOut(3)
    const lent = [...batch.slot.subarray(0, 3)]
    rows.settle(3)
    checkRows(rows, pool, rows.refill(), lent)
    for (let wakeUp = 0; wakeUp < 20; wakeUp++) rows.settle(0)
    expect(pool.inUse).toBe(2 + lent.length)
    checkRows(rows, pool, rows.refill(), lent)
    expect(rows.refill()).toBe(2)
    rows.release()
    for (const slot of lent) pool.release(slot)
    expect(pool.inUse).toBe(0)
  })

  it('are full whenever the pool allows it, and lose no slot, whatever is handed out and given back', () => {
    const operation = fc.record({ received: fc.nat(CAPACITY), returned: fc.nat(20) })
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 30 }),
        fc.integer({ min: 1, max: 20 }),
        (operations, slots) => {
          const pool = new Mempool({ classes: [{ packetBytes: 100, slots }] })
          const rows = new ReceiveRows(pool, CAPACITY, RESERVE_BYTES)
          // Slots that a handler has and has not given back yet.
          const lent: number[] = []
          for (const { received, returned } of operations) {
            const ready = rows.refill()
            expect(ready).toBe(Math.min(CAPACITY, slots - lent.length))
            checkRows(rows, pool, ready, lent)
            const packets = Math.min(received, ready)
            const batch = rows.handOut(packets)
            lent.push(...batch.slot.subarray(0, packets))
            // A packet makes of its row what it likes.
            batch.length.fill(1, 0, packets)
            batch.count = 0
            for (const slot of lent.splice(0, returned)) pool.release(slot)
          }
          rows.release()
          expect(pool.inUse).toBe(lent.length)
        },
      ),
    )
  })
})
