import type { Runtime } from '@mp/interface'
import { expect } from 'vitest'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'
import type { Wait } from './wait.ts'

/** A runtime and the time it lives in. */
export interface RuntimeFixture extends Fixture {
  readonly runtime: Runtime
  readonly wait: Wait
}

/** The contract {@link Runtime}. */
export function testRuntime(options: SuiteOptions<RuntimeFixture>): void {
  defineSuite('Runtime', tests, options)
}

/** Longer than a 32-bit count of milliseconds, which some timers of hosts cannot do. */
const FAR_MS = 2 ** 31 + 1000

const tests: Tests<RuntimeFixture> = {
  'a timer runs once, not before its time, and never synchronously': async ({ runtime, wait }) => {
    const atMs = runtime.nowMs() + 5
    const ran: number[] = []
    runtime.setTimer(atMs, () => ran.push(runtime.nowMs()))
    expect(ran).toEqual([])
    await wait.until(() => ran.length > 0)
    await wait.settle()
    expect(ran).toHaveLength(1)
    expect(ran[0]).toBeGreaterThanOrEqual(atMs)
  },

  'a timer for now or the past runs soon, but not synchronously': async ({ runtime, wait }) => {
    const ran: string[] = []
    runtime.setTimer(runtime.nowMs(), () => ran.push('now'))
    runtime.setTimer(runtime.nowMs() - 1000, () => ran.push('past'))
    expect(ran).toEqual([])
    await wait.until(() => ran.length === 2)
  },

  'timers run in the order of their times': async ({ runtime, wait }) => {
    const ran: number[] = []
    const startMs = runtime.nowMs()
    for (const ms of [30, 10, 20]) runtime.setTimer(startMs + ms, () => ran.push(ms))
    await wait.until(() => ran.length === 3)
    expect(ran).toEqual([10, 20, 30])
  },

  'a cancelled timer does not run, and cancelling again or too late does nothing': async ({
    runtime,
    wait,
  }) => {
    const ran: string[] = []
    const cancelled = runtime.setTimer(runtime.nowMs() + 2, () => ran.push('cancelled'))
    const kept = runtime.setTimer(runtime.nowMs() + 4, () => ran.push('kept'))
    cancelled.cancel()
    cancelled.cancel()
    await wait.until(() => ran.length > 0)
    kept.cancel()
    await wait.settle()
    expect(ran).toEqual(['kept'])
  },

  'a timer may set the next one': async ({ runtime, wait }) => {
    let rounds = 0
    const again = (): void => {
      rounds++
      if (rounds < 3) runtime.setTimer(runtime.nowMs() + 1, again)
    }
    again()
    await wait.until(() => rounds === 3)
  },

  'a timer weeks away waits its time': async ({ runtime, wait }) => {
    let early = 0
    const timer = runtime.setTimer(runtime.nowMs() + FAR_MS, () => early++)
    await wait.settle()
    timer.cancel()
    expect(early).toBe(0)
  },

  'the clock never goes back': async ({ runtime, wait }) => {
    const times: number[] = []
    for (let look = 0; look < 1000; look++) times.push(runtime.nowMs())
    await wait.settle()
    times.push(runtime.nowMs())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(times.at(-1)).toBeGreaterThan(times[0] ?? Infinity)
  },

  'random bytes fill the whole array, however long, and differ each time': ({ runtime }) => {
    runtime.randomBytes(new Uint8Array(0))
    const [a, b] = [new Uint8Array(200_001), new Uint8Array(200_001)]
    runtime.randomBytes(a)
    runtime.randomBytes(b)
    expect(a).not.toEqual(b)
    // 64 zeros in a row do not happen by chance.
    for (let at = 0; at + 64 <= a.length; at += 64) {
      if (a.subarray(at, at + 64).every((byte) => byte === 0))
        expect.fail(`bytes ${at}…${at + 63} are not filled`)
    }
    expect(a.subarray(-64).some((byte) => byte !== 0)).toBe(true)
  },
}
