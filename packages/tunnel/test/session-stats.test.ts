import { afterEach, describe, expect, test, vi } from 'vitest'
import { addressOf, inHub } from './support/hub.ts'
import { dropHandshakes } from './support/handshakes.ts'
import { stream } from './support/packets.ts'
import { throwAt } from './support/raw.ts'
import { countOf, inWorld, statsOf, World } from './support/world.ts'
import type { End } from './support/world.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const sessionOf = (end: End) => statsOf(end).sessions[0]!

describe('a session tells', () => {
  test('what it is sealed with, in which epoch, and how old it is', async () => {
    await inWorld({ security: { cipher: 'aes-256-gcm' } }, async (world) => {
      const startMs = world.runtime.nowMs()
      await world.pass(119_000)
      for (const end of [world.client, world.server]) {
        const { epoch, encryption, ageMs, established } = sessionOf(end)
        expect({ epoch, established }).toEqual({ epoch: 0, established: true })
        expect(encryption).toEqual({ cipher: 'aes-256-gcm', backend: 'node' })
        expect(Math.abs(ageMs - (world.runtime.nowMs() - startMs))).toBeLessThan(100)
      }
      await world.pass(10_000)
      for (const end of [world.client, world.server]) {
        expect(sessionOf(end)).toMatchObject({ epoch: 1 })
        expect(sessionOf(end).ageMs).toBeGreaterThan(120_000)
      }
    })
  })

  test('whose it is: the client by its name, the server by the beginning of its key', async () => {
    await inWorld({ security: {} }, async ({ client, server, keys }) => {
      const key = Buffer.from(keys.server.publicKey).toString('base64').slice(0, 8)
      expect(sessionOf(client).peer).toBe(`server ${key}…`)
      expect(sessionOf(server).peer).toBe('client')
      for (const end of [client, server]) {
        const named = end.events.filter((event) => 'peer' in event)
        expect(named).toHaveLength(end.events.length)
        expect(new Set(named.map(({ peer }) => peer))).toEqual(new Set([sessionOf(end).peer]))
      }
    })
  })

  test('all that without memory for paths that are silent', async () => {
    await inWorld({}, async ({ client, server }) => {
      for (const end of [client, server]) {
        const created = vi.spyOn(end.pool, 'createBatch')
        expect(sessionOf(end).paths.map(({ queuedFrames }) => queuedFrames)).toEqual([0, 0])
        expect(created).not.toHaveBeenCalled()
      }
    })
  })

  test('what each path carries and why one does not, where that is measured', async () => {
    await inWorld({ isAdaptive: true, line: { delayMs: 10, rateBps: 20e6 } }, async (world) => {
      expect(sessionOf(world.client).paths[0]).toMatchObject({ unusedReason: undefined, bonding: undefined })
      await stream(world, 'client', { count: 1000, bytes: 1000 })
      const { atMs, sessions } = statsOf(world.client)
      expect(atMs).toBe(world.runtime.nowMs())
      const busy = sessions[0]!.paths.find(({ bonding }) => bonding !== undefined)!
      expect(busy.bonding).toMatchObject({
        radioLossRatio: 0,
        congestionLossRatio: 0,
        lostFrames: 0,
        isSuspect: false,
      })
      expect(busy.bonding!.rttMinMs).toBeCloseTo(20, 0)
      expect(busy.bonding!.rttMs).toBeGreaterThanOrEqual(busy.bonding!.rttMinMs!)
      const delivered = sessions[0]!.paths.map((path) => path.bonding?.deliveredBps ?? 0)
      expect(Math.max(...delivered)).toBeGreaterThan(1e5)
      world.line(0).cut()
      await stream(world, 'client', { count: 1000, bytes: 1000 })
      const [dsl] = sessionOf(world.client).paths
      expect(dsl!.bonding!.isSuspect).toBe(true)
      expect(['suspect', 'unstable', 'lost']).toContain(dsl!.unusedReason)
    })
  })

  test('that nothing is encrypted without keys', async () => {
    await inWorld({}, async ({ client, server }) => {
      expect(sessionOf(client)).toMatchObject({ peer: 'server', encryption: undefined, epoch: 0 })
      expect(sessionOf(server)).toMatchObject({ peer: 'client', encryption: undefined, epoch: 0 })
    })
  })

  test('what it dropped itself, and not what other clients did', async () => {
    await inHub(2, async (hub) => {
      const { clients, server } = hub
      await hub.send(1, {})
      const replays = clients[1]!.tap.sent.slice(-3).map(({ bytes }) => bytes)
      throwAt(server, replays)
      const dropped = statsOf(server).sessions.map(({ peer, drops }) => [peer, drops['replayed'] ?? 0])
      expect(dropped).toEqual([
        ['client 0', 0],
        ['client 1', replays.length],
      ])
      expect(await hub.sendBack(addressOf(0))).toEqual([3, 0])
    })
  })
})

test.each([{}, undefined])(
  'a server calls a client there when a frame shows that it took the answer, security: %j',
  async (security) => {
    const world = new World({ ...(security && { security }) })
    await world.startServer()
    const client = world.startClient()
    const mock = dropHandshakes(client)
    await world.pass(20_000)
    expect(statsOf(world.server).sessions.length).toBeGreaterThan(0)
    expect(
      statsOf(world.server).sessions.every(({ established, ageMs }) => !established && ageMs === 0),
    ).toBe(true)
    expect(countOf(world.server, 'established')).toBe(0)
    mock.mockRestore()
    await world.until(() => world.allHealthy(), 10_000)
    expect(countOf(world.server, 'established')).toBe(1)
    expect(statsOf(world.server).sessions.map(({ established }) => established)).toContain(true)
    await world.close()
  },
)
