import type { Link, Transport } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { memoryTun, roundRobin, simRuntime } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import { ControlKind, FrameType, sendTimeOf } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { TunnelClient } from '../src/client.ts'
import type { TunnelEvent } from '../src/events.ts'
import { packets, stream } from './support/packets.ts'
import { frameFor, frameOf, handshakeOf, indexOf, probeBody, throwAt } from './support/raw.ts'
import { dataFrames } from './support/tap.ts'
import { closeReasons, countOf, inWorld, pathsOf, SERVER_HOST, statsOf, World } from './support/world.ts'

const refusing: Transport = {
  name: 'refusing',
  dial: () => Promise.reject(new Error('the line is not plugged in')),
  listen: () => Promise.reject(new Error('nobody listens here')),
}

describe('a path that gets no link', () => {
  test('is told of once, costs no memory and no drops, however long it lasts', async () => {
    const runtime = simRuntime()
    const pool = new Mempool()
    const events: TunnelEvent[] = []
    const client = new TunnelClient({
      runtime,
      pool,
      tun: memoryTun({ pool }),
      createScheduler: () => roundRobin(),
      createFragmenter: () => fragmenter({ pool }),
      paths: [{ name: 'dsl', transport: refusing, endpoint: `${SERVER_HOST}:7000` }],
      onEvent: (event) => events.push(event),
    })
    client.start()
    await runtime.advance(3_600_000)
    expect(events.map(({ type }) => type)).toEqual(['path-unlinked', 'unanswered'])
    expect(events[0]).toMatchObject({ path: 'dsl', reason: 'the line is not plugged in' })
    expect(pool.inUse).toBe(0)
    await client.close()
    expect(client.stats().drops).toEqual({})
    expect(runtime.pendingTimers).toBe(0)
  })
})

/** A world whose client leaves over links that the test can end. */
function breakable(): { world: World; links: Link[] } {
  const links: Link[] = []
  const tap = (transport: Transport): Transport => ({
    ...transport,
    dial: async (...dial) => {
      const link = await transport.dial(...dial)
      links.push(link)
      return link
    },
  })
  return { world: new World({ wrapClient: tap }), links }
}

describe('a path whose link ends', () => {
  test('gets another one and goes on, while the other carries the traffic', async () => {
    const { world, links } = breakable()
    await world.start()
    links[0]!.close()
    await world.pass(1)
    expect(pathsOf(world.client).map(({ use }) => use)).toEqual(['suspended', 'active'])
    expect(await stream(world, 'client', { count: 50 })).toHaveLength(50)
    expect(countOf(world.client, 'path-unlinked')).toBe(1)
    await world.until(() => world.allHealthy(), 3000)
    expect(links).toHaveLength(3)
    expect(countOf(world.client, 'established')).toBe(1)
    for (const side of ['client', 'server'] as const) {
      expect(await stream(world, side, { count: 50 })).toHaveLength(50)
    }
    await world.close()
  })

  test('is not told goodbye: there is nobody to carry it', async () => {
    const { world, links } = breakable()
    await world.start()
    links[0]!.close()
    await world.pass(1)
    await world.client.tunnel.close()
    await world.pass(20)
    expect(statsOf(world.client).drops).toEqual({})
    expect(closeReasons(world.server)).toEqual(['closed by client'])
    await world.close()
  })

  test('drops what waited for it, with a name', async () => {
    const { world, links } = breakable()
    await world.start()
    for (const link of links) Object.assign(link, { send: () => 0 })
    world.client.tun.injectBatch(packets(20))
    for (const link of links) link.close()
    await world.pass(1)
    const drops = statsOf(world.client).drops
    expect(drops).toEqual({ 'path-closed': 20 })
    await world.close()
  })
})

describe('a TUN that goes away', () => {
  test('is told of when somebody else closed it, and not when the tunnel did', async () => {
    await inWorld({}, async ({ client, server, trace }) => {
      await client.tun.close()
      expect(trace.filter((line) => line.includes('TUN'))).toEqual(['client lost its TUN: undefined'])
      await server.tunnel.close()
      expect(trace.filter((line) => line.includes('TUN'))).toHaveLength(1)
    })
  })
})

describe('what the two ends tell each other', () => {
  test('the weights of the client rule: it does not listen to wishes of the server', async () => {
    await inWorld({}, async ({ client, server }) => {
      const wish = (end: typeof client | typeof server): Uint8Array =>
        frameFor(end, { type: FrameType.control }, probeBody(ControlKind.probe, 300))
      throwAt(client, [wish(client)])
      throwAt(server, [wish(server)])
      expect(pathsOf(client).map(({ weight }) => weight)).toEqual([1, 1])
      expect(pathsOf(server).map(({ weight }) => weight)).toEqual([300, 1])
    })
  })

  test('every frame says when it was sent, probes and their replies too', async () => {
    await inWorld({}, async (world) => {
      const { client, server, runtime } = world
      await world.pass(20_000)
      for (const end of [client, server]) {
        const kinds = [ControlKind.probe, ControlKind.probeReply]
        for (const kind of kinds) {
          const last = end.tap.sent.findLast(
            ({ header, bytes }) => header.type === FrameType.control && bytes[16] === kind,
          )
          const ageMs = ((sendTimeOf(runtime.nowMs()) - last!.header.sendTime) & 0xffff) * 0.128
          expect(ageMs).toBeLessThan(1300)
        }
      }
    })
  })

  test('counters of a path run through from 0, data and control together', async () => {
    await inWorld({}, async (world) => {
      await stream(world, 'client', { count: 100, perMs: 3 })
      for (const end of [world.client, world.server]) {
        const sent = end.tap.sent.filter(({ header }) => header.type >= FrameType.data)
        for (const id of [0, 1]) {
          const counters = sent
            .filter(({ header }) => header.pathId === id)
            .map(({ header }) => header.counter24)
          expect(counters).toEqual(counters.map((_, index) => index))
        }
      }
    })
  })

  test('sequence numbers run through from 0 over all paths', async () => {
    await inWorld({}, async (world) => {
      await stream(world, 'client', { count: 100, perMs: 3 })
      const sent = world.client.tap.sent.filter(({ header }) => header.type === FrameType.data)
      const sequences = sent.map(({ header }) => header.sequence).toSorted((a, b) => a - b)
      expect(sequences).toEqual(Array.from({ length: 100 }, (_, index) => index))
    })
  })

  test('sequence numbers begin at 0 again with another session of the server', async () => {
    await inWorld({}, async (world) => {
      await stream(world, 'client', { count: 20 })
      await world.kill('server')
      await world.startServer()
      await world.until(() => countOf(world.client, 'established') === 2 && world.allHealthy(), 20_000)
      const { sent } = world.client.tap
      const before = sent.length
      await stream(world, 'client', { count: 5 })
      const sequences = dataFrames(sent.slice(before)).map(({ header }) => header.sequence)
      expect(sequences.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
    })
  })
})

describe('a server that cannot listen everywhere', () => {
  test('says why, and gives back what it had when it is closed', async () => {
    const world = new World({ ports: [7000, 7001] })
    const pool = new Mempool()
    const other = world.network.open(`${SERVER_HOST}:7001`, { pool })
    await expect(world.startServer()).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await world.close()
    await other.close()
    await world.network.open(`${SERVER_HOST}:7000`, { pool }).close()
    expect(pool.inUse).toBe(0)
  })

  test('listens at the addresses it names', async () => {
    await inWorld({ ports: [7000, 7001] }, async ({ server }) => {
      expect(server.tunnel).toMatchObject({ localAddresses: [`${SERVER_HOST}:7000`, `${SERVER_HOST}:7001`] })
    })
  })
})

describe('an end that is closed', () => {
  test('says so once, and takes no more in', async () => {
    await inWorld({}, async (world) => {
      const { client, server } = world
      const late = [frameOf({ receiver: indexOf(server) }, packets(1)[0]), handshakeOf({})]
      // At once, so that neither hears the other's last word before it says its own.
      await Promise.all([client, server, client, server].map(({ tunnel }) => tunnel.close()))
      expect(closeReasons(client)).toEqual(['client closed'])
      expect(closeReasons(server)).toEqual(['server closed'])
      const told = world.trace.length
      throwAt(server, late)
      throwAt(client, [...late, handshakeOf({ receiver: indexOf(client) })])
      await world.pass(60_000)
      expect(world.trace).toHaveLength(told)
      expect(statsOf(server).drops).toMatchObject({ closed: 2 })
      expect(statsOf(client).drops).toMatchObject({ closed: 3 })
      expect(statsOf(server).sessions).toEqual([])
      for (const { pool, tun } of [client, server]) expect([pool.inUse, tun.received.length]).toEqual([0, 0])
    })
  })
})
