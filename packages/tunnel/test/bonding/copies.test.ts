import { udpPacket } from '@mp/testkit'
import { FrameType, HEADER_BYTES } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { idOf, inOrder, packets, stream } from '../support/packets.ts'
import { countOf, inWorld, pathsOf, statsOf } from '../support/world.ts'
import type { End, Side, World, WorldOptions } from '../support/world.ts'

const SIDES: readonly Side[] = ['client', 'server']
const WORLDS: readonly (readonly [string, WorldOptions])[] = [
  ['in clear', {}],
  ['sealed', { security: {} }],
  ['sealed, in pieces', { security: {}, wire: { maxFrameBytes: 300 } }],
]

/** Data frames an end sent on each of its two paths. */
const framesOf = ({ tap }: End): number[] =>
  [0, 1].map(
    (path) =>
      tap.sent.filter(({ header }) => header.type === FrameType.data && header.pathId === path).length,
  )

async function inRedundantWorld(options: WorldOptions, body: (world: World) => Promise<void>): Promise<void> {
  await inWorld({ isAdaptive: true, ...options }, async (world) => {
    world.client.tunnel.setModes({ bulk: 'redundant', interactive: 'redundant', critical: 'redundant' })
    // The server follows with the next probe.
    await world.pass(1100)
    await body(world)
  })
}

/** A question to a name server: urgent. */
function query(id: number): Uint8Array {
  const payload = new Uint8Array(60)
  new DataView(payload.buffer).setUint32(0, id)
  return udpPacket({ src: '10.1.0.1', dst: '10.1.0.2', srcPort: 5000, dstPort: 53, payload })
}

describe.each(WORLDS)('in the mode redundant, %s', (_how, options) => {
  test.each(SIDES)('each packet of the %s takes both paths and comes out once', async (side) => {
    await inRedundantWorld(options, async (world) => {
      const far = world[side === 'client' ? 'server' : 'client']
      world.line(0).set({ loss: 0.3 })
      await stream(world, side, { count: 400 })
      expect(inOrder(far.tun.received)).toEqual(inOrder(packets(400)))
      const [first, second] = framesOf(world[side]) as [number, number]
      // The line that loses so much is left after a while.
      expect(Math.min(first, second)).toBeGreaterThan(100)
    })
  })
})

test('the second of two copies is counted among the drops of the session, also while it goes on', async () => {
  await inRedundantWorld({}, async (world) => {
    const { server } = world
    await stream(world, 'client', { count: 400 })
    const inOrderOnly = statsOf(server).sessions[0]!.bonding!.resequencer!.drops['duplicate']!
    expect(inOrderOnly).toBeGreaterThan(350)
    // However often it is asked, and also when the session is over.
    for (let time = 0; time < 3; time++) {
      const { drops, sessions } = statsOf(server)
      expect(drops['duplicate']).toBe(inOrderOnly)
      expect(sessions[0]!.drops).toEqual(drops)
    }
    await world.client.tunnel.close()
    await world.pass(100)
    expect(statsOf(server)).toMatchObject({ sessions: [], drops: { duplicate: inOrderOnly } })
  })
})

describe('a line that dies in the mode redundant', () => {
  test('costs no packet more than the way of the other one takes', async () => {
    await inRedundantWorld({}, async (world) => {
      await stream(world, 'client', { count: 50 })
      const { client, server } = world
      server.tun.received.length = 0
      world.line(0).cut()
      for (let at = 0; at < 200; at++) {
        client.tun.injectBatch(packets(1, { from: at }))
        await world.pass(1)
        expect(server.tun.received.length).toBeGreaterThanOrEqual(at - 12)
      }
      await world.pass(50)
      expect(server.tun.received.map(idOf)).toEqual(packets(200).map(idOf))
    })
  })
})

describe('a slow path in the mode redundant', () => {
  test('does not slow down the other, and takes what it has room for', async () => {
    await inRedundantWorld({}, async (world) => {
      world.line(1).set({ rateBps: 2e6, queueBytes: 50_000 })
      for (let at = 0; at < 1000; at++) {
        world.client.tun.injectBatch(packets(1, { from: at, bytes: 1200 }))
        await world.pass(1)
      }
      await world.pass(500)
      expect(inOrder(world.server.tun.received)).toEqual(inOrder(packets(1000, { bytes: 1200 })))
      expect(statsOf(world.client).drops['queue-full']).toBeUndefined()
    })
  })
})

describe('urgent packets', () => {
  test('take two paths as well, within the budget, and come out once', async () => {
    await inWorld({ isAdaptive: true, security: {} }, async (world) => {
      const { client, server } = world
      for (let at = 0; at < 100; at++) {
        client.tun.injectBatch([query(at)])
        await world.pass(10)
      }
      await world.pass(50)
      expect(server.tun.received.map(idOf)).toEqual(Array.from({ length: 100 }, (_, at) => at))
      expect(framesOf(client)).toEqual([100, 100])
      expect(statsOf(server).drops['duplicate']).toBe(100)
    })
  })

  test('of a server that began anew are not taken for those of before', async () => {
    await inWorld({ isAdaptive: true }, async (world) => {
      for (const round of [0, 1]) {
        if (round > 0) {
          await world.kill('server')
          await world.startServer()
          await world.until(() => countOf(world.client, 'established') === 2 && world.allHealthy(), 30_000)
        }
        world.client.tun.received.length = 0
        for (let at = 0; at < 50; at++) {
          world.server.tun.injectBatch([query(at)])
          await world.pass(10)
        }
        await world.pass(50)
        expect(world.client.tun.received.map(idOf)).toEqual(Array.from({ length: 50 }, (_, at) => at))
      }
      expect(statsOf(world.client).drops['duplicate']).toBe(100)
    })
  })

  test('are not copied beyond the budget', async () => {
    await inWorld({ isAdaptive: true }, async (world) => {
      const { client, server } = world
      const count = 5000
      for (let at = 0; at < count; at += 5) {
        client.tun.injectBatch(Array.from({ length: 5 }, (_, each) => query(at + each)))
        await world.pass(1)
      }
      await world.pass(50)
      expect(new Set(server.tun.received.map(idOf)).size).toBe(count)
      expect(server.tun.received).toHaveLength(count)
      const copies = framesOf(client).reduce((sum, each) => sum + each, -count)
      // 2 % of what the paths carry in that time, and what may be saved up, which 100 ms earn.
      const bps = pathsOf(client).reduce((sum, { bonding }) => sum + bonding!.capacityBps, 0)
      expect(copies * (query(0).length + HEADER_BYTES)).toBeLessThan((0.02 * bps * (1050 + 100)) / 8000)
      expect(copies).toBeGreaterThan(500)
    })
  })
})
