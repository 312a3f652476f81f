import { Prober, PROBER_STATE_VALUES, Rfc6298 } from '@mp/prober'
import type { ProberEvent, ProberOptions } from '@mp/prober'
import { describe, expect, test } from 'vitest'
import { Bench, changes } from './bench.ts'

describe('replies', () => {
  test('a reply in time is a sample, a second one a duplicate, a foreign one unknown', () => {
    const bench = new Bench()
    bench.nowMs = 20
    expect(bench.reply(1)).toBe('sample')
    expect(bench.reply(1)).toBe('duplicate')
    expect(bench.reply(99)).toBe('unknown')
    expect(bench.reply(-1)).toBe('unknown')
    expect(bench.reply(NaN)).toBe('unknown')
    expect(bench.prober.stats()).toMatchObject({
      sent: 1,
      received: 1,
      duplicate: 1,
      unknown: 3,
      rttMs: 20,
      inFlight: 0,
    })
  })

  test('a late reply is a loss, a sample and a proof of life', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    const { nonce, atMs } = bench.sent.at(-1)!
    bench.runTo(atMs + 70)
    expect(bench.prober.stats().lost).toBe(1)
    expect(bench.reply(nonce)).toBe('late')
    expect(bench.prober.stats()).toMatchObject({ lost: 1, late: 1, rttMs: 70, inFlight: 0 })
    expect(bench.reply(nonce)).toBe('duplicate')
  })

  test('a reply that beats a late timer but not its deadline is late', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    const { nonce, atMs } = bench.sent.at(-1)!
    bench.nowMs = atMs + 50
    expect(bench.reply(nonce)).toBe('late')
    const { sent, received, lost, inFlight } = bench.prober.stats()
    expect({ lost, inFlight }).toEqual({ lost: 1, inFlight: 0 })
    expect(sent).toBe(received + lost)
  })

  test('late replies bring a lost path back and teach the new RTT', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(25_000, 1500)
    expect(bench.events.map((event) => event.to)).toContain('lost')
    expect(bench.prober.stats()).toMatchObject({ state: 'normal', rttMs: 1500 })
    expect(bench.prober.stats().rtoMs).toBeGreaterThan(1500)
  })

  test('each probe is judged by the deadline it was sent with', () => {
    const bench = new Bench()
    expect(bench.prober.stats().rtoMs).toBe(1000)
    bench.runTo(250)
    const slow = bench.sent[0]!.nonce
    bench.reply(bench.sent.at(-1)!.nonce)
    expect(bench.prober.stats().rtoMs).toBeLessThan(250)
    bench.nowMs = 900
    expect(bench.reply(slow)).toBe('sample')
  })

  test('a loss is no sign of death when a younger probe was answered', () => {
    const bench = new Bench({ minRtoMs: 500 })
    bench.runTo(3000, 20)
    const answered = bench.sent.length
    while (bench.sent.length < answered + 3) bench.runTo(bench.prober.pollTimeout())
    const youngest = bench.sent.at(-1)!
    bench.runTo(youngest.atMs + 20)
    bench.reply(youngest.nonce)
    bench.runTo(youngest.atMs + 480)
    expect(bench.prober.stats().lost).toBe(2)
    expect(bench.prober.state).toBe('normal')
  })

  test('what is measured shows in the stats', () => {
    const bench = new Bench({ estimator: new Rfc6298() })
    bench.runTo(3000, 40)
    bench.runTo(3500, 48)
    const stats = bench.prober.stats()
    expect(stats).toMatchObject({ rttMs: 48, minRttMs: 40, state: 'normal', lossRatio: 0 })
    expect(stats.smoothedRttMs).toBeGreaterThan(40)
    expect(stats.predictedMs).toBe(stats.smoothedRttMs)
    expect(stats.sinceMs).toBe(40)
  })
})

describe('schedule', () => {
  test('an active path is probed every 100 ms, give or take a quarter', () => {
    const bench = new Bench()
    bench.runTo(60_000, 20, () => bench.prober.handleActivity(bench.nowMs))
    const gaps = bench.gaps(0, 60_000)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(75)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(125)
    expect(60_000 / gaps.length).toBeCloseTo(100, -1)
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(30)
  })

  test('an idle one every second after 5 s, every 15 s after a minute, and at once again with traffic', () => {
    const bench = new Bench()
    bench.runTo(200_000, 20)
    for (const gap of bench.gaps(5200, 59_000)) expect(gap).toSatisfy((ms: number) => ms >= 750 && ms <= 1250)
    for (const gap of bench.gaps(62_000, 200_000))
      expect(gap).toSatisfy((ms: number) => ms >= 11_250 && ms <= 18_750)
    bench.prober.handleActivity(200_000)
    bench.drain()
    bench.runTo(204_000, 20)
    expect(bench.sentBetween(200_000, 204_000).length).toBeGreaterThan(30)
    expect(bench.sentBetween(200_000, 200_100).length).toBeGreaterThan(0)
  })

  test('a suspicious path is asked three times at 20 ms, and misses of these do not make it lost', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(5500)
    const unstable = bench.events.find((event) => event.to === 'unstable')!
    const lost = bench.events.find((event) => event.to === 'lost')!
    const burst = bench.sentBetween(unstable.atMs, lost.atMs)
    expect(burst.slice(0, 3).map((atMs) => atMs - unstable.atMs)).toEqual([0, 20, 40])
    expect(lost.atMs - burst[3]!).toBe(50)
  })

  test('a sleeping path that misses a probe is asked again at the active interval: dead in under 20 s', () => {
    const bench = new Bench()
    bench.runTo(100_000, 20)
    bench.runTo(120_000)
    expect(changes(bench).slice(-2)).toEqual(['normal timeouts unstable', 'unstable timeouts lost'])
    const [unstable, lost] = bench.events.slice(-2)
    expect(unstable!.atMs - 100_000).toBeLessThan(18_750 + 300)
    expect(lost!.atMs - unstable!.atMs).toBeLessThan(500)
  })

  test('a lost path is probed after 0.5 s, then ever less often, down to 10 s', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(100_000)
    const lostMs = bench.events.at(-1)!.atMs
    expect(bench.sentBetween(lostMs, lostMs + 500)).toEqual([lostMs + 500])
    const gaps = bench.gaps(lostMs + 1, 100_000)
    let wantedMs = 750
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(wantedMs * 0.75)
      expect(gap).toBeLessThanOrEqual(wantedMs * 1.25)
      wantedMs = Math.min(10_000, wantedMs * 1.5)
    }
    expect(wantedMs).toBe(10_000)
  })

  test('a lost path that would be of use is probed every second at least', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(60_000)
    bench.prober.handleActivity(bench.nowMs)
    const fromMs = bench.nowMs
    bench.runTo(70_000, Infinity, () => bench.prober.handleActivity(bench.nowMs))
    expect(bench.sent.find(({ atMs }) => atMs > fromMs)!.atMs).toBeLessThanOrEqual(fromMs + 1000)
    expect(Math.max(...bench.gaps(fromMs, 70_000))).toBeLessThanOrEqual(1250)
  })

  test('a path with no reply for 10 s from the start is lost', () => {
    const bench = new Bench()
    bench.runTo(9999)
    expect(bench.prober.state).toBe('initializing')
    bench.runTo(10_000)
    expect(changes(bench)).toEqual(['initializing no-reply lost'])
  })
})

/** How long the path stays on trial after its third outage, ms. */
const trialMs = (sole: boolean): number => {
  const bench = new Bench()
  bench.prober.setSolePath(sole)
  bench.runTo(5000, 20)
  for (let cut = 0; cut < 3; cut++) {
    bench.runTo(bench.nowMs + 2000)
    bench.runTo(bench.nowMs + 20_000, 20)
  }
  const [back, normal] = bench.events.slice(-2)
  expect(normal!.to).toBe('normal')
  return normal!.atMs - back!.atMs
}

/** State changes while a queue of 200 ms builds up in three seconds. */
const changesByQueue = (options: Partial<ProberOptions>): string[] => {
  const bench = new Bench(options)
  bench.runTo(5000, 20)
  for (let ms = 5000; ms <= 8000; ms += 100) {
    bench.prober.handleActivity(ms)
    bench.runTo(ms, 20 + (ms - 5000) / 15)
  }
  return changes(bench)
}

describe('other evidence', () => {
  test('data from the peer spares probes, but one a second still goes', () => {
    const bench = new Bench()
    bench.runTo(1000, 20)
    for (let ms = 1010; ms <= 11_000; ms += 10) {
      bench.runTo(ms, 20)
      bench.prober.handleActivity(ms)
      bench.prober.handleAlive(ms)
    }
    for (const gap of bench.gaps(1100, 11_000)) expect(gap).toBeCloseTo(1000, 0)
  })

  test('data from the peer does not hide that it hears us no more', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    for (let ms = 5010; ms <= 8000; ms += 10) {
      bench.runTo(ms)
      bench.prober.handleAlive(ms)
    }
    expect(changes(bench).slice(-2)).toEqual(['normal timeouts unstable', 'unstable timeouts lost'])
    expect(bench.events.at(-1)!.atMs).toBeLessThan(7000)
  })

  test('data from the peer forgives misses right after a reply', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    for (let ms = 5010; ms <= 5800; ms += 10) {
      bench.runTo(ms)
      bench.prober.handleAlive(ms)
    }
    expect(bench.prober.state).toBe('normal')
  })

  test('data that is told to have come hides what probes miss, unless much of it is lost', () => {
    const [few, many] = [0.05, 0.2].map((lossRatio) => {
      const bench = new Bench()
      bench.runTo(5000, 20)
      for (let ms = 5010; ms <= 8000; ms += 10) {
        bench.runTo(ms)
        bench.prober.handleActivity(ms)
        if (ms % 1000 === 0) bench.prober.handleAlive(ms)
        bench.prober.handleDelivery(ms - 30, lossRatio, ms)
      }
      return bench.prober.stats()
    })
    expect(few).toMatchObject({ state: 'normal', lossRatio: 0 })
    expect(few!.lost).toBeGreaterThan(20)
    expect(many).toMatchObject({ state: 'lost' })
  })

  test('probes sent after the last frame that came are missed as ever', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    for (let ms = 5010; ms <= 8000; ms += 10) {
      bench.runTo(ms)
      bench.prober.handleDelivery(5000, 0, ms)
    }
    expect(changes(bench).slice(-2)).toEqual(['normal timeouts unstable', 'unstable timeouts lost'])
  })

  test('data that is told to have come stands in for replies no longer than two seconds of silence', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    for (let ms = 5010; ms <= 9000; ms += 10) {
      bench.runTo(ms)
      bench.prober.handleActivity(ms)
      bench.prober.handleDelivery(ms - 30, 0, ms)
    }
    const [doubt, loss] = bench.events.slice(-2)
    expect([doubt, loss]).toMatchObject([{ to: 'unstable' }, { to: 'lost' }])
    expect(doubt!.atMs).toBeGreaterThan(7000)
    expect(loss!.atMs).toBeLessThan(8000)
  })

  test('data over a lost path brings the next probe forward', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(60_000)
    expect(bench.prober.state).toBe('lost')
    bench.prober.handleAlive(60_000)
    bench.drain()
    expect(bench.sent.at(-1)!.atMs).toBe(60_000)
  })

  test('an unreachable peer is lost at once, and replies to probes from before prove nothing', () => {
    const bench = new Bench()
    bench.runTo(5000, 20)
    bench.runTo(bench.prober.pollTimeout())
    const nonce = bench.sent.at(-1)!.nonce
    bench.prober.handleUnreachable(bench.nowMs)
    bench.drain()
    expect(changes(bench).at(-1)).toBe('normal unreachable lost')
    expect(bench.reply(nonce)).toBe('unknown')
    expect(bench.prober.stats()).toMatchObject({ state: 'lost', inFlight: 0, lost: 1 })
  })

  test('the only path is on trial for half a second, another for longer', () => {
    expect(trialMs(true)).toBeLessThan(650)
    expect(trialMs(false)).toBeGreaterThan(2000)
  })

  test('a queue of more than delayLimitMs for a second makes a path unstable, unless there is no limit', () => {
    expect(changesByQueue({})).toContain('normal delay unstable')
    expect(changesByQueue({ delayLimitMs: 1000 })).toEqual(['initializing first-reply normal'])
    expect(changesByQueue({ delayLimitMs: Infinity })).toEqual(['initializing first-reply normal'])
  })
})

describe('use', () => {
  test('before the start nothing is due and nothing happens', () => {
    const prober = new Prober({ nextNonce: () => 1 })
    prober.handleTimeout(1e6)
    prober.handleActivity(1e6)
    prober.handleAlive(1e6)
    prober.handleUnreachable(1e6)
    expect(prober.handleReply(1, 1e6)).toBe('unknown')
    expect(prober.pollTransmit(1e6)).toBeUndefined()
    expect(prober.pollEvent()).toBeUndefined()
    expect(prober.pollTimeout()).toBe(Infinity)
  })

  test('a second start changes nothing', () => {
    const bench = new Bench()
    const dueMs = bench.prober.pollTimeout()
    bench.prober.start(50)
    expect(bench.prober.pollTimeout()).toBe(dueMs)
  })

  test('an owner who never asks for events gets the last 16', () => {
    const prober = new Prober({ nextNonce: () => 7 })
    prober.start(0)
    for (let round = 0; round < 40; round++) {
      const nowMs = round * 20_000
      while (prober.pollTransmit(nowMs + 15_000) === undefined) prober.handleTimeout(nowMs + 15_000)
      prober.handleReply(7, nowMs + 15_001)
      prober.handleUnreachable(nowMs + 15_002)
    }
    const events: ProberEvent[] = []
    for (let event = prober.pollEvent(); event; event = prober.pollEvent()) events.push(event)
    expect(events).toHaveLength(16)
    expect(events.at(-1)).toMatchObject({ to: 'lost', atMs: 39 * 20_000 + 15_002 })
  })

  test('at most 64 probes are in flight; then it waits for a deadline and does not ask to be woken before', () => {
    const bench = new Bench({ activeIntervalMs: 10 })
    let most = 0
    for (let step = 0; step < 500; step++) {
      bench.runTo(bench.prober.pollTimeout())
      most = Math.max(most, bench.prober.stats().inFlight)
      expect(bench.prober.pollTimeout()).toBeGreaterThan(bench.nowMs)
    }
    expect(most).toBe(64)
  })

  test('nonces leave as unsigned 32-bit numbers', () => {
    const prober = new Prober({ nextNonce: () => 2 ** 32 + 5.5 })
    prober.start(0)
    expect(prober.pollTransmit(0)).toEqual({ nonce: 5 })
    expect(prober.handleReply(5, 10)).toBe('sample')
  })

  test.each([
    { activeIntervalMs: 9 },
    { activeIntervalMs: NaN },
    { minRtoMs: 0 },
    { initialRtoMs: 20 },
    { initialRtoMs: 4000 },
    { peerAckDelayMs: -1 },
    { delayLimitMs: 0 },
  ])('options out of range are refused by name: %o', (options) => {
    const name = Object.keys(options)[0]!
    expect(() => new Prober({ nextNonce: () => 1, ...options })).toThrow(RangeError)
    expect(() => new Prober({ nextNonce: () => 1, ...options })).toThrow(name)
  })

  test('the states keep their numbers of the Go original', () => {
    expect(PROBER_STATE_VALUES).toEqual({ initializing: 0, normal: 1, lost: 2, unstable: 3 })
  })
})
