import { simRuntime } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { Driver } from '../src/driver.ts'
import { HelloSchedule } from '../src/hello.ts'

/** A schedule on its own driver; `greeted` holds when, and as the how manieth. */
function schedule(): {
  hello: HelloSchedule
  greeted: [atMs: number, attempt: number][]
  runFor: (ms: number) => void
} {
  const runtime = simRuntime()
  const driver = new Driver(runtime)
  const greeted: [number, number][] = []
  const hello = new HelloSchedule(
    (attempt) => greeted.push([runtime.nowMs(), attempt]),
    () => 0.5,
  )
  driver.add(hello)
  return {
    hello,
    greeted,
    runFor: (ms) => {
      driver.rearm()
      runtime.runFor(ms)
    },
  }
}

describe('hello schedule', () => {
  test('greets at once, after 250 ms, and ever more rarely up to every 2 s', () => {
    const { hello, greeted, runFor } = schedule()
    hello.start(0)
    expect(greeted).toEqual([])
    runFor(12_000)
    const times = greeted.map(([atMs]) => atMs)
    const gaps = times.slice(1).map((atMs, index) => atMs - times[index]!)
    expect(times[0]).toBe(0)
    expect(gaps.slice(0, 6)).toEqual([250, 375, 562.5, 843.75, 1265.625, 1898.4375])
    expect(gaps.slice(6)).toEqual([2000, 2000, 2000])
    expect(greeted.map(([, attempt]) => attempt)).toEqual(times.map((_, index) => index + 1))
  })

  test('is silent before the start and after the stop', () => {
    const { hello, greeted, runFor } = schedule()
    runFor(5000)
    expect(hello.running).toBe(false)
    hello.start(5000)
    expect(hello.running).toBe(true)
    runFor(300)
    hello.stop()
    runFor(60_000)
    expect(greeted).toHaveLength(2)
    expect([hello.running, hello.pollTimeout()]).toEqual([false, Infinity])
  })

  test('goes on undisturbed when started while it runs, and counts anew when started after a stop', () => {
    const { hello, greeted, runFor } = schedule()
    hello.start(0)
    runFor(1000)
    const before = hello.pollTimeout()
    hello.start(1000)
    expect(hello.pollTimeout()).toBe(before)
    hello.stop()
    hello.start(1000)
    runFor(250)
    expect(greeted.slice(-2)).toEqual([
      [1000, 1],
      [1250, 2],
    ])
  })

  test('does nothing when woken too early', () => {
    const { hello, greeted } = schedule()
    hello.start(100)
    hello.handleTimeout(99.9)
    expect(greeted).toEqual([])
  })
})
