import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TimerWheel } from '../src/timer-wheel.ts'

const IDS = 12

const op = fc.oneof(
  fc.record({
    do: fc.constant('set' as const),
    id: fc.nat(IDS - 1),
    inMs: fc.integer({ min: -500, max: 400_000 }).map((tenths) => tenths / 10),
  }),
  fc.record({ do: fc.constant('cancel' as const), id: fc.nat(IDS - 1) }),
  fc.record({
    do: fc.constant('turn' as const),
    byMs: fc.oneof(
      fc.nat(2000).map((tenths) => tenths / 10),
      fc.nat(30_000),
    ),
  }),
)

function takeAll(wheel: TimerWheel): number[] {
  const ids: number[] = []
  for (let id = wheel.takeDue(); id >= 0; id = wheel.takeDue()) ids.push(id)
  return ids
}

const byNumber = (a: number, b: number): number => a - b

/** Deadlines in a plain map, by the same rules: up to the next tick, and at the earliest with the next one. */
class PlainTimers {
  readonly #deadlines = new Map<number, number>()

  set(id: number, atMs: number, nowMs: number): void {
    this.#deadlines.set(id, 10 * Math.max(Math.floor(nowMs / 10) + 1, Math.ceil(atMs / 10)))
  }

  cancel(id: number): void {
    this.#deadlines.delete(id)
  }

  takeDue(nowMs: number): number[] {
    const ids = [...this.#deadlines].filter(([, atMs]) => atMs <= nowMs).map(([id]) => id)
    for (const id of ids) this.#deadlines.delete(id)
    return ids.toSorted(byNumber)
  }

  get firstMs(): number {
    return Math.min(...this.#deadlines.values())
  }
}

describe('timer wheel', () => {
  test('fires what a plain list of deadlines fires: never early, within a tick, once', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 200 }), fc.constantFrom(0, 5, 1e9 + 3.3), (ops, startMs) => {
        const wheel = new TimerWheel()
        const plain = new PlainTimers()
        let nowMs = startMs
        wheel.turn(nowMs)
        for (const step of ops) {
          if (step.do === 'cancel') {
            wheel.cancel(step.id)
            plain.cancel(step.id)
          } else if (step.do === 'set') {
            wheel.set(step.id, nowMs + step.inMs)
            plain.set(step.id, nowMs + step.inMs, nowMs)
          } else {
            nowMs += step.byMs
            wheel.turn(nowMs)
          }
          expect(takeAll(wheel).toSorted(byNumber)).toEqual(plain.takeDue(nowMs))
          // It may ask to be turned in vain, once per turn, but not at once.
          const firstMs = plain.firstMs
          expect(wheel.pollTimeout()).toBeLessThanOrEqual(firstMs)
          expect(wheel.pollTimeout()).toBeGreaterThan(nowMs)
          expect(wheel.pollTimeout() === Infinity).toBe(firstMs === Infinity)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('says when the first timer is due, to the tick', () => {
    const wheel = new TimerWheel()
    wheel.turn(1000)
    wheel.set(3, 1234.5)
    wheel.set(900, 1500)
    expect(wheel.pollTimeout()).toBe(1240)
    wheel.set(3, 9000)
    expect(wheel.pollTimeout()).toBe(1500)
    wheel.set(900, Infinity)
    expect(wheel.pollTimeout()).toBe(9000)
  })

  test('a timer that is due can still be cancelled before it is taken', () => {
    const wheel = new TimerWheel()
    wheel.turn(0)
    for (const id of [0, 1, 2]) wheel.set(id, 100)
    wheel.turn(100)
    expect(wheel.takeDue()).toBe(0)
    wheel.cancel(1)
    expect(takeAll(wheel)).toEqual([2])
  })

  test('timers waiting to be taken are due at once', () => {
    const wheel = new TimerWheel()
    wheel.turn(0)
    wheel.set(0, 100)
    wheel.turn(130)
    expect(wheel.pollTimeout()).toBe(130)
  })
})
