import { describe, expect, test } from 'vitest'
import { inOrder, packets } from '../support/packets.ts'
import { reported, reportsOf } from '../support/reported.ts'
import { inWorld, statsOf } from '../support/world.ts'
import type { World } from '../support/world.ts'

const LINE = { rateBps: 20e6, delayMs: 20 }
const ROUNDS = 100
const ROUND_MS = 10

const pathsNamed = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `line${index}` }))

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
      expect(Math.max(...reportsOf(world.server).map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(
        maxFrameBytes,
      )
    })
  })
})

test('frames that a line brings twice are reported, and come out once', async () => {
  const options = { isAdaptive: true, line: { ...LINE, duplicateRatio: 0.2 } }
  await inWorld(options, async (world) => {
    await fill(world, 4)
    const sent = packets(4 * ROUNDS, { bytes: 1200 })
    expect(inOrder(world.server.tun.received)).toEqual(inOrder(sent))
    const duplicates = reported(world.server, 'duplicates')
    expect(duplicates).toHaveLength(2)
    for (const frames of duplicates) expect(frames).toBeGreaterThan(0)
  })
})
