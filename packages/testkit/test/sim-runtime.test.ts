import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Timer } from '@mp/interface'
import { simRuntime } from '@mp/testkit'

test('timers run as a sorted list would have it, whatever is set, cancelled and run in between', () => {
  const operation = fc.oneof(
    { weight: 12, arbitrary: fc.record({ type: fc.constant('set' as const), inMs: fc.nat(90) }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('cancel' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('run' as const), ms: fc.nat(8) }) },
  )
  fc.assert(
    fc.property(fc.array(operation, { minLength: 100, maxLength: 200 }), (operations) => {
      const runtime = simRuntime()
      const ran: string[] = []
      const wanted: string[] = []
      const model: { atMs: number; id: number; timer: Timer }[] = []
      let nextId = 0
      for (const op of [...operations, { type: 'run' as const, ms: 100 }]) {
        if (op.type === 'set') {
          const id = nextId++
          const atMs = runtime.nowMs() + op.inMs
          const timer = runtime.setTimer(atMs, () => ran.push(`${id}@${runtime.nowMs()}`))
          model.push({ atMs, id, timer })
        } else if (op.type === 'cancel') {
          model.splice(op.pick % (model.length || 1), 1)[0]?.timer.cancel()
        } else {
          runtime.runFor(op.ms)
          const due = model.filter(({ atMs }) => atMs <= runtime.nowMs()).toSorted((a, b) => a.atMs - b.atMs)
          for (const entry of due) {
            wanted.push(`${entry.id}@${entry.atMs}`)
            model.splice(model.indexOf(entry), 1)
          }
        }
      }
      expect(ran).toEqual(wanted)
      expect(runtime.pendingTimers).toBe(0)
    }),
  )
})

test('the clock stands where it was run to, and a timer sees its own time', () => {
  const runtime = simRuntime({ startMs: 1000 })
  const seen: number[] = []
  runtime.setTimer(1000.25, () => seen.push(runtime.nowMs()))
  runtime.setTimer(1010, () => seen.push(runtime.nowMs()))
  expect(runtime.pollTimeout()).toBe(1000.25)
  runtime.runFor(5)
  expect(runtime.nowMs()).toBe(1005)
  expect(seen).toEqual([1000.25])
  runtime.runUntil(1010)
  expect(seen).toEqual([1000.25, 1010])
})

test('a timer for the past runs now, and never synchronously', () => {
  const runtime = simRuntime({ startMs: 100 })
  const seen: number[] = []
  runtime.setTimer(3, () => seen.push(runtime.nowMs()))
  expect(seen).toEqual([])
  runtime.runFor(0)
  expect(seen).toEqual([100])
})

test('a cancelled timer does not run, and cancelling twice or too late does nothing', () => {
  const runtime = simRuntime()
  let runs = 0
  const cancelled = runtime.setTimer(1, () => runs++)
  const kept = runtime.setTimer(1, () => runs++)
  cancelled.cancel()
  cancelled.cancel()
  runtime.runUntil(2)
  kept.cancel()
  expect(runs).toBe(1)
  expect(runtime.pendingTimers).toBe(0)
})

test('runUntilIdle stops at the limit and says what is left', () => {
  const runtime = simRuntime()
  const tick = (): void => void runtime.setTimer(runtime.nowMs() + 10, tick)
  tick()
  expect(runtime.runUntilIdle(95)).toBe(false)
  expect(runtime.nowMs()).toBe(90)
  const other = simRuntime()
  other.setTimer(5, () => undefined)
  expect(other.runUntilIdle()).toBe(true)
  expect(other.nowMs()).toBe(5)
})

test('an endless loop of timers ends with an error that says so', () => {
  const runtime = simRuntime({ maxTimers: 1000 })
  const again = (): void => void runtime.setTimer(runtime.nowMs(), again)
  again()
  expect(() => runtime.runFor(1)).toThrow(/1000 timers have run and the clock stands at 0 ms/)
})

test('a timer cannot move the clock, and the clock never goes back', () => {
  const runtime = simRuntime({ startMs: 10 })
  runtime.setTimer(11, () => {
    runtime.setTimer(11, () => undefined)
    runtime.runUntil(20)
  })
  expect(() => runtime.runUntil(30)).toThrow(/runs already/)
  expect(() => runtime.runUntil(5)).toThrow(RangeError)
  expect(() => runtime.setTimer(Number.NaN, () => undefined)).toThrow(RangeError)
})

test('advance lets promises go on between two timers', async () => {
  const runtime = simRuntime()
  const log: string[] = []
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void runtime.setTimer(runtime.nowMs() + ms, resolve))
  const worker = async (): Promise<void> => {
    await sleep(10)
    log.push(`a ${runtime.nowMs()}`)
    await sleep(10)
    log.push(`b ${runtime.nowMs()}`)
  }
  const done = worker()
  runtime.setTimer(15, () => log.push('between'))
  await runtime.advance(30)
  await done
  expect(log).toEqual(['a 10', 'between', 'b 20'])
  expect(runtime.nowMs()).toBe(30)
})

test('settle runs chains of promises and leaves the clock alone', async () => {
  const runtime = simRuntime()
  let depth = 0
  const chain = async (left: number): Promise<void> => {
    await Promise.resolve()
    depth++
    if (left > 1) await chain(left - 1)
  }
  const done = chain(20)
  await runtime.settle()
  expect(depth).toBe(20)
  expect(runtime.nowMs()).toBe(0)
  await done
})

function randomBytes(seed: number): Uint8Array {
  const into = new Uint8Array(103)
  simRuntime({ seed }).randomBytes(into)
  return into
}

test('random bytes come from the seed', () => {
  expect(randomBytes(5)).toEqual(randomBytes(5))
  expect(randomBytes(5)).not.toEqual(randomBytes(6))
  expect(new Set(randomBytes(5)).size).toBeGreaterThan(60)
})
