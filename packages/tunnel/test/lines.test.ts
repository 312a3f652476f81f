import type { Transport } from '@mp/interface'
import { describe, expect, test } from 'vitest'
import { packets, stream } from './support/packets.ts'
import { inWorld, pathsOf, statsOf } from './support/world.ts'
import type { End, World, WorldOptions } from './support/world.ts'

const used = (end: End, index: number): boolean => pathsOf(end)[index]?.use === 'active'
/** The way of a word to the server, and a little. */
const TOLD_MS = 20

/** Number of the next packet. */
let sent = 0

/** Sends a packet a millisecond both ways. @returns for how long nothing came to the client, ms. */
async function exchange(world: World, forMs: number): Promise<number> {
  const { client, server } = world
  let [longestMs, silentMs, heard] = [0, 0, client.tun.received.length]
  for (let ms = 0; ms < forMs; ms++) {
    client.tun.injectBatch(packets(1, { from: sent }))
    server.tun.injectBatch(packets(1, { from: sent++ }))
    await world.pass(1)
    silentMs = client.tun.received.length > heard ? 0 : silentMs + 1
    heard = client.tun.received.length
    longestMs = Math.max(longestMs, silentMs)
  }
  return longestMs
}

const WORLDS: readonly WorldOptions[] = [{}, { isAdaptive: true }, { isAdaptive: true, security: {} }]

describe('a path whose line is gone, as the client knows by itself', () => {
  test.each(WORLDS)('is left by both ends at once, and nothing is lost for long: %j', async (options) => {
    await inWorld(options, async (world) => {
      const { client, server } = world
      await exchange(world, 200)
      world.line(0).cut()
      const suspended = client.tunnel.suspendPath('dsl', 'eth0 is down')
      expect([suspended, used(client, 0)]).toEqual([true, false])
      const silentMs = await exchange(world, TOLD_MS)
      expect(used(server, 0)).toBe(false)
      expect(Math.max(silentMs, await exchange(world, 180))).toBeLessThan(100)
      await world.pass(300)
      // What was under way when the line went is sent again where that is done.
      const lost = options.isAdaptive === true ? 0 : 2 * TOLD_MS
      expect(server.tun.received.length).toBeGreaterThanOrEqual(400 - lost)
      expect(client.tun.received.length).toBeGreaterThanOrEqual(400 - lost)
      expect(statsOf(client).drops['no-path'] ?? 0).toBe(0)
      expect(world.trace.filter((line) => line.includes('eth0 is down'))).toHaveLength(1)
    })
  })

  test('is not dialled until its line is there again, and carries data soon after', async () => {
    let dials = 0
    const wrapClient = (transport: Transport): Transport => ({
      ...transport,
      dial: (...dial) => {
        dials++
        return transport.dial(...dial)
      },
    })
    await inWorld({ isAdaptive: true, wrapClient }, async (world) => {
      const { client, server } = world
      client.tunnel.suspendPath('dsl', 'eth0 is down')
      client.tunnel.suspendPath('dsl', 'eth0 is down')
      await world.pass(30_000)
      expect(dials).toBe(2)
      expect(client.tunnel.resumePath('dsl')).toBe(true)
      await world.until(() => used(client, 0) && used(server, 0), 3000)
      expect(dials).toBe(3)
      expect(await stream(world, 'client', { count: 50 })).toHaveLength(50)
    })
  })

  test('may be the only one: the session goes on when it is back', async () => {
    await inWorld({ paths: [{ name: 'lte' }], isAdaptive: true }, async (world) => {
      world.client.tunnel.suspendPath('lte', 'there is no wwan0')
      await world.pass(10_000)
      world.client.tunnel.resumePath('lte')
      await world.until(() => used(world.client, 0) && used(world.server, 0), 3000)
      expect(await stream(world, 'server', { count: 50 })).toHaveLength(50)
    })
  })

  test('is known by its name', async () => {
    await inWorld({}, async ({ client: { tunnel } }) => {
      expect(tunnel.suspendPath('sat', 'gone')).toBe(false)
      expect(tunnel.resumePath('sat')).toBe(false)
      expect(tunnel.redialPath('sat')).toBe(false)
    })
  })
})

test('a path that had better leave from elsewhere gets another link and loses nothing', async () => {
  await inWorld({ isAdaptive: true }, async (world) => {
    const { client, server } = world
    await exchange(world, 100)
    expect(client.tunnel.redialPath('dsl')).toBe(true)
    await exchange(world, 200)
    await world.pass(300)
    expect(server.tun.received).toHaveLength(300)
    await world.until(() => used(client, 0) && used(server, 0), 1000)
  })
})
