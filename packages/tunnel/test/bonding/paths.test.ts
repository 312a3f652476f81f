import { ControlKind, FrameType, HEADER_BYTES } from '@mp/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idOf, inOrder, packets, stream } from '../support/packets.ts'
import { inWorld, statsOf, World } from '../support/world.ts'
import type { End } from '../support/world.ts'

const ONE_PATH = [{ name: 'dsl' }]

/** Reports an end has sent. */
const reportsOf = ({ tap }: End): number =>
  tap.sent.filter(
    ({ header, bytes }) => header.type === FrameType.control && bytes[HEADER_BYTES] === ControlKind.report,
  ).length

/** How often anything is woken in `ms`, at both ends and on the lines, per second. */
async function wakeUps(world: World, ms: number): Promise<number> {
  const { runtime } = world
  let count = 0
  const setTimer = runtime.setTimer.bind(runtime)
  runtime.setTimer = (atMs, act) =>
    setTimer(atMs, () => {
      count++
      act()
    })
  await world.pass(ms)
  runtime.setTimer = setTimer
  return (count * 1000) / ms
}

describe('one path', () => {
  test('takes what comes at once and asks for no reports', async () => {
    await inWorld({ isAdaptive: true, paths: ONE_PATH }, async (world) => {
      // Far more than a path that is paced would take at first.
      world.client.tun.injectBatch(packets(500, { bytes: 1200 }))
      await world.pass(12)
      expect(inOrder(world.server.tun.received)).toEqual(inOrder(packets(500, { bytes: 1200 })))
      await stream(world, 'server', { count: 100 })
      expect([reportsOf(world.client), reportsOf(world.server)]).toEqual([0, 0])
    })
  })

  test('is joined by a second and left by it in mid-transfer, and everything comes once', async () => {
    const world = new World({ isAdaptive: true })
    world.line(1).cut()
    await world.startServer()
    world.startClient()
    await world.pass(500)
    const send = async (from: number): Promise<void> => {
      for (let at = 0; at < 500; at++) {
        for (const { tun } of world.ends) tun.injectBatch(packets(1, { from: from + at, bytes: 200 }))
        await world.pass(1)
      }
    }
    await send(0)
    world.line(1).restore()
    await world.until(() => world.allHealthy(), 20_000)
    await send(500)
    world.client.tunnel.closePath('lte')
    await send(1000)
    await world.pass(500)
    const sent = inOrder(packets(1500, { bytes: 200 }))
    expect(inOrder(world.server.tun.received)).toEqual(sent)
    // What was under way to the client on the path it closed is gone.
    expect(new Set(world.client.tun.received.map(idOf)).size).toBe(world.client.tun.received.length)
    expect(world.client.tun.received.length).toBeGreaterThan(1480)
    await world.close()
  })
})

describe('a second path that never works', () => {
  test('does not slow down the first one, whose other end knows of one path only', async () => {
    const world = new World({ isAdaptive: true })
    world.line(1).cut()
    await world.startServer()
    world.startClient()
    await world.pass(2000)
    for (let at = 0; at < 3000; at++) {
      world.client.tun.injectBatch(packets(1, { from: at, bytes: 1300 }))
      await world.pass(1)
    }
    await world.pass(500)
    expect(world.server.tun.received.length).toBeGreaterThan(2700)
    await world.close()
  })
})

describe('timers', () => {
  test('are few while nothing is sent', async () => {
    await inWorld({ isAdaptive: true }, async (world) => {
      await stream(world, 'client', { count: 100 })
      await world.pass(2000)
      const [before, perSecond] = [reportsOf(world.client), await wakeUps(world, 10_000)]
      // Two paths are probed ten times a second by each end; a report of reports would never end.
      expect(perSecond).toBeLessThan(250)
      expect((reportsOf(world.client) - before) / 10).toBeLessThan(25)
    })
  })

  test('are few while a path that lost its last frames has no other to be left for', async () => {
    await inWorld({ isAdaptive: true }, async (world) => {
      await stream(world, 'client', { count: 100 })
      world.cutAll()
      world.client.tun.injectBatch(packets(20, { from: 100 }))
      expect(await wakeUps(world, 3000)).toBeLessThan(300)
    })
  })

  test('come at most every millisecond at each end while more is sent than lines carry', async () => {
    await inWorld({ isAdaptive: true, line: { delayMs: 10, rateBps: 5e6 } }, async (world) => {
      world.client.tun.injectBatch(packets(2000, { bytes: 1200 }))
      const sent = world.client.tap.sent.length
      const perSecond = await wakeUps(world, 1000)
      // Each frame is a timer of its line, twice.
      expect(perSecond).toBeLessThan(2500 + 4 * (world.client.tap.sent.length - sent))
    })
  })
})

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('send' as const),
      count: fc.integer({ min: 1, max: 60 }),
      bytes: fc.integer({ min: 100, max: 1300 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom('cut', 'restore', 'worsen', 'slow', 'refuse', 'rebind', 'leave'),
      path: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('close', 'kill', 'rekey'),
      side: fc.constantFrom('client' as const, 'server' as const),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const PATHS = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]

async function run(world: World, steps: readonly Step[]): Promise<void> {
  let next = 0
  for (const each of steps) {
    if (each.what === 'send') {
      for (const side of ['client', 'server'] as const) {
        world[side].tun.injectBatch(packets(each.count, { from: next, bytes: each.bytes }))
      }
      next += each.count
    } else if (each.what === 'pass') await world.pass(each.ms)
    else if ('path' in each) change(world, each.what, each.path)
    else if (each.what === 'rekey') await world.pass(125_000)
    else {
      if (each.what === 'kill') await world.kill(each.side)
      else await world[each.side].tunnel.close()
      if (each.side === 'client') world.startClient()
      else await world.startServer()
    }
  }
}

function change(world: World, what: string, path: number): void {
  const line = world.line(path)
  if (what === 'cut') line.cut()
  else if (what === 'restore') line.restore()
  else if (what === 'refuse') line.unreachable()
  else if (what === 'worsen') line.set({ loss: 0.2, duplicateRatio: 0.2, reorderRatio: 0.2, jitterMs: 30 })
  else if (what === 'slow') line.set({ rateBps: 2e6, queueBytes: 5000 })
  else if (what === 'leave') leave(world, PATHS[path]!.name)
  else {
    const localAddress = statsOf(world.client).sessions[0]?.paths[path]?.localAddress
    if (localAddress !== undefined) world.network.rebind({ localAddress })
  }
}

/** The last path is closed with its tunnel only. */
function leave({ client }: World, name: string): void {
  if (statsOf(client).sessions[0]!.paths.length > 1) client.tunnel.closePath(name)
}

describe('whatever happens', () => {
  test.each([
    ['in clear', {}],
    ['sealed, in pieces', { security: {}, wire: { maxFrameBytes: 500 } }],
    ['sealed, with links that fill up', { security: {}, wire: { sendBufferBytes: 8000 } }],
  ])(
    'no sealed packet comes out twice, and no slot or timer is kept: %s',
    async (_how, options) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 40, size: 'max' }), async (seed, steps) => {
          const world = new World({ ...options, seed, isAdaptive: true, paths: PATHS, slots: 512 })
          await world.start()
          await run(world, steps)
          // In clear an end cannot tell late copies of the frames of a session before from those of the new one.
          const doubles = 'security' in options ? doublesAt(world, 'client') + doublesAt(world, 'server') : 0
          expect(doubles).toBe(0)
          // Counts slots and timers that are left, in the middle of whatever is going on.
          await world.close()
        }),
        { numRuns: 25, endOnFailure: true },
      )
    },
    60_000,
  )
})

/** Packets that came out at a side more than once. */
function doublesAt(world: World, side: 'client' | 'server'): number {
  const received = world.ends.filter((end) => end.side === side).flatMap(({ tun }) => tun.received)
  return received.length - new Set(received.map(idOf)).size
}

describe('what the resequencer dropped', () => {
  test('is counted when the session is over, too, and what it held as well', async () => {
    const world = new World({ isAdaptive: true, line: { delayMs: 10, rateBps: 10e6 } })
    await world.start()
    world.line(1).set({ delayMs: 60 })
    const held = (): number => statsOf(world.server).sessions[0]!.bonding!.resequencer?.heldPackets ?? 0
    for (let burst = 0; burst < 500 && held() === 0; burst++) {
      world.client.tun.injectBatch(packets(4, { from: 4 * burst, bytes: 1200 }))
      await world.pass(1)
    }
    const heldPackets = held()
    expect(heldPackets).toBeGreaterThan(0)
    const closed = world.server.tunnel.close()
    expect(statsOf(world.server).drops).toMatchObject({ closed: heldPackets })
    await closed
    await world.close()
  })
})
