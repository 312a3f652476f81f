import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyReport, FlightTracker, PathReceiver } from '@mp/rate-control'
import type { PathReport } from '@mp/interface'

interface Fates {
  readonly lost: number[]
  /** Slots handed back. */
  readonly slots: number[]
  /** From when on a frame may be called lost again, ms. */
  againMs: number
}

function trackerWith(maxFrames?: number): { tracker: FlightTracker; fates: Fates } {
  const fates: Fates = { lost: [], slots: [], againMs: Infinity }
  const fate = {
    onLost(counter: number): number {
      fates.lost.push(counter)
      return fates.againMs
    },
    onDone(slot: number): void {
      fates.slots.push(slot)
    },
  }
  return { tracker: new FlightTracker(fate, maxFrames === undefined ? {} : { maxFrames }), fates }
}

const REPORT_FRAME = {
  frames: 1,
  from: 0,
  bytes: Int32Array.of(100),
  slots: undefined,
  appLimited: true,
  isReport: true,
}

/** Sends frames of 1000 bytes; slot = counter. */
function send(tracker: FlightTracker, counter: number, nowMs: number, appLimited = false): void {
  const [bytes, slots] = [Int32Array.of(1000), Int32Array.of(counter)]
  tracker.handleSent({ counter, frames: 1, from: 0, bytes, slots, appLimited }, nowMs)
}

const report = (fields: Partial<PathReport>): PathReport => Object.assign(emptyReport(), fields)

const pausing = (nowMs: number): boolean => nowMs % 10 > 5

/** A path of 10 ms each way, a frame each ms, a report each 20 ms, and what is to happen on the way. */
function run(
  untilMs: number,
  what: { gapMs?: (nowMs: number) => boolean; rxMs?: (nowMs: number) => number; appLimited?: boolean } = {},
): FlightTracker {
  const { tracker } = trackerWith()
  const receiver = new PathReceiver()
  receiver.setRttMin(20)
  let counter = 0
  for (let nowMs = 0; nowMs < untilMs; nowMs++) {
    if (!what.gapMs?.(nowMs)) {
      send(tracker, counter, nowMs, what.appLimited)
      receiver.handleFrame(
        { counter: counter++, bytes: 1000, sendTime: Math.floor(nowMs / 0.128) & 0xffff, duplicate: false },
        what.rxMs?.(nowMs) ?? nowMs + 10,
      )
    }
    const filled = emptyReport()
    if (receiver.wantsReport(nowMs + 10) && receiver.writeReport(filled, nowMs + 10))
      tracker.handleReport(filled, nowMs + 20)
  }
  return tracker
}

describe('a report', () => {
  test('tells round trip, rates and that nothing is lost', () => {
    const { sample, inFlightBytes } = run(500)
    expect(sample.rttMs).toBe(20)
    expect(sample.rttMinMs).toBe(20)
    expect(sample.deliveredBps / 8e6).toBeCloseTo(1, 1)
    expect(sample.sentBps / 8e6).toBeCloseTo(1, 1)
    expect(sample).toMatchObject({ windowLostFrames: 0, appLimited: false })
    expect(inFlightBytes).toBeLessThan(45_000)
  })

  test('leaves out how long the receiver kept it', () => {
    const { tracker } = trackerWith()
    send(tracker, 0, 100)
    tracker.handleReport(report({ highestCounter: 0, frames: 1, ackDelayUs: 15_000 }), 150)
    expect(tracker.sample.rttMs).toBe(35)
  })

  test('of a burst that came at once shows no rate higher than it was sent at', () => {
    const { sample } = run(1000, { rxMs: (nowMs) => 10 + Math.ceil(nowMs / 40) * 40 })
    expect(sample.deliveredBps).toBeLessThan(1.05 * sample.sentBps)
  })

  test('is limited by the source when nothing waited for a tenth of the time', () => {
    expect(run(1000, { gapMs: pausing, appLimited: true }).sample.appLimited).toBe(true)
    expect(run(1000, { gapMs: pausing }).sample.appLimited).toBe(false)
  })

  test('about frames that were never sent is impossible, and an older one is stale', () => {
    const { tracker, fates } = trackerWith()
    for (let counter = 0; counter < 10; counter++) send(tracker, counter, counter)
    expect(tracker.handleReport(report({ highestCounter: 10, frames: 1 }), 20)).toBe('impossible')
    expect(tracker.handleReport(report({ highestCounter: 8, settledCounter: 5, frames: 9 }), 20)).toBe('used')
    expect(tracker.handleReport(report({ highestCounter: 4, settledCounter: 3, frames: 5 }), 21)).toBe(
      'stale',
    )
    expect(fates.slots).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('about frames that were sent before the tracker was made is stale: it knows of none', () => {
    const { tracker } = trackerWith()
    expect(tracker.handleReport(report({ highestCounter: 9, frames: 10 }), 0)).toBe('stale')
  })

  test.each<[string, Partial<PathReport>]>([
    ['frames', { frames: 6000, bytes: 19_000 }],
    ['bytes', { frames: 19, bytes: 2 ** 30 }],
    ['bytes, as they went back, ', { frames: 19, bytes: 1000 }],
  ])('of more %s than can have come is impossible, and nothing of it counts', (_what, claim) => {
    const { tracker, fates } = trackerWith()
    for (let counter = 0; counter < 20; counter++) send(tracker, counter, counter)
    const first = report({ highestCounter: 9, settledCounter: 5, frames: 10, bytes: 10_000 })
    expect(tracker.handleReport(first, 30)).toBe('used')
    const next = report({ ...first, highestCounter: 18, settledCounter: 18, ...claim })
    expect(tracker.handleReport(next, 40)).toBe('impossible')
    expect(fates.slots).toHaveLength(6)
    expect(tracker.handleReport({ ...next, frames: 19, bytes: 19_000 }, 50)).toBe('used')
    expect(tracker.sample.ackedFrames).toBe(13)
  })

  test('of what was sent before the first frame that was told, and comes late, is believed', () => {
    const { tracker } = trackerWith()
    for (let counter = 1000; counter < 1020; counter++) send(tracker, counter, counter)
    tracker.handleReport(
      report({ highestCounter: 1009, settledCounter: 1005, frames: 500, bytes: 500_000 }),
      1030,
    )
    const late = report({ highestCounter: 1019, settledCounter: 1019, frames: 1020, bytes: 1_020_000 })
    expect(tracker.handleReport(late, 1040)).toBe('used')
  })

  test('of a gap calls the frames lost, and one that comes late is noted as not lost', () => {
    const { tracker, fates } = trackerWith()
    for (let counter = 0; counter < 10; counter++) send(tracker, counter, counter)
    const gap = report({ highestCounter: 9, settledCounter: 6, frames: 8, gapCount: 1 })
    gap.gapStart[0] = 3
    gap.gapLength[0] = 2
    tracker.handleReport(gap, 20)
    expect(fates.lost).toEqual([3, 4])
    expect(tracker.sample).toMatchObject({ ackedFrames: 5, lostFrames: 2, lostBytes: 2000, lostRuns: 1 })
    gap.gapLength[0] = 1
    gap.frames = 9
    tracker.handleReport(gap, 40)
    expect(fates.lost).toEqual([3, 4])
    expect(tracker).toMatchObject({ lostFrames: 2, spuriousFrames: 1 })
  })

  test('that still misses a frame calls it lost again, but not before its repair can be known of', () => {
    const { tracker, fates } = trackerWith()
    fates.againMs = 60
    for (let counter = 0; counter < 10; counter++) send(tracker, counter, counter)
    const gap = report({ highestCounter: 9, settledCounter: 6, frames: 9, gapCount: 1 })
    gap.gapStart[0] = 3
    gap.gapLength[0] = 1
    tracker.handleReport(gap, 20)
    tracker.handleReport(gap, 59)
    expect(fates.lost).toEqual([3])
    tracker.handleReport(gap, 60)
    expect(fates.lost).toEqual([3, 3])
    expect(fates.slots).not.toContain(3)
    tracker.handleReport(report({ highestCounter: 9, settledCounter: 6, frames: 9 }), 80)
    expect(fates.slots).toContain(3)
  })

  test('that does not judge a lost frame any more gives its slot back', () => {
    const { tracker, fates } = trackerWith()
    fates.againMs = 60
    for (let counter = 0; counter < 10; counter++) send(tracker, counter, counter)
    const gap = report({ highestCounter: 9, settledCounter: 6, frames: 9, gapCount: 1 })
    gap.gapStart[0] = 3
    gap.gapLength[0] = 1
    tracker.handleReport(gap, 20)
    tracker.handleReport(report({ highestCounter: 9, firstCounter: 4, settledCounter: 6, frames: 9 }), 80)
    expect(fates.lost).toEqual([3])
    expect(fates.slots).toContain(3)
  })
})

test('frames sent in a row are told in one call, from their places in the columns', () => {
  const { tracker, fates } = trackerWith()
  const [bytes, slots] = [Int32Array.of(9, 100, 200, 300), Int32Array.of(9, 4, 5, 6)]
  expect(tracker.handleSent({ counter: 7, frames: 3, from: 1, bytes, slots, appLimited: true }, 10)).toBe(600)
  send(tracker, 10, 10)
  expect(tracker.inFlightBytes).toBe(1600)
  const sent = { counter: 12, frames: 2, from: 0, bytes, slots, appLimited: true }
  expect(() => tracker.handleSent(sent, 10)).toThrow(RangeError)
  tracker.handleReport(report({ firstCounter: 7, highestCounter: 8, settledCounter: 8, frames: 2 }), 30)
  expect(tracker.sample).toMatchObject({ ackedFrames: 2, ackedBytes: 300, inFlightBytes: 1300 })
  expect(fates.slots).toEqual([4, 5])
})

test('a path is suspect one RTO after a frame that no report covers', () => {
  const { tracker } = trackerWith()
  expect(tracker.suspectAtMs).toBe(Infinity)
  send(tracker, 0, 100)
  expect(tracker.suspectAtMs).toBe(3100)
  tracker.handleReport(report({ highestCounter: 0, frames: 1 }), 140)
  expect([tracker.suspectAtMs, tracker.rtoMs]).toEqual([Infinity, 40 + 80 + 40])
  send(tracker, 1, 200)
  send(tracker, 2, 210)
  expect(tracker.suspectAtMs).toBe(360)
})

test('a frame is overdue when a report leaves it and seven before it out after the longest round trip', () => {
  const { tracker } = trackerWith()
  send(tracker, 0, 100)
  tracker.handleReport(report({ highestCounter: 0, frames: 1 }), 140)
  for (let counter = 1; counter <= 7; counter++) send(tracker, counter, 200)
  expect(tracker.isOverdue(10_000)).toBe(false)
  send(tracker, 8, 210)
  expect(tracker.isOverdue(210 + 40 + 20)).toBe(false)
  expect(tracker.isOverdue(210 + 40 + 21)).toBe(true)
  tracker.handleReport(report({ highestCounter: 1, frames: 2 }), 280)
  expect(tracker.isOverdue(281)).toBe(false)
})

test('no frame is overdue before a round trip is known', () => {
  const { tracker } = trackerWith()
  for (let counter = 0; counter < 20; counter++) send(tracker, counter, 100)
  expect(tracker.isOverdue(10_000)).toBe(false)
})

test('frames of a path that is given up are lost, once, and those that came after all are heard of', () => {
  const { tracker, fates } = trackerWith()
  fates.againMs = 0
  for (let counter = 0; counter < 4; counter++) send(tracker, counter, counter)
  tracker.handleReport(report({ highestCounter: 1, settledCounter: 1, frames: 2 }), 20)
  tracker.giveUp()
  tracker.giveUp()
  expect(fates.lost).toEqual([2, 3])
  expect(fates.slots).toEqual([0, 1, 2, 3])
  tracker.handleReport(report({ highestCounter: 3, settledCounter: 3, frames: 4 }), 40)
  expect(tracker.sample.newFrames).toBe(2)
  expect(tracker.inFlightBytes).toBe(0)
})

test('of a path that is cut here the frames that were sent last are given up first', () => {
  const { tracker, fates } = trackerWith()
  for (let counter = 0; counter < 4; counter++) send(tracker, counter, counter)
  tracker.handleReport(report({ highestCounter: 0, settledCounter: 0, frames: 1 }), 20)
  tracker.giveUp('newest-first')
  expect(fates.lost).toEqual([3, 2, 1])
  expect(fates.slots.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3])
})

/** A report with all counts about to wrap. */
const wrapping = (counter: number): PathReport =>
  report({
    highestCounter: counter,
    frames: (2 ** 32 - 50 + counter) % 2 ** 32,
    bytes: (2 ** 48 - 50_000 + 1000 * counter) % 2 ** 48,
    receivedUs: (2 ** 32 - 50_000 + 1000 * counter) % 2 ** 32,
  })

test('counts that wrap go on', () => {
  const { tracker } = trackerWith()
  for (let counter = 0; counter < 200; counter++) send(tracker, counter, counter)
  expect(tracker.handleReport(wrapping(10), 30)).toBe('used')
  expect(tracker.handleReport(wrapping(150), 170)).toBe('used')
  expect(tracker.sample.deliveredBps).toBeCloseTo(8e6)
})

test('frames have to be told in their order', () => {
  const { tracker } = trackerWith()
  send(tracker, 7, 0)
  expect(() => send(tracker, 9, 0)).toThrow('frame 9 was sent after 7')
  expect(() => trackerWith(1000)).toThrow('maxFrames must be a power of two')
})

test('no run of reports makes a peer have got more than was sent, whatever they claim', () => {
  const claims = fc.array(
    fc.record({ sent: fc.nat(40), frames: fc.nat(5000), bytes: fc.nat(2 ** 24), highest: fc.nat(40) }),
    { minLength: 1, maxLength: 300 },
  )
  fc.assert(
    fc.property(claims, (all) => {
      const { tracker } = trackerWith(64)
      let counter = 0
      const claimed = report({ frames: 1, bytes: 1000 })
      send(tracker, counter++, 0)
      expect(tracker.handleReport(claimed, 1)).toBe('used')
      for (const [at, { sent, frames, bytes, highest }] of all.entries()) {
        for (let each = 0; each < sent; each++) send(tracker, counter++, at)
        const next = { ...claimed, frames: claimed.frames + frames, bytes: claimed.bytes + bytes }
        next.highestCounter = Math.max(claimed.highestCounter, counter - highest)
        next.receivedUs = at * 1000
        if (tracker.handleReport(next, at) === 'used') Object.assign(claimed, next)
      }
      expect(claimed.frames).toBeLessThanOrEqual(counter + 4096)
      expect(claimed.bytes).toBeLessThanOrEqual(1000 * counter + 4096 * 9216)
    }),
    { numRuns: 300 },
  )
})

// The slow oracle: a set of what came, per report that got through.
test('every slot comes back exactly once and lost is what did not come, whatever gets lost on both ways', () => {
  const anyWay = fc.array(fc.record({ lost: fc.boolean(), afterMs: fc.nat(8), reportLost: fc.boolean() }), {
    minLength: 1,
    maxLength: 200,
  })
  fc.assert(
    fc.property(anyWay, fc.constantFrom(16, 64, 8192), fc.boolean(), (way, maxFrames, repairs) => {
      const { tracker, fates } = trackerWith(maxFrames)
      if (repairs) fates.againMs = 0
      const receiver = new PathReceiver()
      receiver.setRttMin(20)
      const came = new Set<number>()
      let nowMs = 0
      const tellAt = (atMs: number, lost: boolean): void => {
        const filled = emptyReport()
        if (receiver.wantsReport(atMs) && receiver.writeReport(filled, atMs) && !lost)
          tracker.handleReport(filled, atMs)
      }
      for (const [counter, { lost, afterMs, reportLost }] of way.entries()) {
        nowMs += afterMs
        send(tracker, counter, nowMs)
        if (!lost) {
          came.add(counter)
          receiver.handleFrame({ counter, bytes: 1000, sendTime: 0, duplicate: false }, nowMs)
        }
        tellAt(nowMs, reportLost)
      }
      for (let i = 0; i < 30; i++) tellAt((nowMs += 10), false)
      tracker.clear()
      expect(fates.slots.toSorted((a, b) => a - b)).toEqual(way.map((_, counter) => counter))
      for (const counter of fates.lost) expect(came.has(counter)).toBe(false)
      expect(tracker.inFlightBytes).toBe(0)
      const missing = way.length - came.size
      // Frames after the last that came, and those nobody tells about, are not called lost.
      expect(new Set(fates.lost).size).toBeLessThanOrEqual(missing)
      expect(repairs || new Set(fates.lost).size === fates.lost.length).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('a path is not suspect for frames that are not answered', () => {
  const { tracker } = trackerWith()
  const sendReport = (counter: number, nowMs: number): number =>
    tracker.handleSent({ ...REPORT_FRAME, counter }, nowMs)
  sendReport(0, 10)
  sendReport(1, 20)
  expect(tracker.suspectAtMs).toBe(Infinity)
  send(tracker, 2, 5000)
  sendReport(3, 5010)
  expect(tracker.suspectAtMs).toBe(5000 + tracker.rtoMs)
})
