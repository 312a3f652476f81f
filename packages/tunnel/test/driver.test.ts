import { simRuntime } from '@mp/testkit'
import type { SimRuntime } from '@mp/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Driver } from '../src/driver.ts'
import type { Wakeable } from '../src/driver.ts'

/** Wants to be woken at given times, and notes when it was. */
class Alarm implements Wakeable {
  readonly woken: number[] = []
  readonly times: number[]

  constructor(...times: number[]) {
    this.times = times
  }

  pollTimeout(): number {
    return this.times[0] ?? Infinity
  }

  handleTimeout(nowMs: number): void {
    this.woken.push(nowMs)
    this.times.shift()
  }
}

function drive(...alarms: Alarm[]): { runtime: SimRuntime; driver: Driver } {
  const runtime = simRuntime()
  const driver = new Driver(runtime)
  for (const alarm of alarms) driver.add(alarm)
  return { runtime, driver }
}

describe('driver', () => {
  test('wakes each machine at its own times, with one timer for all', () => {
    const alarms = [new Alarm(10, 40), new Alarm(25), new Alarm()]
    const { runtime } = drive(...alarms)
    expect(runtime.pendingTimers).toBe(1)
    runtime.runUntil(15)
    expect(runtime.pendingTimers).toBe(1)
    runtime.runUntil(100)
    expect(alarms.map(({ woken }) => woken)).toEqual([[10, 40], [25], []])
    expect(runtime.pendingTimers).toBe(0)
  })

  test('notices an earlier wish when told to rearm, and a later one by itself', () => {
    const [sooner, later] = [new Alarm(50), new Alarm(50)]
    const { runtime, driver } = drive(sooner, later)
    sooner.times[0] = 20
    driver.rearm()
    later.times[0] = 80
    driver.rearm()
    runtime.runUntil(100)
    expect([sooner.woken, later.woken]).toEqual([[20], [80]])
  })

  test('is told of one earlier wish without asking for all, and keeps the timer for a later one', () => {
    const alarm = new Alarm(50)
    const { runtime, driver } = drive(alarm)
    driver.wakeBy(70)
    alarm.times[0] = 20
    driver.wakeBy(20)
    runtime.runUntil(100)
    expect(alarm.woken).toEqual([20])
  })

  test('lets a machine that is overdue run at once', () => {
    const alarm = new Alarm()
    const { runtime, driver } = drive(alarm)
    runtime.runUntil(1000)
    alarm.times.push(500)
    driver.rearm()
    runtime.runUntil(1000)
    expect(alarm.woken).toEqual([1000])
  })

  test('wakes a machine no more once it is removed, and nothing once it is closed', () => {
    const [gone, kept] = [new Alarm(10, 20), new Alarm(10, 30)]
    const { runtime, driver } = drive(gone, kept)
    runtime.runUntil(10)
    driver.remove(gone)
    runtime.runUntil(25)
    driver.close()
    driver.rearm()
    runtime.runUntil(100)
    expect([gone.woken, kept.woken]).toEqual([[10], [10]])
    expect(runtime.pendingTimers).toBe(0)
  })

  test('bears machines that add and remove each other while they are woken', () => {
    const added = new Alarm(10, 15)
    const removed = new Alarm(12)
    const changer: Wakeable = {
      pollTimeout: () => (driver === undefined || added.woken.length > 0 ? Infinity : 10),
      handleTimeout: () => {
        driver?.add(added)
        driver?.remove(removed)
      },
    }
    const runtime = simRuntime()
    const driver = new Driver(runtime)
    driver.add(changer)
    driver.add(removed)
    runtime.runUntil(100)
    expect([added.woken, removed.woken]).toEqual([[10, 15], []])
  })

  test('no machine is ever woken early or late, whatever they wish', () => {
    const wishes = fc.array(fc.array(fc.nat(1000), { maxLength: 8 }), { maxLength: 6 })
    fc.assert(
      fc.property(wishes, (lists) => {
        const sorted = lists.map((list) => list.toSorted((a, b) => a - b))
        const alarms = sorted.map((list) => new Alarm(...list))
        drive(...alarms).runtime.runUntil(1000)
        expect(alarms.map(({ woken }) => woken)).toEqual(sorted)
      }),
    )
  })
})
