import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FlowOrder } from '../../src/bonding/flow-order.ts'

const REACH = 65_535

describe('the order of flows', () => {
  test('tells how far back the packet before in the same flow is, or 0 beyond its reach', () => {
    const steps = fc.array(
      fc.record({
        flow: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        ahead: fc.integer({ min: 1, max: 40_000 }),
      }),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(steps, fc.nat(2 ** 40), (packets, first) => {
        const order = new FlowOrder()
        const last = new Map<number, number>()
        let sequence = first
        for (const { flow, ahead } of packets) {
          sequence += ahead
          const bucket = flow & 1023
          const distance = sequence - (last.get(bucket) ?? -Infinity)
          expect(order.distance(flow, sequence)).toBe(distance <= REACH ? distance : 0)
          last.set(bucket, sequence)
        }
      }),
    )
  })

  test('reaches back as far as travels, and not one further', () => {
    const order = new FlowOrder()
    order.distance(7, 0)
    expect(order.distance(7, REACH)).toBe(REACH)
    expect(order.distance(7, 2 * REACH + 1)).toBe(0)
    expect(order.distance(7, 2 * REACH + 2)).toBe(1)
  })

  test('lets flows alone that differ in their low ten bits, and ties those that do not', () => {
    const order = new FlowOrder()
    order.distance(1, 0)
    expect(order.distance(2, 1)).toBe(0)
    expect(order.distance(1025, 2)).toBe(2)
  })

  test('knows of no packet before once it began anew', () => {
    const order = new FlowOrder()
    order.distance(1, 100)
    order.reset()
    expect(order.distance(1, 0)).toBe(0)
    expect(order.distance(1, 1)).toBe(1)
  })
})
