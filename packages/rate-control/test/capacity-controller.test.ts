import { describe, expect, test } from 'vitest'
import { CapacityController } from '@mp/rate-control'
import type { FlightSample } from '@mp/rate-control'
import { emptySample } from '../src/flight-sample.ts'

/** A sample each 40 ms of a path with an RTT of 40 ms on which all of `bps` arrives. */
const healthy = (bps: number, fields: Partial<FlightSample> = {}): FlightSample => ({
  ...emptySample(),
  ackedFrames: 20,
  newFrames: 20,
  windowFrames: 30,
  rttMinMs: 40,
  rttSmoothedMs: 40,
  deliveredBps: bps,
  sentBps: bps,
  appLimited: false,
  ...fields,
})

/** Feeds `count` samples from `fromMs` on and returns the estimates after each. */
function feed(controller: CapacityController, fromMs: number, samples: readonly FlightSample[]): number[] {
  return samples.map((sample, index) => {
    controller.handleSample(sample, fromMs + 40 * index)
    return controller.capacityBps
  })
}

/** The sample of that number of a path that loses 1 % anyway. */
const lossy = (index: number): FlightSample =>
  healthy(19.8e6, {
    sentBps: 20e6,
    windowLostFrames: index % 2,
    newMissingFrames: index % 5 === 0 ? 1 : 0,
  })

const repeat = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('an estimate', () => {
  test('doubles per feedback delay while it is followed and nothing queues', () => {
    const controller = new CapacityController()
    let bps = controller.capacityBps
    for (let nowMs = 0; nowMs <= 400; nowMs += 40) {
      controller.handleSample(healthy(bps), nowMs)
      bps = controller.capacityBps
    }
    expect(bps / 2e6).toBeCloseTo(2 ** 5)
  })

  test('is at most four times what arrives', () => {
    const controller = new CapacityController()
    feed(
      controller,
      0,
      repeat(8, (index) => healthy(2e6 + index)),
    )
    expect(controller.capacityBps).toBeLessThan(8.1e6)
  })

  test('becomes what arrives when that does not grow any more', () => {
    const controller = new CapacityController({ maxEvents: 100 })
    feed(
      controller,
      0,
      repeat(10, () => healthy(2e6)),
    )
    expect(controller.capacityBps).toBeCloseTo(3.6e6, -6)
    const reasons = new Set(repeat(100, () => controller.pollEvent()?.reason))
    expect(reasons).toContain('plateau')
  })

  test('is cut below what arrives when a queue stands, and goes back to it when that is drained', () => {
    const controller = new CapacityController({ startBps: 30e6 })
    feed(
      controller,
      0,
      repeat(2, () => healthy(20e6)),
    )
    const queued = feed(controller, 80, [
      healthy(20e6, { delayMinMs: 40, delayMeanMs: 45, inFlightBytes: 200_000 }),
    ])
    // 40 ms of queue, to be drained in 150 ms.
    expect(queued[0]).toBeCloseTo(20e6 * (1 - 40 / 150), -1)
    const after = feed(
      controller,
      120,
      repeat(12, () => healthy(20e6)),
    )
    expect(after[2]).toBe(queued[0])
    expect(after[3]).toBeCloseTo(19.6e6)
  })

  test('is not moved by loss that has nothing to do with the rate', () => {
    const controller = new CapacityController({ startBps: 20e6 })
    expect(Math.min(...feed(controller, 0, repeat(300, lossy)))).toBe(20e6)
  })

  test('becomes what gets through when much is lost at once', () => {
    const controller = new CapacityController({ startBps: 20e6 })
    feed(controller, 0, [
      healthy(20e6),
      healthy(14e6, { sentBps: 20e6, windowFrames: 300, windowLostFrames: 90, newMissingFrames: 6 }),
    ])
    expect(controller.capacityBps).toBeGreaterThan(0.9 * 14e6)
    expect(controller.capacityBps).toBeLessThan(14e6)
  })

  test('is cut by half at most while far less is sent, whatever kept the sender from it', () => {
    const controller = new CapacityController({ startBps: 8e6 })
    feed(controller, 0, [healthy(150e3, { sentBps: 200e3, delayMinMs: 0 })])
    feed(controller, 100, [healthy(150e3, { sentBps: 200e3, delayMinMs: 93, delayMeanMs: 93 })])
    expect(controller.capacityBps).toBeGreaterThan(1e6)
    feed(
      controller,
      200,
      repeat(10, () => healthy(150e3, { sentBps: 200e3 })),
    )
    expect(controller.capacityBps).toBeGreaterThan(3.9e6)
  })

  test('keeps within its bounds', () => {
    const controller = new CapacityController({ startBps: 1e9, minBps: 1e6, maxBps: 5e6 })
    expect(controller.capacityBps).toBe(5e6)
    feed(
      controller,
      0,
      repeat(20, () => healthy(50e6)),
    )
    expect(controller.capacityBps).toBe(5e6)
    feed(controller, 1000, [healthy(10e3, { sentBps: 5e6, delayMinMs: 500, delayMeanMs: 500 })])
    expect(controller.capacityBps).toBe(1e6)
  })
})

/** A sample of a source that has little to send. */
const idle = (fields: Partial<FlightSample> = {}): FlightSample =>
  healthy(1e6, { appLimited: true, ...fields })

describe('a source that has nothing more to send', () => {
  test('neither raises the estimate nor lowers it, whatever others do to the queue', () => {
    const controller = new CapacityController({ startBps: 20e6 })
    const queues = repeat(200, (index) =>
      idle({ delayMinMs: (index * 37) % 300, delayMeanMs: 300, windowLostFrames: index % 3 }),
    )
    expect(new Set(feed(controller, 0, queues))).toEqual(new Set([20e6]))
  })

  test('lowers it by half at most when it does not get through', () => {
    const controller = new CapacityController({ startBps: 20e6 })
    feed(controller, 0, [idle(), idle({ deliveredBps: 0.5e6, delayMinMs: 80, delayMeanMs: 90 })])
    expect(controller.capacityBps).toBeGreaterThanOrEqual(5e6)
    expect(controller.capacityBps).toBeLessThan(20e6)
  })
})

test('a longer way is not a queue for ever', () => {
  const controller = new CapacityController({ startBps: 20e6, maxEvents: 1000 })
  feed(
    controller,
    0,
    repeat(10, () => healthy(20e6)),
  )
  let bps = controller.capacityBps
  for (let nowMs = 400; nowMs < 10_000; nowMs += 40) {
    controller.handleSample(healthy(bps, { delayMinMs: 50, delayMeanMs: 50, rttSmoothedMs: 90 }), nowMs)
    bps = Math.min(20e6, controller.capacityBps)
  }
  expect(controller.capacityBps).toBeGreaterThan(15e6)
  expect(repeat(100, () => controller.pollEvent()?.reason)).toContain('not-our-queue')
})

test('what may be in flight is two feedback delays and 64 KB, and more when the RTT grows', () => {
  const controller = new CapacityController({ startBps: 8e6 })
  controller.handleSample(healthy(8e6, { newFrames: 0 }), 0)
  expect(controller.inFlightLimitBytes).toBe(160_000 + 65_536)
  controller.handleSample(healthy(8e6, { newFrames: 0, rttSmoothedMs: 90 }), 1)
  expect(controller.inFlightLimitBytes).toBe(210_000 + 65_536)
})

describe('events', () => {
  test('say why, from what and to what, and the oldest give way', () => {
    const controller = new CapacityController({ maxEvents: 2 })
    feed(
      controller,
      0,
      repeat(4, () => healthy(2e6)),
    )
    const [first, second, none] = repeat(3, () => controller.pollEvent())
    expect(first).toMatchObject({ reason: 'start-up', atMs: 80, delayMs: 0, lossRatio: 0, deliveredBps: 2e6 })
    expect(second!.from).toBe(first!.to)
    expect(second!.to).toBe(controller.capacityBps)
    expect(none).toBeUndefined()
  })

  test('are not made unless they are wanted', () => {
    const controller = new CapacityController()
    feed(
      controller,
      0,
      repeat(4, () => healthy(2e6)),
    )
    expect(controller.pollEvent()).toBeUndefined()
  })
})

test.each([
  [{ startBps: 0 }, 'startBps must be a finite number above 0, not 0'],
  [{ minBps: NaN }, 'minBps must be a finite number above 0, not NaN'],
  [{ minBps: 10, maxBps: 5 }, 'maxBps must be at least minBps, 10, not 5'],
  [{ maxFrameBytes: -1 }, 'maxFrameBytes must be a finite number above 0, not -1'],
  [{ maxEvents: 0.5 }, 'maxEvents must be an integer from 0, not 0.5'],
])('%j is refused', (options, message) => {
  expect(() => new CapacityController(options)).toThrow(message)
})
