import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FlapDamping } from '../src/flap-damping.ts'
import { Health, lostMisses } from '../src/health.ts'
import { ALLOWED } from './allowed.ts'

/** A health with a clock of its own that notes each change as `from reason to`. */
function observed(): { health: Health; seen: string[]; replies: (count: number, fromMs: number) => number } {
  const seen: string[] = []
  const health = new Health(100, (from, to, reason) => seen.push(`${from} ${reason} ${to}`))
  health.start(0)
  /** Replies in time, one per 100 ms. */
  const replies = (count: number, fromMs: number): number => {
    for (let i = 0; i < count; i++) health.handleReply(true, true, fromMs + i * 100)
    return fromMs + count * 100
  }
  return { health, seen, replies }
}

const signals = fc.array(
  fc.record({
    gapMs: fc.nat(2000),
    what: fc.constantFrom(
      'reply',
      'reply',
      'reply',
      'late',
      'miss',
      'miss',
      'loss',
      'unreachable',
      'silence',
      'slow',
      'forgive',
    ),
  }),
  { minLength: 1, maxLength: 150, size: 'max' },
)

describe('transitions', () => {
  test('only the listed ones happen, and each of them does', () => {
    const all = new Set<string>()
    fc.assert(
      fc.property(signals, (list) => {
        const { health, seen } = observed()
        let nowMs = 0
        for (const { gapMs, what } of list) {
          nowMs += gapMs
          if (what === 'reply' || what === 'slow') health.quality.recordDelay(what === 'slow', nowMs)
          if (what === 'reply' || what === 'slow') health.handleReply(true, true, nowMs)
          else if (what === 'late') health.handleReply(false, true, nowMs)
          else if (what === 'miss') health.handleMiss(nowMs)
          else if (what === 'loss') health.handleLoss(true)
          else if (what === 'unreachable') health.handleUnreachable(nowMs)
          else if (what === 'silence') health.handleSilence(nowMs)
          else health.forgive()
        }
        for (const change of seen) all.add(change)
        for (const change of seen) expect(ALLOWED).toContain(change)
      }),
      { numRuns: 500, seed: 1 },
    )
    expect([...all].toSorted()).toEqual([...ALLOWED].toSorted())
  })

  test('one miss is nothing, two in a row make a path unstable, three of a clean path make it lost', () => {
    const { health, replies } = observed()
    const nowMs = replies(5, 0)
    health.handleMiss(nowMs)
    expect(health.state).toBe('normal')
    health.handleMiss(nowMs)
    expect(health.state).toBe('unstable')
    health.handleMiss(nowMs)
    expect(health.state).toBe('lost')
  })

  test('a reply between them starts the count anew', () => {
    const { health, replies } = observed()
    const nowMs = replies(5, 0)
    for (let i = 0; i < 20; i++) {
      health.handleMiss(nowMs)
      replies(20, nowMs)
    }
    expect(health.state).toBe('normal')
  })

  test('a lossy path needs more misses to be lost', () => {
    const { health, replies } = observed()
    let nowMs = 0
    for (let i = 0; i < 20; i++) {
      nowMs = replies(15, nowMs)
      health.handleLoss(true)
    }
    replies(1, nowMs)
    expect(health.quality.lossRatio).toBeGreaterThan(0.05)
    expect(health.lostMisses).toBe(lostMisses(health.quality.lossRatio, 100))
    expect(health.lostMisses).toBeGreaterThan(4)
  })

  test('the misses of an outage are no loss', () => {
    const { health, replies } = observed()
    const nowMs = replies(5, 0)
    for (let i = 0; i < 10; i++) health.handleMiss(nowMs)
    replies(1, nowMs)
    expect(health.state).toBe('unstable')
    expect(health.quality.lossRatio).toBe(0)
  })

  test('more than 10 % loss makes a path unstable; it is on trial until the loss is below 3 %', () => {
    const { health, seen, replies } = observed()
    let nowMs = replies(1, 0)
    while (health.state === 'normal') {
      health.handleLoss(true)
      nowMs = replies(4, nowMs)
    }
    expect(seen.at(-1)).toBe('normal loss unstable')
    expect(health.quality.lossRatio).toBeGreaterThan(0.08)
    while (health.state === 'unstable') nowMs = replies(1, nowMs)
    expect(health.quality.lossRatio).toBeLessThan(0.03)
    expect(health.quality.lossRatio).toBeGreaterThan(0.025)
  })

  test('three replies in a row bring an unstable path back, however long the trial has lasted', () => {
    const { health, replies } = observed()
    const nowMs = replies(5, 0)
    for (let i = 0; i < 3; i++) health.handleMiss(nowMs)
    replies(1, nowMs)
    replies(1, nowMs + 60_000)
    expect(health.state).toBe('unstable')
    replies(1, nowMs + 60_000)
    expect(health.state).toBe('normal')
  })

  test('late replies keep a path alive and on trial', () => {
    const { health, replies } = observed()
    const nowMs = replies(5, 0)
    for (let i = 0; i < 3; i++) health.handleMiss(nowMs)
    for (let i = 0; i < 20; i++) health.handleReply(false, true, nowMs + i * 1000)
    expect(health.state).toBe('unstable')
  })

  test('a standing queue makes a path unstable after 1 s, and it must be gone for 2 s', () => {
    const { health, seen, replies } = observed()
    replies(1, 0)
    health.quality.recordDelay(true, 100)
    replies(1, 1099)
    expect(health.state).toBe('normal')
    replies(1, 1100)
    expect(seen.at(-1)).toBe('normal delay unstable')
    health.quality.recordDelay(true, 5000)
    health.quality.recordDelay(false, 5100)
    replies(20, 5000)
    expect(health.state).toBe('unstable')
    replies(1, 7000)
    expect(health.state).toBe('normal')
  })
})

test('lostMisses is the least k from 3 to 8 by the closed formula', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 0.999, noNaN: true }),
      fc.integer({ min: 10, max: 5000 }),
      (loss, intervalMs) => {
        const exact = Math.log(intervalMs / 86_400_000) / Math.log(loss)
        fc.pre(Math.abs(exact - Math.round(exact)) > 1e-9)
        expect(lostMisses(loss, intervalMs)).toBe(Math.min(8, Math.max(3, Math.ceil(exact))))
      },
    ),
  )
  expect(lostMisses(0, 100)).toBe(3)
  expect(lostMisses(0.05, 100)).toBe(5)
  expect(lostMisses(1, 100)).toBe(8)
})

describe('flap damping', () => {
  test('the time on trial doubles with each fall, up to 32 s', () => {
    const damping = new FlapDamping()
    const dwells = Array.from({ length: 8 }, () => {
      damping.penalize(0)
      return damping.dwellMs(0)
    })
    expect(dwells).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000])
  })

  test('the penalty halves every minute', () => {
    const damping = new FlapDamping()
    for (let i = 0; i < 4; i++) damping.penalize(0)
    expect(damping.dwellMs(60_000)).toBe(2000)
    expect(damping.dwellMs(120_000)).toBe(1000)
    damping.penalize(120_000)
    expect(damping.dwellMs(120_000)).toBe(2000)
  })

  test('the only path waits half a second, whatever it did', () => {
    const damping = new FlapDamping()
    for (let i = 0; i < 4; i++) damping.penalize(0)
    damping.isOff = true
    expect(damping.dwellMs(0)).toBe(500)
  })
})
