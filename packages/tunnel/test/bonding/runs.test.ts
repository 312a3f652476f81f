import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { udpPacket } from '@mp/testkit'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { FrameWriter } from '../../src/frame-writer.ts'
import { inWorld } from '../support/world.ts'

const DNS_PORT = 53
/** What is believed of a path at first, bit/s. */
const START_BPS = 32e6
/**
 * By how much the limit of each line is below that of the one before, bit/s. A run is charged in one sum, so that between
 * paths that are just as fast a rounding may decide: that happens to one trial of a hundred, but not again with limits.
 */
const STEPS_BPS = [0, 0.7e6, 1.9e6]

/** Packets of one flow that follow each other. */
const train = fc.record({
  flow: fc.nat(2),
  count: fc.integer({ min: 1, max: 60 }),
  bytes: fc.constantFrom(120, 600, 1200, 1400),
  isUrgent: fc.constantFrom(true, false, false, false),
  /** The last one is shorter, as at the end of a super-packet. */
  lastBytes: fc.constantFrom(100, 1200),
})
const burst = fc.record({ trains: fc.array(train, { minLength: 1, maxLength: 5 }), afterMs: fc.nat(15) })
const line = fc.record({
  rateBps: fc.constantFrom(4e6, 20e6, 100e6),
  delayMs: fc.integer({ min: 1, max: 30 }),
  loss: fc.constantFrom(0, 0.01),
})
const trials = fc.record({
  seed: fc.nat(),
  lines: fc.array(line, { minLength: 2, maxLength: 3 }),
  bursts: fc.array(burst, { minLength: 1, maxLength: 15, size: 'max' }),
  maxFrameBytes: fc.constantFrom(900, 1500),
  sendBufferBytes: fc.constantFrom(20_000, Infinity),
  isRedundant: fc.integer({ min: 0, max: 9 }).map((drawn) => drawn === 0),
})
type Trial = typeof trials extends fc.Arbitrary<infer T> ? T : never

afterEach(() => {
  vi.restoreAllMocks()
})

function packetsOf({ flow, count, bytes, isUrgent, lastBytes }: Trial['bursts'][number]['trains'][number]) {
  return Array.from({ length: count }, (_, index) => {
    const lengthBytes = index === count - 1 ? Math.min(bytes, lastBytes) : bytes
    return udpPacket({
      src: '10.1.0.1',
      dst: '10.1.0.2',
      srcPort: 5000 + flow,
      dstPort: isUrgent ? DNS_PORT : 6000,
      payload: new Uint8Array(lengthBytes - 28),
    })
  })
}

/** All frames that the client sends, in order and as they are: with their paths, counters, numbers and times. */
async function framesOf(
  { seed, lines, bursts, isRedundant, ...wire }: Trial,
  stepBps: number,
): Promise<readonly Uint8Array[]> {
  let frames: readonly Uint8Array[] = []
  const limits = (index: number) => (stepBps > 0 ? { maxSendBps: START_BPS - (index + 1) * stepBps } : {})
  const paths = lines.map((_, index) => ({ name: `line${index}`, ...limits(index) }))
  await inWorld({ isAdaptive: true, seed, paths, wire }, async (world) => {
    for (const [index, each] of lines.entries()) world.line(index).set({ ...each, queueBytes: 100_000 })
    if (isRedundant) world.client.tunnel.setModes({ bulk: 'redundant' })
    for (const { trains, afterMs } of bursts) {
      world.client.tun.injectBatch(trains.flatMap(packetsOf))
      await world.pass(afterMs)
    }
    await world.pass(300)
    frames = world.client.tap.sent.map(({ bytes }) => bytes)
  })
  return frames
}

/**
 * Where the frames begin to differ when packets are bound one by one; -1 where they are the same.
 * @param runs How many runs there were until now.
 */
async function firstDifference(trial: Trial, stepBps: number, runs: () => number): Promise<number> {
  const inRuns = await framesOf(trial, stepBps)
  const oneByOne = vi.spyOn(AdaptiveScheduler.prototype, 'runBytes', 'get').mockReturnValue(0)
  const runsBefore = runs()
  const expected = await framesOf(trial, stepBps)
  // It is asked, and nothing went in runs.
  expect(runs()).toBe(runsBefore)
  oneByOne.mockRestore()
  const differs = (bytes: Uint8Array, at: number): boolean => Buffer.compare(bytes, expected[at]!) !== 0
  return inRuns.length === expected.length ? inRuns.findIndex(differs) : 0
}

test(
  'packets that go in runs take the paths, numbers and order that they would take one by one',
  { timeout: 60_000 },
  async () => {
    const numbered = vi.spyOn(FrameWriter.prototype, 'numberRun')
    const runs = () => numbered.mock.calls.length
    await fc.assert(
      fc.asyncProperty(trials, async (trial) => {
        const differences: number[] = []
        for (const stepBps of STEPS_BPS) {
          const difference = await firstDifference(trial, stepBps, runs)
          if (difference < 0) return
          differences.push(difference)
        }
        expect(differences).toEqual([])
      }),
      { numRuns: 12 },
    )
    expect(runs()).toBeGreaterThan(0)
  },
)
