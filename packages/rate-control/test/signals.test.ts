import { describe, expect, test } from 'vitest'
import { Crowd } from '../src/crowd.ts'
import { DelayMeter } from '../src/delay-meter.ts'
import { Drain } from '../src/drain.ts'
import { emptySample } from '../src/flight-sample.ts'
import type { FlightSample } from '../src/flight-sample.ts'
import { Growth } from '../src/growth.ts'
import { LossSignal } from '../src/loss-signal.ts'
import { QueueSignal } from '../src/queue-signal.ts'

const sample = (fields: Partial<FlightSample>): FlightSample => Object.assign(emptySample(), fields)

describe('a queue', () => {
  const FAST = 100e6
  /** Feeds one least delay per 20 ms, above a base of -5000 ms; the clocks differ. */
  function feed(delays: readonly number[], bps = FAST): QueueSignal {
    const queue = new QueueSignal(1500)
    for (const [index, delay] of delays.entries())
      queue.record({ delayMinMs: delay - 5000, delayMeanMs: delay - 5000 }, bps, 20 * index)
    return queue
  }

  test.each([
    ['none', [0, 0, 0, 0], false],
    ['one sample of 10 ms', [0, 0, 0, 10], false],
    ['two of three samples of 10 ms', [0, 0, 10, 0, 10], true],
    ['one that is over', [0, 0, 10, 10, 0], false],
    ['one sample of 20 ms', [0, 0, 0, 20], true],
    ['3 ms all the time', [0, 3, 3, 3, 3], false],
  ])('of %s: congested is %s', (_name, delays, expected) => {
    expect(feed(delays).congested).toBe(expected)
  })

  test('is no queue while it is jitter', () => {
    const jitter = Array.from({ length: 200 }, (_, index) => ((index * 7) % 11) * 2)
    expect(feed(jitter).thresholdMs).toBeGreaterThan(20)
  })

  test('is no jitter however fast it grows and drains', () => {
    const sawtooth = Array.from({ length: 200 }, (_, index) => Math.abs((index % 40) - 20))
    expect(feed(sawtooth).thresholdMs).toBe(4)
  })

  test('on a slow path begins at two frames', () => {
    expect(feed([0, 100, 100, 100], 100_000).congested).toBe(false)
    expect(feed([0], 100_000).thresholdMs).toBe(240)
  })

  test('that overflowed at 6 ms is one at 3 ms from then on', () => {
    const queue = feed([0, 2, 4, 6])
    queue.handleOverflow(80)
    queue.record({ delayMinMs: -5000, delayMeanMs: -5000 }, FAST, 100)
    expect(queue.thresholdMs).toBe(3)
    queue.record({ delayMinMs: -5000, delayMeanMs: -5000 }, FAST, 31_000)
    expect(queue.thresholdMs).toBe(4)
  })

  test('that is taken for the way itself is told once', () => {
    const queue = feed([0, 30])
    queue.rebase(40)
    queue.record({ delayMinMs: -4970, delayMeanMs: -4970 }, FAST, 60)
    expect([queue.delayMs, queue.takeHiddenMs(), queue.takeHiddenMs()]).toEqual([0, 30, 0])
  })

  test('is measured again from below when the way gets shorter, and after 30 s when it gets longer', () => {
    expect(feed([30, 0]).delayMs).toBe(0)
    expect(feed([0, ...Array<number>(1600).fill(30)]).delayMs).toBe(0)
  })
})

const window = (windowFrames: number, windowLostFrames: number): FlightSample =>
  sample({ windowFrames, windowLostFrames })

describe('loss', () => {
  test.each([
    [100, 0, false],
    [100, 7, false],
    [100, 12, true],
    [1000, 25, false],
    [1000, 40, true],
    [10, 4, false],
  ])('of %i frames %i: too much is %s on a path that loses nothing', (frames, lost, expected) => {
    expect(new LossSignal().exceeds(window(frames, lost), 0.02)).toBe(expected)
  })

  test('that goes on at a rate which is not too high is the floor', () => {
    const loss = new LossSignal()
    for (let i = 0; i < 10; i++) loss.learn(300, 15)
    expect(loss.floorRatio).toBeCloseTo(0.05, 2)
    expect(loss.exceeds(window(1000, 70), 0.02)).toBe(false)
    expect(loss.exceeds(window(1000, 130), 0.02)).toBe(true)
  })

  test('among few frames is noticed over many', () => {
    const loss = new LossSignal()
    for (let i = 0; i < 20; i++) loss.record(sample({ newFrames: 50, newMissingFrames: 2 }), 20 * i)
    expect(loss.exceeds(window(50, 2), 0.02)).toBe(true)
    loss.restart()
    expect(loss.exceeds(window(50, 2), 0.02)).toBe(false)
  })

  test('in bursts is more by chance than loss one by one', () => {
    const one = new LossSignal()
    const bursts = new LossSignal()
    for (let i = 0; i < 40; i++) one.record(sample({ lostFrames: 5, lostRuns: 5 }), 20 * i)
    for (let i = 0; i < 40; i++) bursts.record(sample({ lostFrames: 5, lostRuns: 1 }), 20 * i)
    expect(one.exceeds(window(250, 20), 0.02)).toBe(true)
    expect(bursts.exceeds(window(250, 20), 0.02)).toBe(false)
    expect(bursts.exceeds(window(2500, 200), 0.02)).toBe(true)
  })

  test('of late is known at any rate, and frames that were only late are taken back', () => {
    const loss = new LossSignal()
    for (let i = 0; i < 100; i++) loss.record(sample({ newFrames: 50, newMissingFrames: 5 }), 20 * i)
    expect(loss.ratio).toBeCloseTo(0.1, 2)
    for (let i = 0; i < 100; i++) loss.record(sample({ newFrames: 50, newMissingFrames: -1 }), 20 * i)
    expect(loss.ratio).toBe(0)
  })

  test('that ends takes the floor down by itself', () => {
    const loss = new LossSignal()
    loss.learn(1000, 100)
    for (let i = 0; i < 200; i++) loss.record(sample({ newFrames: 100, newMissingFrames: 0 }), 100 * i)
    expect(loss.floorRatio).toBeLessThan(0.001)
  })
})

describe('the crowd', () => {
  test('is suspected when a drain is vain, and delay says nothing after the third time', () => {
    const crowd = new Crowd()
    expect([crowd.suspected, crowd.maxDrainShare]).toEqual([false, 0.5])
    expect(crowd.handleResistance(false, 1000)).toBe(true)
    expect([crowd.suspected, crowd.maxDrainShare, crowd.isDeaf(1000)]).toEqual([true, 0.3, false])
    expect(crowd.handleResistance(false, 1500)).toBe(true)
    expect([crowd.maxDrainShare, crowd.isDeaf(1500)]).toEqual([0.15, false])
    expect(crowd.handleResistance(false, 2000)).toBe(true)
    expect([crowd.maxDrainShare, crowd.isDeaf(5999), crowd.isDeaf(6000)]).toEqual([0.15, true, false])
  })

  test('is not blamed for what a falling capacity looks like, twice', () => {
    const crowd = new Crowd()
    expect([1, 2, 3].map((time) => crowd.handleResistance(true, time))).toEqual([false, false, true])
  })

  test('is gone when a drain helps, or after two seconds without a queue', () => {
    const crowd = new Crowd()
    crowd.handleFall()
    crowd.handleDrained()
    expect(crowd.suspected).toBe(false)
    crowd.handleFall()
    crowd.handleSample(false, 1000)
    crowd.handleSample(true, 3000)
    expect(crowd.suspected).toBe(true)
    crowd.handleSample(true, 3001)
    expect(crowd.suspected).toBe(false)
  })
})

describe('a drain', () => {
  test('takes as long as it takes to send a queue less', () => {
    const drain = new Drain()
    drain.start({ arrivingBps: 10e6, queueMs: 30, maxShare: 0.5, feedbackMs: 40 }, 1000)
    expect([drain.rateBps, drain.untilMs]).toEqual([8e6, 1150])
    drain.start({ arrivingBps: 10e6, queueMs: 400, maxShare: 0.5, feedbackMs: 40 }, 1000)
    expect([drain.rateBps, drain.untilMs]).toEqual([5e6, 1800])
  })

  test('helped when half of what was to go is gone from the longest queue', () => {
    const drain = new Drain()
    drain.start({ arrivingBps: 10e6, queueMs: 30, maxShare: 0.5, feedbackMs: 40 }, 0)
    drain.observe(50)
    expect([drain.helped(36), drain.helped(34), drain.overtaken(50, 30), drain.overtaken(61, 30)]).toEqual([
      false,
      true,
      false,
      true,
    ])
  })
})

test('growth doubles per round trip at first, and later begins slowly and speeds up', () => {
  const growth = new Growth()
  const path = { feedbackMs: 100, thresholdMs: 15 }
  expect(growth.startFactor(100, 100)).toBeCloseTo(2)
  growth.restart(0)
  const perRound = [0, 300, 600, 900, 5000].map((nowMs) => growth.factor(100, nowMs, path) - 1)
  expect(perRound.map((each) => Math.round(1000 * each))).toEqual([20, 41, 83, 174, 284])
  growth.restart(5000)
  expect(growth.factor(100, 5000, path)).toBeCloseTo(1.02, 3)
  growth.restartAfterIdle(100, 9000)
  expect(growth.factor(100, 9000, path)).toBeCloseTo(1.22, 2)
  // What is too much shows later on a long way, so growth is slower there.
  growth.restart(9000)
  expect(growth.factor(700, 9000, { feedbackMs: 700, thresholdMs: 15 })).toBeCloseTo(1.0054, 4)
})

test('delays are right whatever the difference of the clocks and across the wrap of the send time', () => {
  const meter = new DelayMeter()
  let first: number | undefined
  for (let nowMs = 0; nowMs < 30_000; nowMs += 100) {
    const extraMs = (nowMs / 100) % 3
    meter.record(Math.floor(nowMs / 0.128) & 0xffff, nowMs + 98_765.4 + extraMs)
    meter.restart()
    first ??= meter.minUs
    expect(Math.abs(meter.meanUs - first - 1000 * extraMs)).toBeLessThanOrEqual(129)
  }
})
