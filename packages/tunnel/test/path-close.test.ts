import type { Link, Transport } from '@mp/interface'
import { memoryTransport } from '@mp/testkit'
import { ControlKind, FrameType } from '@mp/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Session } from '../src/session.ts'
import { dropHandshakes } from './support/handshakes.ts'
import { packet, packets, stream } from './support/packets.ts'
import { frameFor, throwAt } from './support/raw.ts'
import { countOf, dropsOf, inWorld, pathsOf, SERVER_HOST, statsOf } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

const REKEY_MS = 120_000

afterEach(() => {
  vi.restoreAllMocks()
})

/** Has `body` run in a world together with the session of its client, which dials no path again. */
async function withSession(
  options: WorldOptions,
  body: (world: World, session: Session) => Promise<void>,
): Promise<void> {
  // Only clients greet.
  const greet = vi.spyOn(Session.prototype, 'sendHandshake')
  let dials = 0
  const wrapClient = (transport: Transport): Transport => ({
    ...transport,
    dial: (...dial) => (dials++ < 2 ? transport.dial(...dial) : Promise.reject(new Error('not again'))),
  })
  await inWorld({ ...options, wrapClient }, (world) => body(world, greet.mock.contexts[0] as Session))
}

/** A link from another host of the client. */
const spareLink = ({ network, client }: World): Promise<Link> =>
  memoryTransport(network, { pool: client.pool, host: '10.0.7.1' }).dial(`${SERVER_HOST}:7000`, {
    handler: client.tunnel,
  })

describe('a client that is to use a path no more', () => {
  test.each([{}, undefined])('takes it away at both ends in mid-transfer, security: %j', async (security) => {
    const paths = [{ name: 'dsl' }, { name: 'lte' }, { name: 'sat' }]
    await inWorld({ paths, ...(security && { security }) }, async (world) => {
      const { client, server } = world
      let closed = false
      for (let id = 0; id < 200; id++) {
        client.tun.injectBatch(packets(1, { from: id }))
        server.tun.injectBatch(packets(1, { from: id }))
        if (id === 100) closed = client.tunnel.closePath('lte')
        await world.pass(1)
      }
      expect(closed).toBe(true)
      await world.pass(300)
      for (const end of [client, server]) {
        expect(pathsOf(end).map(({ id, use }) => [id, use])).toEqual([
          [0, 'active'],
          [2, 'active'],
        ])
      }
      // What was under way to the server came before its end was told; the server learned of it 10 ms later.
      expect(server.tun.received).toHaveLength(200)
      expect(client.tun.received.length).toBeGreaterThan(190)
      await world.pass(60_000)
      const late = client.tap.sent.findLast(({ header }) => header.pathId === 1)!
      expect(late).toMatchObject({ header: { type: FrameType.control } })
      expect(world.network.flyingDatagrams).toBe(0)
    })
  })

  test('does not dial it again, and lets go of a dial under way', async () => {
    await inWorld({ security: {} }, async (world) => {
      const { client } = world
      world.line(0).unreachable('EINVAL')
      await stream(world, 'client', { count: 20 })
      expect(client.tunnel.closePath('dsl')).toBe(true)
      world.restoreAll()
      await world.pass(60_000)
      expect(pathsOf(client).map(({ name }) => name)).toEqual(['lte'])
      expect(countOf(client, 'path-linked')).toBe(2)
    })
  })

  test('looks for its server at once when the others do not work', async () => {
    await inWorld({ security: {} }, async (world) => {
      const { client } = world
      world.line(1).cut()
      await stream(world, 'client', { count: 2000 })
      client.tunnel.closePath('dsl')
      expect(countOf(client, 'stalled')).toBe(1)
      world.restoreAll()
      await world.until(() => pathsOf(client)[0]!.prober.state === 'normal', 10_000)
    })
  })

  test('keeps the last one, and knows no other names', async () => {
    await inWorld({ security: {} }, async ({ client }) => {
      expect(client.tunnel.closePath('sat')).toBe(false)
      expect(client.tunnel.closePath('lte')).toBe(true)
      expect(client.tunnel.closePath('lte')).toBe(false)
      expect(() => client.tunnel.closePath('dsl')).toThrow(RangeError)
      expect(pathsOf(client).map(({ name }) => name)).toEqual(['dsl'])
    })
  })
})

describe('a path that the client closes', () => {
  test('is gone at the server too, and the others carry what it did', async () => {
    await withSession({ security: {} }, async (world, session) => {
      session.keeper.close(session.paths.get(0)!)
      await world.pass(20)
      for (const end of [world.client, world.server]) expect(pathsOf(end).map(({ id }) => id)).toEqual([1])
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 50 })).toHaveLength(50)
      }
    })
  })

  test('burns its id: nobody may use it until its keys are gone, two changes of keys later', async () => {
    await withSession({ security: {} }, async (world, session) => {
      let { txCounter } = session.paths.get(0)!
      session.keeper.close(session.paths.get(0)!)
      const drops: number[] = []
      for (let epoch = 0; epoch <= 2; epoch++) {
        await world.pass(epoch * REKEY_MS + 20_000 - world.runtime.nowMs())
        const before = statsOf(world.server).drops['unknown-path'] ?? 0
        const again = session.keeper.add({ id: 0, name: 'again' })
        // It goes on counting where the old one ended, so that no nonce is used twice.
        again.txCounter = txCounter
        session.keeper.attach(again, await spareLink(world))
        await world.pass(100)
        drops.push((statsOf(world.server).drops['unknown-path'] ?? 0) - before)
        if (epoch === 2) break
        session.keeper.close(again)
        ;({ txCounter } = again)
      }
      expect(drops[0]).toBeGreaterThan(0)
      expect(drops[1]).toBeGreaterThan(0)
      expect(drops[2]).toBe(0)
      expect(new Set(pathsOf(world.server).map(({ id }) => id))).toEqual(new Set([0, 1]))
    })
  })

  test('does not get its id back by changes of keys that never come about', async () => {
    await withSession({ security: {} }, async (world, session) => {
      await world.pass(REKEY_MS - 5000)
      dropHandshakes(world.client)
      const { txCounter } = session.paths.get(0)!
      session.keeper.close(session.paths.get(0)!)
      // The server hears of new keys again and again, and nobody uses them.
      await world.pass(50_000)
      expect(
        world.server.tap.sent.filter(({ header }) => header.type === FrameType.welcome).length,
      ).toBeGreaterThan(9)
      const again = session.keeper.add({ id: 0, name: 'again' })
      again.txCounter = txCounter
      session.keeper.attach(again, await spareLink(world))
      await world.pass(100)
      expect(statsOf(world.server).drops['unknown-path']).toBeGreaterThan(0)
      expect(pathsOf(world.server).map(({ id }) => id)).toEqual([1])
    })
  })

  test('stays burnt without keys', async () => {
    await inWorld({}, async (world) => {
      const { server } = world
      throwAt(server, [
        frameFor(server, { type: FrameType.control }, Uint8Array.of(ControlKind.pathClose, 0, 0, 0)),
      ])
      expect(pathsOf(server).map(({ id }) => id)).toEqual([1])
      expect(await dropsOf(server, () => throwAt(server, [frameFor(server, {}, packet(1))]))).toEqual({
        'unknown-path': 1,
      })
      await world.pass(10 * REKEY_MS)
      expect(pathsOf(server).map(({ id }) => id)).toEqual([1])
    })
  })

  test('drops what waits for it, and leaves nothing behind', async () => {
    const options = { security: {}, wire: { sendBufferBytes: 2000 } }
    await withSession(options, async (world, session) => {
      world.line(0).set({ rateBps: 1e5, queueBytes: 1e6 })
      world.client.tun.injectBatch(packets(60))
      const path = session.paths.get(0)!
      const waiting = path.out.count
      expect(waiting).toBeGreaterThan(5)
      session.keeper.close(path)
      // And the last word that found no room either.
      expect(statsOf(world.client).drops).toMatchObject({ 'path-closed': waiting + 1 })
    })
  })
})

test('a server cannot take a path from its client', async () => {
  await inWorld({}, async (world) => {
    const { client } = world
    throwAt(client, [
      frameFor(client, { type: FrameType.control }, Uint8Array.of(ControlKind.pathClose, 0, 0, 0)),
    ])
    expect(pathsOf(client).map(({ id, use }) => [id, use])).toEqual([
      [0, 'active'],
      [1, 'active'],
    ])
    expect(await stream(world, 'client', { count: 40 })).toHaveLength(40)
  })
})
