import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PathMtu } from '@mp/path-mtu'
import { Line } from './line.ts'

function started(takesBytes: number, maxBytes = 1500): Line {
  const line = new Line(takesBytes)
  line.mtu.start(maxBytes, 0)
  return line
}

/** What was found passes, and hardly more would. */
const within8 = (foundBytes: number, takesBytes: number): boolean =>
  foundBytes <= takesBytes && takesBytes - foundBytes < 8

/** A line whose MTU is found. */
function found(takesBytes: number, maxBytes = 1500): Line {
  const line = started(takesBytes, maxBytes)
  line.pass(20_000)
  expect(line.mtu.mtuBytes).toBe(takesBytes)
  line.sent.length = line.events.length = 0
  return line
}

describe('the search', () => {
  test('ends with one probe on a line that takes all', () => {
    const line = started(1500)
    expect(line.mtu.mtuBytes).toBe(1280)
    expect(line.mtu.isKnown).toBe(false)
    line.pass(100)
    expect(line.sent).toEqual([1500])
    expect(line.events).toEqual([{ type: 'found', mtuBytes: 1500, atMs: 20 }])
    expect(line.mtu.isKnown).toBe(true)
  })

  test('tries a size three times before it counts as too large', () => {
    const line = started(1492)
    line.pass(1000)
    expect(line.sent).toEqual([1500, 1500, 1500, 1280, 1452, 1480, 1492])
    expect(line.events).toEqual([{ type: 'found', mtuBytes: 1492, atMs: expect.any(Number) }])
  })

  test.each([1280, 1332, 1380, 1400, 1420, 1452, 1480])(
    'finds %i, as lines have it, to the byte',
    (takesBytes) => {
      const line = started(takesBytes)
      line.pass(4000)
      expect(line.mtu.mtuBytes).toBe(takesBytes)
      expect(line.events.map(({ type }) => type)).toEqual(['found'])
    },
  )

  test('uses what it has found so far', () => {
    const line = started(1440)
    line.pass(700)
    expect(line.mtu.mtuBytes).toBeGreaterThan(1280)
    expect(line.events).toEqual([])
  })

  test('goes below the base where not even that passes', () => {
    const line = started(1000)
    line.pass(10_000)
    expect(within8(line.mtu.mtuBytes, 1000)).toBe(true)
  })

  test('stays at the least there is when nothing passes', () => {
    const line = started(0)
    line.pass(60_000)
    expect(line.mtu.mtuBytes).toBe(576)
    expect(line.events).toHaveLength(1)
  })

  test('ends for every line, close to what it takes', () => {
    const sizes = fc.record({
      takes: fc.integer({ min: 576, max: 9000 }),
      max: fc.integer({ min: 576, max: 9000 }),
    })
    fc.assert(
      fc.property(sizes, ({ takes, max }) => {
        const line = started(takes, max)
        line.pass(12_000)
        expect(within8(line.mtu.mtuBytes, Math.min(takes, max))).toBe(true)
        expect(line.events).toHaveLength(1)
      }),
      { numRuns: 50 },
    )
  })

  test('takes a late answer to an earlier try of the same size', () => {
    const mtu = new PathMtu({ nextNonce: () => 5, timeoutMs: () => 100 })
    mtu.start(1500, 0)
    const { nonce } = mtu.pollTransmit(0)!
    mtu.handleTimeout(100)
    expect(mtu.pollTransmit(100)?.bytes).toBe(1500)
    expect(mtu.handleReply(nonce, 150)).toBe(true)
    expect(mtu.mtuBytes).toBe(1500)
  })

  test('takes no answer that it does not wait for', () => {
    const line = started(1400)
    expect(line.mtu.handleReply(99, 0)).toBe(false)
    expect(line.mtu.mtuBytes).toBe(1280)
  })

  test('does not wait where the system refuses to send', () => {
    const mtu = new PathMtu({ nextNonce: () => 5, timeoutMs: () => 1000 })
    mtu.start(1500, 0)
    for (let tries = 0; tries < 3; tries++) {
      expect(mtu.pollTransmit(tries)?.bytes).toBe(1500)
      mtu.handleRefusal(tries)
      mtu.handleTimeout(tries)
    }
    expect(mtu.pollTransmit(3)?.bytes).toBe(1280)
  })
})

describe('a size that was found', () => {
  test('is not asked for while nothing is sent', () => {
    const line = found(1400)
    line.pass(60_000)
    expect(line.sent).toEqual([])
  })

  test('and is the largest of all has nothing to wait for', () => {
    expect(found(1500).mtu.pollTimeout()).toBe(Infinity)
    expect(found(1400).mtu.pollTimeout()).toBeLessThan(Infinity)
  })

  test('is asked for every 5 s while packets are sent', () => {
    const line = found(1400)
    for (let round = 0; round < 20; round++) {
      line.mtu.handleActivity(line.nowMs)
      line.pass(1000)
    }
    expect(line.sent).toHaveLength(3)
    expect(line.events).toEqual([])
  })

  test('that passes no more is left for what does', () => {
    const line = found(1500)
    line.takesBytes = 1400
    line.mtu.handleActivity(line.nowMs)
    line.pass(5000 + 5 * 100 + 10)
    expect(line.events).toEqual([{ type: 'black-hole', mtuBytes: 1280, atMs: expect.any(Number) }])
    line.pass(5000)
    expect(line.mtu.mtuBytes).toBe(1400)
  })

  test('is asked for at once when in doubt, but not more than once a second', () => {
    const line = found(1500)
    line.takesBytes = 1300
    line.mtu.handleDoubt(line.nowMs)
    line.pass(600)
    expect(line.events.map(({ type }) => type)).toEqual(['black-hole'])
    const calm = found(1500)
    for (let tick = 0; tick < 3000; tick++) {
      calm.mtu.handleDoubt(calm.nowMs)
      calm.pass(1)
    }
    expect(calm.sent).toHaveLength(3)
  })

  test('stays while the path as a whole is away', () => {
    const line = found(1400)
    line.takesBytes = 0
    line.mtu.handleDoubt(line.nowMs)
    line.pass(200)
    line.mtu.pause()
    line.pass(10_000)
    expect(line.mtu.mtuBytes).toBe(1400)
    line.takesBytes = 1400
    line.sent.length = 0
    line.mtu.resume(line.nowMs)
    line.pass(1000)
    expect(line.sent).toEqual([1400])
    expect(line.events).toEqual([])
  })

  test('is raised after ten minutes, when more passes by then', () => {
    const line = found(1400)
    line.takesBytes = 1472
    line.pass(600_000)
    expect(line.mtu.mtuBytes).toBe(1472)
  })

  test('of a line that loses every fifth probe is rarely doubted', () => {
    let blackHoles = 0
    for (let seed = 1; seed <= 20; seed++) {
      const line = found(1500)
      let state = seed
      line.loses = () => (state = (state * 48_271) % 2_147_483_647) % 5 === 0
      for (let round = 0; round < 60; round++) {
        line.mtu.handleActivity(line.nowMs)
        line.pass(1000)
      }
      blackHoles += line.events.filter(({ type }) => type === 'black-hole').length
    }
    expect(blackHoles).toBeLessThanOrEqual(1)
  })
})

test('refuses a base below the least MTU there is', () => {
  expect(() => new PathMtu({ nextNonce: () => 1, timeoutMs: () => 1, baseBytes: 500 })).toThrow(RangeError)
})
