import { ControlKind, FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets, stream } from './support/packets.ts'
import { frameFor, stranger, throwAt } from './support/raw.ts'
import type { Seen } from './support/tap.ts'
import { closeReasons, countOf, dropsOf, inWorld, pathsOf } from './support/world.ts'
import type { World } from './support/world.ts'

const options = { security: {}, paths: [{ name: 'dsl' }], line: { delayMs: 20 } }
/** Header, token and tag. */
const CHALLENGE_BYTES = 16 + 12 + 16

const remoteOf = (world: World): string | undefined => pathsOf(world.server)[0]?.remoteAddress

function rebind(world: World): string {
  return world.network.rebind({ localAddress: pathsOf(world.client)[0]!.localAddress! })
}

/** What the server sent to an address, in order. */
const sentTo = (world: World, address: string): Seen[] =>
  world.server.tap.sent.filter(({ remote }) => remote === address)

/** A frame that the client sent last, and that has not arrived. */
function withheld(world: World, id: number): Uint8Array {
  world.cutAll()
  world.client.tun.injectBatch(packets(1, { from: id, bytes: 100 }))
  world.restoreAll()
  return world.client.tap.sent.at(-1)!.bytes
}

describe('a path whose address changes in mid-transfer', () => {
  test('goes on, once the peer has shown that it receives there, and until then uses the old address', async () => {
    await inWorld(options, async (world) => {
      const old = remoteOf(world)!
      await stream(world, 'client', { count: 50 })
      const fresh = rebind(world)
      const remotes = new Set<string>()
      /** What went to the new address before it was proven. */
      let early: number[] = []
      let movedMs = -1
      const startMs = world.runtime.nowMs()
      for (let id = 0; id < 200; id++) {
        for (const side of ['client', 'server'] as const) {
          world[side].tun.injectBatch(packets(1, { from: 1000 + id, bytes: 200 }))
        }
        await world.pass(1)
        if (remoteOf(world) === fresh && movedMs < 0) movedMs = world.runtime.nowMs() - startMs
        if (movedMs < 0) early = sentTo(world, fresh).map(({ bytes }) => bytes.length)
        remotes.add(remoteOf(world)!)
      }
      expect([...remotes]).toEqual([old, fresh])
      expect(early).toEqual([CHALLENGE_BYTES])
      // There, and once to the client and back.
      expect(movedMs).toBeGreaterThanOrEqual(60)
      expect(movedMs).toBeLessThan(70)
      const [challenge] = sentTo(world, fresh)
      expect(challenge).toMatchObject({ header: { type: FrameType.control } })
      await world.pass(100)
      expect(world.server.tun.received).toHaveLength(50 + 200)
      // Of what the server sent, only that is lost which went to the old address.
      const lost = world.server.tap.sent.filter(({ remote }) => remote === old).length
      expect(200 - world.client.tun.received.length).toBeLessThan(70)
      expect(lost).toBeGreaterThan(0)
      expect(countOf(world.client, 'established')).toBe(1)
      expect(closeReasons(world.server)).toEqual([])
    })
  })

  test('is found by its probes when only the server sends: the gap is a quarter of a second at most', async () => {
    const paths = [{ name: 'dsl' }, { name: 'lte' }]
    await inWorld({ ...options, paths }, async (world) => {
      await stream(world, 'server', { count: 200 })
      for (const { localAddress } of pathsOf(world.client))
        world.network.rebind({ localAddress: localAddress! })
      let [lastMs, gapMs, seen] = [world.runtime.nowMs(), 0, world.client.tun.received.length]
      for (let id = 0; id < 1000; id++) {
        world.server.tun.injectBatch(packets(1, { from: id }))
        await world.pass(1)
        if (world.client.tun.received.length === seen) continue
        seen = world.client.tun.received.length
        gapMs = Math.max(gapMs, world.runtime.nowMs() - lastMs)
        lastMs = world.runtime.nowMs()
      }
      expect(gapMs).toBeGreaterThan(60)
      expect(gapMs).toBeLessThan(250)
      expect(countOf(world.client, 'established')).toBe(1)
    })
  })

  test('moves again and again, also while lines lose a tenth of the frames', async () => {
    const paths = [{ name: 'dsl' }, { name: 'lte' }]
    await inWorld({ ...options, paths, line: { delayMs: 20, loss: 0.1 } }, async (world) => {
      for (let round = 0; round < 10; round++) {
        const fresh = rebind(world)
        await stream(world, 'client', { count: 100, perMs: 1 })
        await world.until(() => remoteOf(world) === fresh, 5000)
      }
      expect(countOf(world.client, 'established')).toBe(1)
    })
  })

  test('moves at once when it was lost: nothing is sent there before probes are answered', async () => {
    await inWorld(options, async (world) => {
      world.cutAll()
      await world.until(() => pathsOf(world.server)[0]?.prober.state === 'lost', 30_000)
      const fresh = rebind(world)
      world.restoreAll()
      await world.until(() => world.allHealthy(), 10_000)
      expect(remoteOf(world)).toBe(fresh)
      expect(await stream(world, 'server', { count: 20 })).toHaveLength(20)
    })
  })
})

describe('frames that come from a third address', () => {
  test('move nothing when they were there before, however new they are', async () => {
    await inWorld(options, async (world) => {
      const { server } = world
      await stream(world, 'client', { count: 20 })
      const { source, answers } = stranger(server)
      const newest = server.tap.received.at(-1)!.bytes
      expect(await dropsOf(server, () => throwAt(server, [newest], source))).toEqual({ replayed: 1 })
      expect(answers).toEqual([])
      expect(remoteOf(world)).toBe(pathsOf(world.client)[0]!.localAddress)
    })
  })

  test('cause one challenge there and no more when they come first, and the path stays where it is', async () => {
    await inWorld(options, async (world) => {
      const { server } = world
      const home = remoteOf(world)!
      const frame = withheld(world, 7)
      const { source, answers } = stranger(server)
      throwAt(server, [frame], source)
      expect(inOrder(server.tun.received)).toEqual(inOrder(packets(1, { from: 7, bytes: 100 })))
      expect(answers.map(({ length }) => length)).toEqual([CHALLENGE_BYTES])
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 300, perMs: 3 })).toHaveLength(300)
      }
      await world.pass(10_000)
      expect(answers).toHaveLength(1)
      expect(remoteOf(world)).toBe(home)
    })
  })

  test('move nothing when they are late: newer ones have come from where the path is', async () => {
    await inWorld(options, async (world) => {
      const { server } = world
      const frame = withheld(world, 7)
      await stream(world, 'client', { count: 20 })
      const { source, answers } = stranger(server)
      const delivered = server.tun.received.length
      throwAt(server, [frame], source)
      await world.pass(1000)
      expect(server.tun.received).toHaveLength(delivered + 1)
      expect(answers).toEqual([])
      expect(remoteOf(world)).toBe(pathsOf(world.client)[0]!.localAddress)
    })
  })

  test('move nothing with an answer that was guessed', async () => {
    await inWorld({ paths: options.paths, line: options.line }, async (world) => {
      const { server } = world
      const home = remoteOf(world)
      const { source, answers } = stranger(server)
      throwAt(server, [withheld(world, 7)], source)
      expect(answers).toHaveLength(1)
      const guess = Uint8Array.of(ControlKind.pathResponse, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8)
      throwAt(server, [frameFor(server, { type: FrameType.control }, guess)], source)
      expect(remoteOf(world)).toBe(home)
    })
  })

  test('are asked anew when they come again after the first question was given up', async () => {
    await inWorld(options, async (world) => {
      const { source, answers } = stranger(world.server)
      throwAt(world.server, [withheld(world, 0)], source)
      await world.pass(4000)
      // The first tells that the time is over.
      for (const id of [1, 2]) throwAt(world.server, [withheld(world, id)], source)
      expect(answers).toHaveLength(2)
      expect(answers[0]).not.toEqual(answers[1])
    })
  })

  test('get less than three times of what they bring', async () => {
    await inWorld(options, async (world) => {
      const { source, answers } = stranger(world.server)
      let broughtBytes = 0
      for (let id = 0; id < 100; id++) {
        const frame = withheld(world, id)
        broughtBytes += frame.length
        throwAt(world.server, [frame], source)
        const sentBytes = answers.reduce((sum, { length }) => sum + length, 0)
        expect(sentBytes).toBeLessThan(3 * broughtBytes)
        await world.pass(7)
      }
      expect(answers.length).toBeGreaterThan(1)
      expect(answers.length).toBeLessThan(10)
      expect(remoteOf(world)).toBe(pathsOf(world.client)[0]!.localAddress)
    })
  })

  test('cost no links: as many addresses as there are leave one candidate behind', async () => {
    await inWorld(options, async (world) => {
      const open = new Set<object>()
      const { source } = stranger(world.server)
      const counting = {
        ...source,
        link: (peer: number) => {
          const link = { ...source.link(peer)!, close: () => void open.delete(link) }
          open.add(link)
          return link
        },
      }
      for (let id = 0; id < 50; id++) {
        const frame = withheld(world, id)
        throwAt(world.server, [frame], { ...counting })
        expect(open.size).toBeLessThanOrEqual(1)
        await world.pass(5)
      }
      await world.server.tunnel.close()
      expect(open.size).toBe(0)
    })
  })
})
