import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { packets, stream } from './support/packets.ts'
import { countOf, inWorld, pathsOf, statsOf } from './support/world.ts'
import type { World } from './support/world.ts'

/** Packets are cut into nine pieces, and a link takes some ten of them at once. */
const crowded = {
  security: {},
  paths: [{ name: 'dsl' }],
  wire: { maxFrameBytes: 200, sendBufferBytes: 2000 },
}

/** Has the server send so much that its link is full in the middle of a packet. */
function crowd(world: World): void {
  world.line(0).setBackward({ rateBps: 2e6, queueBytes: 1e6 })
  world.server.tun.injectBatch(packets(60, { bytes: 1400 }))
  expect(pathsOf(world.server)[0]).toMatchObject({ use: 'suspended' })
  expect(pathsOf(world.server)[0]!.queuedFrames).toBeGreaterThan(200)
}

/** Everything arrives that was sent, and can be opened: each frame was sealed under its own counter. */
async function expectAllOpened(world: World): Promise<void> {
  await world.pass(3000)
  const { client, server } = world
  const sent = server.tap.sent.filter(({ header }) => header.type >= FrameType.data)
  const counters = sent.map(({ header }) => header.counter24)
  expect(new Set(counters).size).toBe(counters.length)
  expect(statsOf(client).drops['forged']).toBeUndefined()
  expect(countOf(client, 'established')).toBe(1)
  expect(client.tun.received.length).toBeGreaterThan(20)
  world.line(0).setBackward({ rateBps: Infinity })
  expect(await stream(world, 'server', { count: 20 })).toHaveLength(20)
}

describe('frames that wait because their link is full', () => {
  test('keep their counters when a challenge overtakes them', async () => {
    await inWorld(crowded, async (world) => {
      const fresh = world.network.rebind({ localAddress: pathsOf(world.client)[0]!.localAddress! })
      world.client.tun.injectBatch(packets(1, { bytes: 100 }))
      await world.pass(9)
      crowd(world)
      await world.pass(2)
      expect(world.server.tap.sent.map(({ remote }) => remote)).toContain(fresh)
      await expectAllOpened(world)
    })
  })

  test('keep their epoch when the keys change meanwhile', async () => {
    await inWorld(crowded, async (world) => {
      await world.pass(120_100 - world.runtime.nowMs())
      // The first frame under the new keys: the server waits for it before it uses them.
      world.client.tun.injectBatch(packets(1, { bytes: 100 }))
      await world.pass(9)
      expect(world.server.tap.sent.at(-1)?.header.epoch).toBe(0)
      crowd(world)
      await world.pass(2)
      await expectAllOpened(world)
      expect(world.server.tap.sent.at(-1)?.header.epoch).toBe(1)
    })
  })
})
