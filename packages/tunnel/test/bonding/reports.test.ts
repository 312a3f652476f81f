import type { PathReport } from '@mp/interface'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { glassAead } from '../support/glass-aead.ts'
import { inOrder, packets } from '../support/packets.ts'
import { frameFor, reportBody, throwAt } from '../support/raw.ts'
import { reported, reportsOf } from '../support/reported.ts'
import { dropsOf, inWorld, pathsOf, statsOf } from '../support/world.ts'
import type { End, World } from '../support/world.ts'

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
      security: { createAead: glassAead },
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
      expect(reportsOf(world.server).length).toBeGreaterThan(ROUNDS / 4)
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

/** Has a report come in at `end`. */
function tell(end: End, ...paths: readonly Partial<PathReport>[]): void {
  throwAt(end, [frameFor(end, { type: FrameType.control }, reportBody(...paths))])
}

describe('a report that is of no use is dropped under one name', () => {
  const never = { highestCounter: 1e6, settledCounter: 1e6, frames: 1e6 }

  test('impossible-report: more came than was ever sent; what it says of other paths counts', async () => {
    await inWorld({ isAdaptive: true, line: LINE }, async (world) => {
      const { client } = world
      await fill(world, 4)
      const [lied, told] = pathsOf(client)
      const openBytes = (): number[] => pathsOf(client).map(({ bonding }) => bonding!.inFlightBytes)
      client.tun.injectBatch(packets(20, { from: 400, bytes: 1200 }))
      const before = openBytes()
      const { id, txFrames: frames, txBytes: bytes } = told!
      const honest = { pathId: id, highestCounter: frames, settledCounter: frames, frames, bytes }
      const drops = await dropsOf(client, () => tell(client, { ...never, pathId: lied!.id }, honest))
      expect(drops).toEqual({ 'impossible-report': 1 })
      expect(openBytes()[0]).toBe(before[0])
      expect(openBytes()[1]).toBeLessThan(before[1]!)
    })
  })

  test('none of an honest peer is, whatever becomes of its paths', async () => {
    const options = {
      isAdaptive: true,
      security: {},
      line: { ...LINE, lossRatio: 0.02, duplicateRatio: 0.02 },
    }
    await inWorld(options, async (world) => {
      const { client, server } = world
      for (const change of [
        () => world.line(0).cut(),
        () => world.line(0).restore(),
        () => client.tunnel.retirePath('lte'),
        () => client.tunnel.addPath(world.clientPath({ name: 'lte' }, 1)),
        () => client.tunnel.closePath('dsl'),
        () => client.tunnel.addPath(world.clientPath({ name: 'dsl' }, 0)),
      ]) {
        await fill(world, 4)
        change()
        await world.pass(2000)
      }
      await fill(world, 4)
      for (const end of [client, server]) expect(statsOf(end).drops['impossible-report']).toBeUndefined()
    })
  })

  test('unwanted-report: the peer measures its paths, and we share them by weight', async () => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server])
        expect(await dropsOf(end, () => tell(end, never))).toEqual({ 'unwanted-report': 1 })
    })
  })
})
