import { ControlKind, FLAG_FRAGMENT, FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { packet, packets, stream } from './support/packets.ts'
import {
  closeBody,
  frameFor,
  frameOf,
  handshakeOf,
  indexOf,
  nowhere,
  probeBody,
  stranger,
  throwAt,
} from './support/raw.ts'
import { closeReasons, countOf, dropsOf, inWorld, pathsOf, statsOf } from './support/world.ts'
import type { End, World } from './support/world.ts'

describe('packets that cannot go on are dropped under one name', () => {
  test('tun-full: the far TUN takes no more', async () => {
    await inWorld({ tunRoom: 30 }, async (world) => {
      world.client.tun.injectBatch(packets(50))
      await world.pass(50)
      expect(world.server.tun.received).toHaveLength(30)
      expect(statsOf(world.server).drops).toEqual({ 'tun-full': 20 })
      world.server.tun.received.length = 0
      expect(await stream(world, 'client', { count: 20 })).toHaveLength(20)
    })
  })

  test('link-full: every link is full, and all is well when there is room again', async () => {
    const slow = { rateBps: 1e6, delayMs: 10, queueBytes: 1e6 }
    await inWorld({ line: slow, wire: { sendBufferBytes: 3000 } }, async (world) => {
      const { client, server } = world
      for (let burst = 0; burst < 4; burst++) client.tun.injectBatch(packets(60, { from: burst * 60 }))
      const dropped = statsOf(client).drops['link-full']!
      expect(dropped).toBeGreaterThan(0)
      expect(pathsOf(client).map(({ use }) => use)).toEqual(['suspended', 'suspended'])
      await world.pass(3000)
      expect(server.tun.received).toHaveLength(240 - dropped)
      expect(pathsOf(client).map(({ queuedFrames }) => queuedFrames)).toEqual([0, 0])
      expect(statsOf(client).drops).toEqual({ 'link-full': dropped })
      expect(await stream(world, 'client', { count: 5 })).toHaveLength(5)
    })
  })

  test('a full link leaves its share to the others', async () => {
    await inWorld({ wire: { sendBufferBytes: 2000 } }, async (world) => {
      world.line(0).set({ rateBps: 1e6, queueBytes: 1e6 })
      expect(await stream(world, 'client', { count: 400, perMs: 2 })).toHaveLength(400)
      const [slow, fast] = pathsOf(world.client)
      expect(fast!.txBytes).toBeGreaterThan(3 * slow!.txBytes)
      expect(statsOf(world.client).drops).toEqual({})
    })
  })

  test('pool-empty: no memory for a probe, and probing goes on when there is some', async () => {
    await inWorld({ slots: 64 }, async (world) => {
      const { client } = world
      const taken = Array.from({ length: 64 - client.pool.inUse }, () => client.pool.acquire())
      await world.pass(400)
      const drops = statsOf(client).drops
      expect(Object.keys(drops)).toEqual(['pool-empty'])
      for (const slot of taken) client.pool.release(slot)
      await world.until(() => world.allHealthy(), 5000)
      expect(await stream(world, 'client', { count: 20 })).toHaveLength(20)
    })
  })

  test('pool-empty: no memory for the pieces of a packet', async () => {
    await inWorld({ slots: 64, wire: { maxFrameBytes: 700 } }, async (world) => {
      const { client } = world
      const taken = Array.from({ length: 64 - client.pool.inUse - 2 }, () => client.pool.acquire())
      expect(await dropsOf(client, () => client.tun.inject(packet(1, { bytes: 1400 })))).toEqual({
        'pool-empty': 1,
      })
      for (const slot of taken) client.pool.release(slot)
    })
  })

  test('link-…: what a link dropped is told with its path, and when it has ended with the tunnel', async () => {
    await inWorld({}, async (world) => {
      const { client } = world
      world.line(0).unreachable()
      await stream(world, 'client', { count: 20 })
      const told = (): number[] => [
        pathsOf(client)[0]!.link?.drops['unreachable'] ?? 0,
        statsOf(client).drops['link-unreachable'] ?? 0,
      ]
      const [now = 0, before = 0] = told()
      expect(now + before).toBeGreaterThan(0)
      world.restoreAll()
      client.tunnel.redialPath('dsl')
      await world.until(() => told()[0] === 0, 1000)
      await world.pass(10)
      expect(told()).toEqual([0, now + before])
      client.tunnel.suspendPath('dsl', 'pulled out')
      await world.pass(10)
      expect(told()).toEqual([0, now + before])
    })
  })

  test('too-big: the packet would need more pieces than there may be', async () => {
    await inWorld({ wire: { maxFrameBytes: 50 } }, async (world) => {
      const drops = await dropsOf(world.client, () => world.client.tun.inject(packet(1, { bytes: 1400 })))
      expect(drops).toEqual({ 'too-big': 1 })
      expect(await stream(world, 'client', { count: 10, bytes: 100 })).toHaveLength(10)
    })
  })

  test('ip-*: what the TUN gives is no proper packet', async () => {
    await inWorld({}, async (world) => {
      const good = packet(1)
      const broken = [good.slice(0, 10), good.slice(0, 400), Uint8Array.from(good, (byte) => byte ^ 0x80)]
      const drops = await dropsOf(world.client, () => world.client.tun.injectBatch(broken))
      expect(drops).toEqual({ 'ip-short': 1, 'ip-bad-length': 1, 'ip-bad-version': 1 })
    })
  })
})

describe('frames that are not what they should be are dropped under one name', () => {
  const control = { type: FrameType.control }
  const faults: [name: string, frame: (end: End) => Uint8Array][] = [
    ['short', () => new Uint8Array(15).fill(0x50)],
    ['bad-version', (end) => frameFor(end, {}, packet(1)).fill(0xd0, 0, 1)],
    ['bad-type', (end) => frameFor(end, { type: 9 }, packet(1))],
    ['bad-receiver', (end) => frameFor(end, { receiver: 0 }, packet(1))],
    ['bad-flags', (end) => frameFor(end, { flags: 0x80 }, packet(1))],
    ['bad-length', (end) => frameFor(end, {})],
    ['bad-control', (end) => frameFor(end, control, probeBody(9))],
    ['unknown-session', (end) => frameFor(end, { receiver: (indexOf(end) % 0xff_fffe) + 1 }, packet(1))],
    ['replayed', (end) => end.tap.received.at(-1)!.bytes],
    ['ip-bad-version', (end) => frameFor(end, {}, packet(1).fill(0, 0, 1))],
    ['piece-malformed', (end) => frameFor(end, { flags: FLAG_FRAGMENT }, Uint8Array.of(0, 1, 0, 1, 5))],
  ]

  test.each(faults)('%s, at both ends', async (name, frame) => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server]) {
        const received = end.tun.received.length
        expect(await dropsOf(end, () => throwAt(end, [frame(end)]))).toEqual({ [name]: 1 })
        expect(end.tun.received).toHaveLength(received)
      }
    })
  })

  test('replayed: the same frame twice in one batch', async () => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server]) {
        const frame = frameFor(end, {}, packet(1))
        expect(await dropsOf(end, () => throwAt(end, [frame, frame, frame]))).toEqual({ replayed: 2 })
        expect(end.tun.received).toHaveLength(1)
      }
    })
  })

  test('late-reply: nobody waits for it, or not any more', async () => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server]) {
        const frames = [
          frameFor(end, control, probeBody(ControlKind.probeReply)),
          frameFor(end, control, Uint8Array.of(ControlKind.sizeReply, 0, 5, 120, 1, 2, 3, 4)),
        ]
        expect(await dropsOf(end, () => throwAt(end, frames))).toEqual({ 'late-reply': 2 })
      }
    })
  })

  test('unexpected-control: a server ends no path', async () => {
    await inWorld({}, async ({ client }) => {
      const end = frameFor(client, control, Uint8Array.of(ControlKind.pathClose, 0, 0, 0))
      expect(await dropsOf(client, () => throwAt(client, [end]))).toEqual({ 'unexpected-control': 1 })
      expect(pathsOf(client)).toHaveLength(2)
    })
  })

  test('bad-handshake and bad-length: a greeting that is none', async () => {
    await inWorld({}, async ({ server }) => {
      const greetings = [handshakeOf({ sender: 0 }), handshakeOf({}).slice(0, 19)]
      expect(await dropsOf(server, () => throwAt(server, greetings))).toEqual({
        'bad-handshake': 1,
        'bad-length': 1,
      })
      expect(closeReasons(server)).toEqual([])
    })
  })

  test('unknown-path: the server speaks on a path that the client does not have', async () => {
    await inWorld({}, async ({ client }) => {
      const frames = [frameFor(client, { pathId: 9 }, packet(1))]
      expect(await dropsOf(client, () => throwAt(client, frames))).toEqual({ 'unknown-path': 1 })
    })
  })

  test('unknown-path: a client has more paths than there may be', async () => {
    await inWorld({}, async (world) => {
      const { server } = world
      const link = { ...nowhere(server), link: () => ({ ...fakeLink, close: () => {} }) }
      const receiver = indexOf(server)
      const frames = Array.from({ length: 40 }, (_, pathId) =>
        frameOf({ receiver, pathId: 100 + pathId }, packet(pathId)),
      )
      expect(await dropsOf(server, () => throwAt(server, frames, link))).toEqual({ 'unknown-path': 10 })
      expect(pathsOf(server)).toHaveLength(32)
    })
  })

  test('foreign-welcome: an answer to somebody else', async () => {
    await inWorld({}, async ({ client }) => {
      const frames = [handshakeOf({ receiver: indexOf(client) })]
      expect(await dropsOf(client, () => throwAt(client, frames))).toEqual({ 'foreign-welcome': 1 })
      expect(statsOf(client).sessions[0]?.established).toBe(true)
    })
  })

  test('unexpected-handshake: nobody welcomes a server', async () => {
    await inWorld({}, async ({ server }) => {
      const frames = [handshakeOf({ receiver: indexOf(server) })]
      expect(await dropsOf(server, () => throwAt(server, frames))).toEqual({ 'unexpected-handshake': 1 })
    })
  })

  test('unknown-path: a client speaks from an address that cannot be answered', async () => {
    await inWorld({}, async ({ server }) => {
      const frames = [1, 2, 3].map((id) => frameFor(server, { pathId: 9 }, packet(id)))
      expect(await dropsOf(server, () => throwAt(server, frames))).toEqual({ 'unknown-path': 3 })
      expect(pathsOf(server)).toHaveLength(2)
      // The path may join all the same, from elsewhere.
      throwAt(server, [frameFor(server, { pathId: 9 }, packet(4))], stranger(server).source)
      expect(pathsOf(server).map(({ id }) => id)).toEqual([0, 1, 9])
    })
  })

  test('what comes behind the end of a session in the same batch is counted like the rest', async () => {
    await inWorld({}, async ({ server }) => {
      const close = frameFor(server, { type: FrameType.control }, closeBody())
      const frames = [close, ...packets(5).map((bytes) => frameFor(server, {}, bytes))]
      expect(await dropsOf(server, () => throwAt(server, frames))).toEqual({ 'unknown-path': 5 })
      expect(closeReasons(server)).toEqual(['closed by client'])
    })
  })
})

const fakeLink = {
  transport: 'fake',
  localAddress: 'here:1',
  remoteAddress: 'there:1',
  maxFrameBytes: 1400,
  send: () => 0,
  stats: () => ({ txFrames: 0, txBytes: 0, backlogBytes: 0, drops: {} }),
}

describe('a flood of greetings', () => {
  test('changes nothing for the client that is there, and leaves no memory behind', async () => {
    await inWorld({}, async (world: World) => {
      const { server } = world
      for (let round = 0; round < 20; round++) {
        const frames = Array.from({ length: 50 }, (_, index) =>
          handshakeOf({ instanceLow: round * 50 + index, pathId: index }),
        )
        throwAt(server, frames)
      }
      // A few were let in; all but the last took the place of each other, none that of the client.
      const replaced = closeReasons(server).length
      expect(replaced).toBeLessThan(20)
      expect(statsOf(server).drops['hello-flood']).toBe(999 - replaced)
      expect(statsOf(server).sessions).toHaveLength(2)
      expect(server.pool.inUse).toBe(0)
      expect(pathsOf(server)).toHaveLength(2)
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 20 })).toHaveLength(20)
      }
      expect(countOf(world.client, 'established')).toBe(1)
      await world.pass(200_000)
      expect(statsOf(server).sessions).toHaveLength(1)
    })
  })
})

describe('counters', () => {
  test('of links and listeners are told with those of the tunnel', async () => {
    await inWorld({ ports: [7000, 7001] }, async (world) => {
      await stream(world, 'client', { count: 20 })
      const { listeners } = statsOf(world.server)
      const paths = pathsOf(world.client)
      expect(paths.map(({ link }) => link?.txFrames)).toEqual(paths.map(({ txFrames }) => txFrames))
      expect(listeners.map(({ rxFrames }) => rxFrames > 0)).toEqual([true, false])
      expect(statsOf(world.client).listeners).toEqual([])
    })
  })

  test('stay as they are when a tunnel is closed', async () => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server]) {
        throwAt(end, [new Uint8Array(3), new Uint8Array(4)])
        await end.tunnel.close()
        expect(statsOf(end).drops).toEqual({ short: 2 })
      }
    })
  })
})
