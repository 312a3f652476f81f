import { afterEach, describe, expect, test, vi } from 'vitest'
import { PathKeeper } from '../src/path-keeper.ts'
import { packet, packets } from './support/packets.ts'
import { addressOf, HOME, inHub, isUp } from './support/hub.ts'
import { closeReasons, countOf, dropsOf, inWorld, statsOf } from './support/world.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('two clients of one server', () => {
  test.each([
    ['at two addresses', {}],
    ['behind one address', { host: '192.0.2.1' }],
  ])('%s each get what is theirs', async (_where, options) => {
    await inHub(
      2,
      async (hub) => {
        expect(await hub.send(0, {})).toBe(3)
        expect(await hub.send(1, {})).toBe(3)
        expect(await hub.sendBack(addressOf(0))).toEqual([3, 0])
        expect(await hub.sendBack(addressOf(1))).toEqual([0, 3])
        expect(await dropsOf(hub.server, () => hub.sendBack('10.77.9.9'))).toEqual({
          'no-peer': 3,
        })
        expect(statsOf(hub.server).sessions).toHaveLength(2)
      },
      options,
    )
  })

  test('mixed in one batch each get what is theirs, in order', async () => {
    await inHub(2, async (hub) => {
      const mixed = Array.from({ length: 60 }, (_, id) => {
        const dst = addressOf(id % 3 === 0 ? 1 : 0)
        return packet(id, { src: HOME, dst, bytes: 100 })
      })
      hub.server.tun.injectBatch(mixed)
      await hub.pass(30)
      expect(hub.clients[0]!.tun.received).toEqual(mixed.filter((_, id) => id % 3 !== 0))
      expect(hub.clients[1]!.tun.received).toEqual(mixed.filter((_, id) => id % 3 === 0))
    })
  })

  test('cannot speak with the address of the other, or of anybody else', async () => {
    await inHub(2, async (hub) => {
      const drops = await dropsOf(hub.server, async () => {
        expect(await hub.send(0, { src: addressOf(1) })).toBe(0)
        expect(await hub.send(1, { src: addressOf(0) })).toBe(0)
        expect(await hub.send(1, { src: HOME })).toBe(0)
        expect(await hub.send(0, { src: '8.8.8.8' })).toBe(0)
      })
      expect(drops).toEqual({ 'foreign-source': 12 })
    })
  })

  test('cannot reach each other', async () => {
    await inHub(2, async (hub) => {
      const drops = await dropsOf(hub.server, async () => {
        expect(await hub.send(0, { dst: addressOf(1) })).toBe(0)
      })
      expect(drops).toEqual({ 'client-to-client': 3 })
      expect(hub.clients[1]!.tun.received).toEqual([])
    })
  })

  test('reach each other when that is wished, through the kernel of the server', async () => {
    await inHub(
      2,
      async (hub) => {
        expect(await hub.send(0, { dst: addressOf(1) })).toBe(3)
        // What a kernel does that forwards.
        hub.server.tun.injectBatch(hub.server.tun.received.splice(0))
        await hub.pass(30)
        expect(hub.clients.map(({ tun }) => tun.received.length)).toEqual([0, 3])
      },
      { clientToClient: true },
    )
  })

  test('are not touched when the other one goes, is cut off, or comes back', async () => {
    await inHub(2, async (hub) => {
      await hub.clients[0]!.tunnel.close()
      await hub.pass(30)
      expect(closeReasons(hub.server)).toEqual(['closed by client 0'])
      expect(await hub.sendBack(addressOf(1))).toEqual([0, 3])
      expect(await dropsOf(hub.server, () => hub.sendBack(addressOf(0)))).toEqual({
        'no-session': 3,
      })
      hub.startClient(0)
      await hub.untilUp(0)
      expect(await hub.send(0, {})).toBe(3)
      expect(countOf(hub.clients[1]!, 'established')).toBe(1)
    })
  })
})

describe('while a server runs', () => {
  test('a client that is added comes in', async () => {
    await inHub(1, async (hub) => {
      const late = hub.startClient(1)
      await hub.pass(10_000)
      expect(isUp(late)).toBe(false)
      expect(statsOf(hub.server).drops['unknown-peer']).toBeGreaterThan(0)
      hub.server.tunnel.addPeer(hub.peer(1))
      await hub.untilUp(1)
      expect(await hub.sendBack(addressOf(1))).toEqual([0, 3])
    })
  })

  test('a client that is removed is told, and out for good, until it is added again', async () => {
    await inHub(2, async (hub) => {
      const { tunnel } = hub.server
      expect(tunnel.removePeer('client 0')).toBe(true)
      expect(tunnel.removePeer('client 0')).toBe(false)
      await hub.pass(100)
      expect(countOf(hub.clients[0]!, 'stalled')).toBe(1)
      expect(statsOf(hub.server).sessions).toHaveLength(1)
      await hub.pass(30_000)
      expect(isUp(hub.clients[0]!)).toBe(false)
      expect(await dropsOf(hub.server, () => hub.sendBack(addressOf(0)))).toMatchObject({
        'no-peer': 3,
      })
      expect(await hub.sendBack(addressOf(1))).toEqual([0, 3])
      tunnel.addPeer(hub.peer(0))
      await hub.untilUp(0)
      expect(await hub.sendBack(addressOf(0))).toEqual([3, 0])
    })
  })

  test('clients come and go, and the traffic of the others does not suffer', async () => {
    await inHub(2, async (hub) => {
      const { tunnel } = hub.server
      const names = [...Array(10).keys()].map((round) => {
        const number = 2 + round
        return { number, name: hub.peer(number).name }
      })
      const lost: number[] = []
      for (const { number, name } of names) {
        tunnel.addPeer(hub.peer(number))
        hub.startClient(number)
        for (let tick = 0; tick < 10; tick++) {
          const [back, here] = [await hub.sendBack(addressOf(0)), await hub.send(1, {})]
          lost.push(3 - back[0]!, 3 - here)
        }
        expect(isUp(hub.clients[number]!)).toBe(true)
        expect((await hub.sendBack(addressOf(number)))[number]).toBe(3)
        expect(tunnel.removePeer(name)).toBe(true)
        lost.push(3 - (await hub.send(0, {})))
      }
      expect(new Set(lost)).toEqual(new Set([0]))
      expect(statsOf(hub.server).sessions).toHaveLength(2)
    })
  })

  test('its addresses may be given to another one', async () => {
    await inHub(1, async (hub) => {
      const { tunnel } = hub.server
      tunnel.removePeer('client 0')
      tunnel.addPeer({ ...hub.peer(1), allowedIPs: ['10.77.0.0/24'] })
      hub.startClient(1)
      await hub.untilUp(1)
      expect((await hub.sendBack(addressOf(0)))[1]).toBe(3)
    })
  })

  test.each([
    ['a name', { name: 'client 0' }],
    ['a network', { allowedIPs: ['10.77.3.0/24', '10.77.0.0/32'] }],
    ['something that is no network', { allowedIPs: ['10.77.3.0/24', 'home'] }],
  ])('%s that cannot be had is refused, and nothing changes', async (_what, wish) => {
    await inHub(1, async (hub) => {
      const { tunnel } = hub.server
      expect(() => tunnel.addPeer({ ...hub.peer(1), ...wish })).toThrow(RangeError)
      expect(await hub.sendBack(addressOf(0))).toEqual([3])
      expect(await dropsOf(hub.server, () => hub.sendBack('10.77.3.1'))).toEqual({
        'no-peer': 3,
      })
      tunnel.addPeer(hub.peer(1))
      hub.startClient(1)
      await hub.untilUp(1)
      expect(await hub.sendBack(addressOf(1))).toEqual([0, 3])
      expect(await hub.sendBack('10.77.3.1')).toEqual([0, 0])
    })
  })

  test("a key that is another client's is refused, and nothing changes", async () => {
    await inHub(1, async (hub) => {
      const { publicKey } = hub.peer(0)
      const thief = { name: 'thief', publicKey: publicKey!, allowedIPs: ['10.77.3.0/24'] }
      expect(() => hub.server.tunnel.addPeer(thief)).toThrow(RangeError)
      expect(await hub.sendBack(addressOf(0))).toEqual([3])
    })
  })
})

test("200 clients of one server each reach it, and nobody else's addresses", async () => {
  const clients = 200
  await inHub(
    clients,
    async (hub) => {
      const { server } = hub
      expect(statsOf(server).sessions).toHaveLength(clients)
      for (const [number, { tun }] of hub.clients.entries()) {
        const own = { src: addressOf(number), dst: HOME, bytes: 100 }
        tun.injectBatch([
          ...packets(2, own),
          ...packets(1, { ...own, src: addressOf((number + 1) % clients) }),
          ...packets(1, { ...own, dst: addressOf((number + 1) % clients) }),
        ])
      }
      await hub.pass(30)
      expect(server.tun.received).toHaveLength(2 * clients)
      expect(statsOf(server).drops).toMatchObject({ 'foreign-source': clients, 'client-to-client': clients })
      const all = hub.clients.flatMap((_, number) =>
        packets(2, { src: HOME, dst: addressOf(number), bytes: 100 }),
      )
      server.tun.injectBatch(all)
      await hub.pass(30)
      for (const [number, { tun }] of hub.clients.entries()) {
        expect(tun.received).toEqual(packets(2, { src: HOME, dst: addressOf(number), bytes: 100 }))
      }
    },
    { slots: 64 },
  )
})

test('what a link tells is for the session that has it, and no other is asked', async () => {
  await inHub(4, async (hub) => {
    const asked = ['handleWritable', 'handleUnreachable', 'handleLinkClose'] as const
    const spies = asked.map((name) => vi.spyOn(PathKeeper.prototype, name))
    const attach = vi.spyOn(PathKeeper.prototype, 'attach')
    hub.server.tunnel.addPeer(hub.peer(4))
    hub.startClient(4)
    await hub.untilUp(4)
    const link = attach.mock.calls.at(-1)![1]
    for (const spy of spies) spy.mockClear()
    hub.server.tunnel.onWritable(link)
    hub.server.tunnel.onUnreachable(link, 'ENETUNREACH')
    expect(statsOf(hub.server).sessions.map(({ paths }) => paths[0]!.prober.state)).toEqual([
      ...Array.from({ length: 4 }, () => 'normal'),
      'lost',
    ])
    hub.server.tunnel.onClose(link)
    expect(statsOf(hub.server).sessions.map(({ paths }) => paths[0]!.link !== undefined)).toEqual([
      ...Array.from({ length: 4 }, () => true),
      false,
    ])
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1])
  })
})

test('a server without keys cannot tell clients apart: it takes none, and keeps the one it has', async () => {
  await inWorld({}, async ({ server }) => {
    expect(() => server.tunnel.addPeer({ name: 'a', allowedIPs: ['10.7.0.0/24'] })).toThrow(RangeError)
    expect(() => server.tunnel.removePeer('client')).toThrow(RangeError)
  })
})
