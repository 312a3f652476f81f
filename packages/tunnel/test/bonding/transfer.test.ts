import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { idOf, inOrder, packets } from '../support/packets.ts'
import type { Seen } from '../support/tap.ts'
import { countOf, inWorld, pathsOf, statsOf } from '../support/world.ts'
import type { End, Side, World, WorldOptions } from '../support/world.ts'

/** Two lines as unlike as a landline and a radio link. */
const UNLIKE = [
  { rateBps: 40e6, delayMs: 5, queueBytes: 100_000 },
  { rateBps: 20e6, delayMs: 35, queueBytes: 100_000 },
]
const WARM_UP_MS = 3000
const SIDES: readonly Side[] = ['client', 'server']

async function inUnlikeWorld(options: WorldOptions, body: (world: World) => Promise<void>): Promise<void> {
  await inWorld({ isAdaptive: true, ...options }, async (world) => {
    for (const [index, line] of UNLIKE.entries()) world.line(index).set(line)
    await warmUp(world)
    await body(world)
  })
}

/** Until both ends know what the lines carry. */
async function warmUp(world: World): Promise<void> {
  for (let at = 0; at < WARM_UP_MS; at++) {
    for (const side of SIDES) world[side].tun.injectBatch(packets(2, { from: 1e6, bytes: 1200 }))
    await world.pass(1)
  }
  await world.pass(500)
  for (const side of SIDES) world[side].tun.received.length = 0
}

/** Sends 2 packets of 1200 bytes each ms (19 Mbit/s) for `ms`, and lets the last arrive. */
async function transfer(world: World, side: Side, ms: number, from = 0): Promise<void> {
  for (let at = 0; at < ms; at++) {
    world[side].tun.injectBatch(packets(2, { from: from + 2 * at, bytes: 1200 }))
    await world.pass(1)
  }
  await world.pass(500)
}

const repairsOf = (end: End) => statsOf(end).sessions[0]!.bonding!.repair

/** Data frames that left before, over whichever line. */
function sentAgain({ tap }: End): Seen[] {
  const first = new Set<string>()
  return tap.sent.filter(({ header: { type, pathId, counter24 } }) => {
    const key = `${pathId} ${counter24}`
    const isAgain = type === FrameType.data && first.has(key)
    if (type === FrameType.data) first.add(key)
    return isAgain
  })
}

/** The local address of the path that a frame of the client names. */
function homeOf(world: World, { header }: Seen): string | undefined {
  const name = ['dsl', 'lte'][header.pathId]
  return pathsOf(world.client).find((path) => path.name === name)!.localAddress
}

/** Packets that came out after a later one of their flow. */
function outOfOrder({ tun }: End): number[] {
  const last = new Map<number, number>()
  return tun.received.map(idOf).filter((id) => {
    const before = last.get(id % 10) ?? -1
    last.set(id % 10, Math.max(before, id))
    return id < before
  })
}

describe.each([
  ['in clear', {}],
  ['sealed', { security: {} }],
  ['sealed, in pieces', { security: {}, wire: { maxFrameBytes: 500 } }],
])('two unlike lines, %s', (_how, options) => {
  test.each(SIDES)('bring every packet of the %s once and each flow in order', async (side) => {
    await inUnlikeWorld(options, async (world) => {
      const far = world[side === 'client' ? 'server' : 'client']
      await transfer(world, side, 1000)
      expect(inOrder(far.tun.received)).toEqual(inOrder(packets(2000, { bytes: 1200 })))
      expect(outOfOrder(far)).toEqual([])
    })
  })
})

describe('a line that loses frames', () => {
  test('has them repaired over the other line, where that is as near', async () => {
    await inUnlikeWorld({}, async (world) => {
      for (const line of [0, 1]) world.line(line).set({ loss: line === 0 ? 0.02 : 0, delayMs: 5 })
      await transfer(world, 'client', 3000)
      const { repaired } = repairsOf(world.client)
      expect(repaired).toBeGreaterThan(20)
      const again = sentAgain(world.client)
      expect(again).toHaveLength(repaired)
      for (const each of again) expect(each.local).not.toBe(homeOf(world, each))
      // What is left is what was too much for the budget.
      expect(world.server.tun.received.length).toBeGreaterThan(5990)
    })
  })

  test('has them repaired over itself, where all would wait for the other one', async () => {
    await inUnlikeWorld({}, async (world) => {
      world.line(0).set({ loss: 0.02 })
      await transfer(world, 'client', 3000)
      const again = sentAgain(world.client)
      expect(again.length).toBeGreaterThan(20)
      for (const each of again) expect(each.local).toBe(homeOf(world, each))
      expect(world.server.tun.received.length).toBeGreaterThan(5990)
    })
  })

  test('has two repairs of each sent when the other line loses some too', async () => {
    await inUnlikeWorld({}, async (world) => {
      // As near as the first one, so that it carries packets too, and is known.
      for (const line of [0, 1]) world.line(line).set({ loss: 0.02, delayMs: 5 })
      await transfer(world, 'client', 3000)
      const { repaired } = repairsOf(world.client)
      expect(repaired).toBeGreaterThan(50)
      const again = sentAgain(world.client).length
      // Before the other line has lost any, one will do.
      expect(again).toBeGreaterThan(1.8 * repaired)
      expect(again).toBeLessThanOrEqual(2 * repaired)
    })
  })

  test('has them repaired again when the other line loses the repair', async () => {
    await inUnlikeWorld({}, async (world) => {
      for (const line of [0, 1]) world.line(line).set({ loss: 0.05 })
      await transfer(world, 'client', 3000)
      // Of 6000 packets 300 are lost, 15 of them twice. What is left was lost three times, or its line was given up.
      expect(6000 - world.server.tun.received.length).toBeLessThan(10)
    })
  })

  test('moves no path: frames that another line brings say nothing of its address', async () => {
    await inUnlikeWorld({ security: {} }, async (world) => {
      const before = pathsOf(world.server).map(({ remoteAddress }) => remoteAddress)
      world.line(0).set({ loss: 0.05 })
      await transfer(world, 'client', 2000)
      expect(repairsOf(world.client).repaired).toBeGreaterThan(20)
      expect(pathsOf(world.server).map(({ remoteAddress }) => remoteAddress)).toEqual(before)
      for (const end of world.ends) {
        expect(countOf(end, 'closed')).toBe(0)
        expect(countOf(end, 'path-linked')).toBe(2)
      }
    })
  })
})

describe('a line that swallows everything in mid-transfer', () => {
  test('is left within 250 ms, and what it swallowed comes over the other', async () => {
    await inUnlikeWorld({}, async (world) => {
      const { client, server } = world
      world.line(0).cut()
      let leftMs = 0
      for (let at = 0; at < 600; at++) {
        client.tun.injectBatch(packets(1, { from: at, bytes: 1200 }))
        await world.pass(1)
        if (leftMs === 0 && pathsOf(client)[0]!.use !== 'active') leftMs = at + 1
      }
      expect(leftMs).toBeGreaterThan(0)
      expect(leftMs).toBeLessThanOrEqual(250)
      // The other line had little to do before, and what it carries has to be found out.
      await world.pass(1500)
      expect(repairsOf(client).repaired).toBeGreaterThan(20)
      const came = new Set(server.tun.received.map(idOf))
      const after = Array.from({ length: 600 - leftMs }, (_, index) => leftMs + index)
      // One that is lost on the line it is repaired over, or is beyond the budget of repairs, stays lost.
      expect(after.filter((id) => !came.has(id)).length).toBeLessThan(after.length / 50)
      world.line(0).restore()
      await world.until(() => world.allHealthy(), 10_000)
    })
  })
})

describe('a line that swallows everything beside a link that is full again and again', () => {
  test('has what it swallowed repaired when there is room', async () => {
    await inUnlikeWorld({ wire: { sendBufferBytes: 4096 } }, async (world) => {
      const { client } = world
      const fill = async (ms: number): Promise<void> => {
        for (let at = 0; at < ms; at++) {
          client.tun.injectBatch(packets(6, { from: 6 * at, bytes: 1200 }))
          await world.pass(1)
        }
      }
      // Slow enough for all that it swallows to be within the budget of repairs.
      world.line(0).set({ rateBps: 20e6 })
      await fill(1000)
      world.line(0).cut()
      const before = repairsOf(client)
      await fill(400)
      await world.pass(500)
      const after = repairsOf(client)
      const lost = after.lost - before.lost
      expect(lost).toBeGreaterThan(50)
      expect(after.repaired - before.repaired).toBeGreaterThan(lost * 0.9)
    })
  })
})

describe('more than the lines carry', () => {
  test('is dropped as queue-full, and no more waits than the bound', async () => {
    await inUnlikeWorld({}, async (world) => {
      for (let at = 0; at < 500; at++) {
        world.client.tun.injectBatch(packets(30, { from: 30 * at, bytes: 1200 }))
        await world.pass(1)
        expect(statsOf(world.client).sessions[0]!.bonding!.waiting).toBeLessThan(2000)
        expect(world.client.pool.inUse).toBeLessThan(world.client.pool.capacity)
      }
      expect(statsOf(world.client).drops['queue-full']).toBeGreaterThan(1000)
      await world.pass(1000)
      expect(statsOf(world.client).sessions[0]!.bonding!.waiting).toBe(0)
    })
  })
})
