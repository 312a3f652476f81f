import { describe, expect, test } from 'vitest'
import { stream } from './support/packets.ts'
import { closeReasons, countOf, inWorld, pathsOf } from './support/world.ts'
import type { World } from './support/world.ts'

/** Where the server thinks that each path comes from. */
const remotes = (world: World): (string | undefined)[] =>
  pathsOf(world.server).map(({ remoteAddress }) => remoteAddress)

/** Has the NAT in front of a path of the client forget it. @returns the new public address. */
function rebind(world: World, index: number, publicAddress?: string): string {
  const localAddress = pathsOf(world.client)[index]!.localAddress!
  return world.network.rebind({ localAddress }, publicAddress)
}

describe('a NAT that gives a path a new address', () => {
  test('costs nothing that the client sends, and the server follows with the first frame', async () => {
    await inWorld({}, async (world) => {
      const fresh = rebind(world, 0)
      expect(await stream(world, 'client', { count: 100 })).toHaveLength(100)
      expect(remotes(world)[0]).toBe(fresh)
      expect(await stream(world, 'server', { count: 100 })).toHaveLength(100)
      expect(countOf(world.server, 'established')).toBe(1)
      expect(pathsOf(world.server)).toHaveLength(2)
    })
  })

  test('is followed without traffic too, because paths are probed', async () => {
    await inWorld({}, async (world) => {
      const fresh = rebind(world, 1)
      await world.until(() => remotes(world)[1] === fresh, 200)
      expect(await stream(world, 'server', { count: 100 })).toHaveLength(100)
    })
  })

  test('may do so again and again, for all paths at once, even with another host', async () => {
    await inWorld({}, async (world) => {
      for (let round = 1; round <= 20; round++) {
        const fresh = [rebind(world, 0, `198.51.100.1:${round}`), rebind(world, 1)]
        expect(await stream(world, 'client', { count: 10 })).toHaveLength(10)
        expect(remotes(world)).toEqual(fresh)
        expect(await stream(world, 'server', { count: 10 })).toHaveLength(10)
      }
      expect(countOf(world.client, 'established')).toBe(1)
      expect(closeReasons(world.server)).toEqual([])
    })
  })

  test('moves a path once: frames that were overtaken do not pull it back', async () => {
    await inWorld({ paths: [{ name: 'dsl' }] }, async (world) => {
      world.line(0).set({ jitterMs: 200, jitterReorders: true })
      await stream(world, 'client', { count: 100 })
      const before = countOf(world.server, 'path-linked')
      const fresh = rebind(world, 0)
      await stream(world, 'client', { count: 300 })
      expect(remotes(world)).toEqual([fresh])
      expect(countOf(world.server, 'path-linked')).toBe(before + 1)
    })
  })
})

describe('paths that share an address', () => {
  const cases = [
    {
      name: 'both paths leave from one host',
      paths: [
        { name: 'a', host: '10.0.0.1' },
        { name: 'b', host: '10.0.0.1' },
      ],
    },
    {
      name: 'the paths lead to two ports',
      paths: [{ name: 'a' }, { name: 'b', listener: 1 }],
      ports: [7000, 7001],
    },
    {
      name: 'one host calls two ports',
      paths: [
        { name: 'a', host: '10.0.0.1' },
        { name: 'b', host: '10.0.0.1', listener: 1 },
      ],
      ports: [7000, 7001],
    },
  ]

  test.each(cases)('are two paths of one session: $name', async ({ paths, ports = [7000] }) => {
    await inWorld({ paths, ports }, async (world) => {
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 100 })).toHaveLength(100)
        const sent = pathsOf(world[side]).map(({ txBytes }) => txBytes)
        expect(sent).toHaveLength(2)
        expect(Math.min(...sent) / Math.max(...sent)).toBeGreaterThan(0.9)
      }
      expect(countOf(world.server, 'established')).toBe(1)
      expect(new Set(remotes(world)).size).toBe(2)
    })
  })

  test('are answered from the port that was asked', async () => {
    const paths = [{ name: 'a' }, { name: 'b', listener: 1 }]
    await inWorld({ paths, ports: [7000, 7001] }, async (world) => {
      const ends = (side: 'client' | 'server') => pathsOf(world[side])
      expect(ends('server').map(({ localAddress }) => localAddress)).toEqual([
        '10.9.0.1:7000',
        '10.9.0.1:7001',
      ])
      expect(ends('server').map(({ remoteAddress }) => remoteAddress)).toEqual(
        ends('client').map(({ localAddress }) => localAddress),
      )
    })
  })
})
