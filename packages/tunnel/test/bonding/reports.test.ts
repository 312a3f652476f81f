import { emptyReport } from '@mp/rate-control'
import { ControlKind, FrameType, HEADER_BYTES, ReportCodec } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets } from '../support/packets.ts'
import { inWorld, statsOf } from '../support/world.ts'
import type { End, World } from '../support/world.ts'

const LINE = { rateBps: 20e6, delayMs: 20 }
const ROUNDS = 100
const ROUND_MS = 10

const pathsNamed = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `line${index}` }))

/** Lengths of the reports an end has sent, bytes. */
const reportsOf = ({ tap }: End): number[] =>
  tap.sent
    .filter(
      ({ header, bytes }) => header.type === FrameType.control && bytes[HEADER_BYTES] === ControlKind.report,
    )
    .map(({ bytes }) => bytes.length)

/** Sends `count` packets at a time, enough for each path to get some, and lets the last arrive. */
async function fill(world: World, count: number): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    world.client.tun.injectBatch(packets(count, { from: count * round, bytes: 1200 }))
    await world.pass(ROUND_MS)
  }
  await world.pass(500)
}

describe.each([
  [16, 1500],
  [32, 1500],
  [32, 500],
])('reports about %i paths, in frames of at most %i bytes', (count, maxFrameBytes) => {
  test('tell of all of them', { timeout: 60_000 }, async () => {
    const options = {
      isAdaptive: true,
      security: {},
      paths: pathsNamed(count),
      line: LINE,
      wire: { maxFrameBytes },
    }
    await inWorld(options, async (world) => {
      await fill(world, 2 * count)
      const { paths, bonding } = statsOf(world.client).sessions[0]!
      const unheard = paths.filter(({ bonding: known }) => known?.rttMs === undefined || known.isSuspect)
      expect(unheard.map(({ name }) => name)).toEqual([])
      expect(bonding!.repair.lost).toBe(0)
      const sent = packets(2 * count * ROUNDS, { bytes: 1200 })
      expect(inOrder(world.server.tun.received)).toEqual(inOrder(sent))
      expect(Math.max(...reportsOf(world.server))).toBeLessThanOrEqual(maxFrameBytes)
    })
  })
})

/** What the reports of an end say came twice over each path, at last. */
function duplicatesIn({ tap }: End): number[] {
  const duplicates: number[] = []
  const report = emptyReport()
  for (const { header, bytes } of tap.sent) {
    if (header.type !== FrameType.control || bytes[HEADER_BYTES] !== ControlKind.report) continue
    const codec = new ReportCodec(bytes)
    codec.read(HEADER_BYTES, bytes.length - HEADER_BYTES)
    while (codec.nextPath(report)) duplicates[report.pathId] = report.duplicates
  }
  return duplicates
}

test('frames that a line brings twice are reported, and come out once', async () => {
  const options = { isAdaptive: true, line: { ...LINE, duplicateRatio: 0.2 } }
  await inWorld(options, async (world) => {
    await fill(world, 4)
    const sent = packets(4 * ROUNDS, { bytes: 1200 })
    expect(inOrder(world.server.tun.received)).toEqual(inOrder(sent))
    for (const duplicates of duplicatesIn(world.server)) expect(duplicates).toBeGreaterThan(0)
    expect(duplicatesIn(world.server)).toHaveLength(2)
  })
})
