import type { Schedulable } from '@mp/interface'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { udpPacket } from '@mp/testkit'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { FrameWriter } from '../../src/frame-writer.ts'
import type { TunnelPath } from '../../src/path.ts'
import { inWorld } from '../support/world.ts'

const DNS_PORT = 53

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

type Charge = AdaptiveScheduler<TunnelPath>['charge']

/**
 * Has a run charged packet by packet. Charged in one sum, as it is, it costs the same but for the rounding of the last
 * digit, which decides between paths that are just as fast in one trial of a hundred.
 * @param runs How many runs there were until now.
 */
function chargeEach(runs: () => number): void {
  const written = vi.spyOn(FrameWriter.prototype, 'writeRun').mock.calls
  const charge = Reflect.get(AdaptiveScheduler.prototype, 'charge') as Charge
  let charged = runs()
  vi.spyOn(AdaptiveScheduler.prototype, 'charge').mockImplementation(function (
    this: AdaptiveScheduler<TunnelPath>,
    path: Schedulable,
    lengthBytes,
    nowMs,
  ) {
    const isRun = runs() > charged
    charged = runs()
    const [batch, from] = written.at(-1) ?? []
    const lengths = isRun ? [...batch!.length.subarray(from, batch!.count)] : [lengthBytes]
    expect(lengths.reduce((sum, each) => sum + each, 0)).toBe(lengthBytes)
    for (const each of lengths) charge.call(this, path as TunnelPath, each, nowMs)
  })
}

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
async function framesOf({
  seed,
  lines,
  bursts,
  isRedundant,
  ...wire
}: Trial): Promise<readonly Uint8Array[]> {
  let frames: readonly Uint8Array[] = []
  const paths = lines.map((_, index) => ({ name: `line${index}` }))
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

test(
  'packets that go in runs take the paths, numbers and order that they would take one by one',
  { timeout: 60_000 },
  async () => {
    const numbered = vi.spyOn(FrameWriter.prototype, 'numberRun')
    const runs = () => numbered.mock.calls.length
    chargeEach(runs)
    await fc.assert(
      fc.asyncProperty(trials, async (trial) => {
        const inRuns = await framesOf(trial)
        const oneByOne = vi.spyOn(AdaptiveScheduler.prototype, 'runBytes', 'get').mockReturnValue(0)
        const before = runs()
        const expected = await framesOf(trial)
        // It is asked, and nothing went in runs.
        expect(runs()).toBe(before)
        oneByOne.mockRestore()
        expect(inRuns.length).toBe(expected.length)
        expect(inRuns.findIndex((bytes, at) => Buffer.compare(bytes, expected[at]!) !== 0)).toBe(-1)
      }),
      { numRuns: 12 },
    )
    expect(runs()).toBeGreaterThan(0)
  },
)
