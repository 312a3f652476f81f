import { Mempool } from '@mp/mempool'
import { describe, expect, test } from 'vitest'
import { SealedPlaces } from '../../src/bonding/sealed-places.ts'

const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 4 }] })

/** What is known of a slot: offset and length. */
function placeOf(places: SealedPlaces, slot: number): [number, number] {
  const batch = pool.createBatch(1)
  places.recall(slot, batch)
  expect(batch.slot[0]).toBe(slot)
  return [batch.offset[0]!, batch.length[0]!]
}

describe('the places of sealed frames', () => {
  test('are those of the rows that were noted, the latest ones', () => {
    const places = new SealedPlaces(pool)
    const batch = pool.createBatch(3)
    for (const slot of [2, 0, 3]) batch.push(slot, 1000 + slot, 50 + slot)
    places.note(batch, 1)
    expect(placeOf(places, 0)).toEqual([1000, 50])
    expect(placeOf(places, 3)).toEqual([1003, 53])
    expect(placeOf(places, 2)[1]).toBe(0)
    batch.count = 0
    batch.push(3, 77, 88)
    places.note(batch, 0)
    expect(placeOf(places, 3)).toEqual([77, 88])
  })

  test('are forgotten for what could not be sealed, so that it is never sent', () => {
    const places = new SealedPlaces(pool)
    const batch = pool.createBatch(2)
    batch.push(1, 10, 20)
    batch.push(2, 30, 40)
    places.note(batch, 0)
    places.forget(batch, 1)
    expect(placeOf(places, 1)).toEqual([10, 20])
    expect(placeOf(places, 2)[1]).toBe(0)
  })
})
