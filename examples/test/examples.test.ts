import { describe, expect, test } from 'vitest'
import { main as probeLatency } from '../src/probe-latency.ts'
import { main as schedulerOnly } from '../src/scheduler-only.ts'
import { main as twoPathsInMemory } from '../src/two-paths-in-memory.ts'

/** All numbers in a text, in order. */
const numbersIn = (text: string): number[] => (text.match(/\d+(\.\d+)?/g) ?? []).map(Number)

describe('examples', () => {
  test('scheduler-only: each line gets its share, whatever comes and goes', () => {
    const [byWeight, cut, changed] = schedulerOnly().split('\n')
    expect(numbersIn(byWeight!)).toEqual([1, 2, 5, 12.5, 25, 62.5])
    expect(numbersIn(cut!)).toEqual([33.3, 66.7, 0])
    expect(numbersIn(changed!)).toEqual([3, 30, 20, 50])
  })

  test('probe-latency: the echo answers, and the delay it adds is found', async () => {
    const lines = (await probeLatency()).split('\n')
    const [rtt, counts] = lines.slice(-2)
    expect(lines[0]).toBe('initializing -> normal (first-reply)')
    expect(numbersIn(rtt!)[0]).toBeGreaterThanOrEqual(14)
    expect(numbersIn(counts!)[0]).toBe(12)
  })

  test('two-paths-in-memory: both lines carry their share, and nothing is lost', async () => {
    const [dsl, lte, arrived] = (await twoPathsInMemory()).split('\n')
    expect(arrived).toBe('4000 of 4000 packets arrived')
    const [dslWeight, dslMb, dslMs] = numbersIn(dsl!)
    const [lteWeight, lteMb, lteMs] = numbersIn(lte!)
    expect([dslWeight, lteWeight]).toEqual([1, 2])
    expect(lteMb! / dslMb!).toBeCloseTo(2, 1)
    expect(dslMb! + lteMb!).toBeGreaterThan(5)
    expect([dslMs! >= 20, lteMs! >= 50]).toEqual([true, true])
  })

  test('two-paths-in-memory: is the same every time', async () => {
    expect(await twoPathsInMemory()).toBe(await twoPathsInMemory())
  })
})
