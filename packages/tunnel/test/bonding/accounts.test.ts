import { describe, expect, test } from 'vitest'
import type { LineOptions } from '@mp/testkit'
import { glassAead } from '../support/glass-aead.ts'
import { packets } from '../support/packets.ts'
import { throwAt } from '../support/raw.ts'
import { reported, reportsOf } from '../support/reported.ts'
import { dataFrames } from '../support/tap.ts'
import { dropsOf, inWorld, pathsOf, statsOf } from '../support/world.ts'
import type { End, World } from '../support/world.ts'

const LINE = { rateBps: 20e6, delayMs: 20 }
const ROUNDS = 200
/** Longer than any frame is waited for. */
const SETTLED_MS = 1500

/** Has the client send for two seconds, and lets the last report come. */
async function send(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    world.client.tun.injectBatch(packets(4, { from: 4 * round, bytes: 1200 }))
    await world.pass(10)
  }
  await world.pass(SETTLED_MS)
}

async function sendOver(line: LineOptions, body: (world: World) => void): Promise<void> {
  await inWorld({ isAdaptive: true, security: {}, line: { ...LINE, ...line } }, async (world) => {
    await send(world)
    body(world)
  })
}

/** Frames called lost on all paths of an end, and those of them that came after all. */
function lossesOf(end: End): { lost: number; late: number } {
  const known = pathsOf(end).map(({ bonding }) => bonding!)
  return {
    lost: known.reduce((sum, { lostFrames }) => sum + lostFrames, 0),
    late: known.reduce((sum, { spuriousFrames }) => sum + spuriousFrames, 0),
  }
}

// What comes again in a later batch is dropped unopened, and no report tells of it.
describe('the accounts of a sender are right', () => {
  test('when its frames come twice, the second time in a later batch', async () => {
    await sendOver({ duplicateRatio: 0.3, jitterMs: 15 }, ({ client, server }) => {
      expect(statsOf(server).drops['replayed']).toBeGreaterThan(150)
      expect(lossesOf(client)).toEqual({ lost: 0, late: 0 })
      for (const { bonding } of pathsOf(client))
        expect(bonding).toMatchObject({ congestionLossRatio: 0, radioLossRatio: 0 })
    })
  })

  test('when frames come so late that their repairs were sooner', async () => {
    await sendOver({ reorderRatio: 0.03, reorderPackets: 1000, reorderHoldMs: 200 }, ({ client, server }) => {
      expect(statsOf(server).drops['replayed']).toBeGreaterThan(15)
      const { lost, late } = lossesOf(client)
      expect(lost).toBeGreaterThan(15)
      // Probes are not sent again, and some come after the last report that would tell of them.
      expect(lost - late).toBeLessThanOrEqual(3)
      expect(statsOf(server).sessions[0]!.bonding!.resequencer!.delivered).toBe(4 * ROUNDS)
    })
  })
})

/** Reports of a server, and what they say at last of each path. */
interface Told {
  readonly reports: number
  readonly frames: readonly number[]
  readonly duplicates: readonly number[]
}

/** What a server tells in its reports when so many copies of what came are thrown at it afterwards. */
async function toldWith(copies: number): Promise<Told> {
  let told: Told = { reports: 0, frames: [], duplicates: [] }
  await inWorld({ isAdaptive: true, security: { createAead: glassAead }, line: LINE }, async (world) => {
    await send(world)
    const { server } = world
    const captured = dataFrames(server.tap.received).slice(0, copies)
    const drops = await dropsOf(server, async () => {
      for (let each = 0; each < 100; each++) {
        if (each < copies) throwAt(server, [captured[each]!.bytes])
        await world.pass(5)
      }
    })
    expect(drops['replayed'] ?? 0).toBe(copies)
    const [frames, duplicates] = [reported(server, 'frames'), reported(server, 'duplicates')]
    told = { reports: reportsOf(server).length, frames, duplicates }
  })
  return told
}

test('copies that somebody without keys throws at an end neither bring about a report nor show in one', async () => {
  const told = await toldWith(0)
  expect(told.duplicates).toEqual([0, 0])
  expect(await toldWith(100)).toEqual(told)
})
