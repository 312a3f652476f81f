import { systemRuntime } from '@mp/runtime-node'
import { realWait, testRuntime } from '@mp/testkit/conformance'
import { afterEach, describe, expect, it, vi } from 'vitest'

testRuntime({
  name: 'system',
  create: () => ({ runtime: systemRuntime(), wait: realWait({ settleMs: 20 }) }),
})

describe('systemRuntime', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('has one clock for all of the process, in milliseconds with fractions', () => {
    const [a, b] = [systemRuntime(), systemRuntime()]
    expect(Math.abs(a.nowMs() - performance.now())).toBeLessThan(50)
    expect(Math.abs(a.nowMs() - b.nowMs())).toBeLessThan(50)
    const times = Array.from({ length: 100 }, () => a.nowMs())
    expect(times.some((ms) => ms !== Math.floor(ms))).toBe(true)
  })

  it('sleeps weeks in legs, and wakes on time', () => {
    vi.useFakeTimers()
    const runtime = systemRuntime()
    const dayMs = 86_400_000
    const woken: number[] = []
    const atMs = runtime.nowMs() + 60 * dayMs
    runtime.setTimer(atMs, () => woken.push(runtime.nowMs()))
    vi.advanceTimersByTime(59 * dayMs)
    expect(woken).toEqual([])
    vi.advanceTimersByTime(2 * dayMs)
    expect(woken).toHaveLength(1)
    expect(woken[0]! - atMs).toBeGreaterThanOrEqual(0)
    expect(woken[0]! - atMs).toBeLessThan(2)
  })

  it('can be cancelled in any leg', () => {
    vi.useFakeTimers()
    const runtime = systemRuntime()
    let woken = 0
    const timer = runtime.setTimer(runtime.nowMs() + 40 * 86_400_000, () => woken++)
    vi.advanceTimersByTime(30 * 86_400_000)
    timer.cancel()
    vi.advanceTimersByTime(30 * 86_400_000)
    expect([woken, vi.getTimerCount()]).toEqual([0, 0])
  })
})
