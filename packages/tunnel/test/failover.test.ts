import { describe, expect, test } from 'vitest'
import { packets, stream } from './support/packets.ts'
import { closeReasons, countOf, inWorld, pathsOf, statsOf, World } from './support/world.ts'
import type { End } from './support/world.ts'

/** Probes every 100 ms, ±25 %; two that are missed by more than the RTT of 20 ms put a path in doubt. */
const DOUBT_MS = 3 * 125 + 75
/** Three misses lose a path, the third after the burst that doubt asks for. */
const LOST_MS = DOUBT_MS + 2 * 125 + 75
/** Longest wait for a greeting, with jitter, and a little for the answer and the probes that follow. */
const GREETED_MS = 2000 * 1.25 + 100
/** How often the server looks for clients that are silent. */
const SWEEP_MS = 11_000

const used = (end: End, index: number): boolean => pathsOf(end)[index]?.use === 'active'

/** Some path may carry data, at both ends. */
const isUp = ({ client, server }: World): boolean =>
  [client, server].every((end) => pathsOf(end).some(({ use }) => use === 'active'))

/** Both ends can send. */
async function works(world: World): Promise<void> {
  expect(await stream(world, 'client', { count: 20 })).toHaveLength(20)
  expect(await stream(world, 'server', { count: 20 })).toHaveLength(20)
}

describe('a path that swallows everything', () => {
  test('is left by both ends within half a second, and the others carry all', async () => {
    await inWorld({}, async (world) => {
      world.line(0).cut()
      await world.until(() => !used(world.client, 0) && !used(world.server, 0), DOUBT_MS)
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 300, perMs: 3 })).toHaveLength(300)
      }
    })
  })

  test('is left as soon when it swallows one direction only', async () => {
    await inWorld({}, async (world) => {
      world.line(1).setForward({ blackhole: true })
      const tookMs = await world.until(() => !used(world.client, 1) && !used(world.server, 1), DOUBT_MS)
      expect(tookMs).toBeGreaterThan(50)
      await works(world)
    })
  })

  test('comes back after a short outage within two seconds and takes its share again', async () => {
    await inWorld({}, async (world) => {
      world.line(0).cut()
      await world.pass(2000)
      world.line(0).restore()
      await world.until(() => world.allHealthy(), 3000)
      const before = pathsOf(world.client).map(({ txBytes }) => txBytes)
      await stream(world, 'client', { count: 1000, perMs: 8 })
      const [first, second] = pathsOf(world.client).map(({ txBytes }, index) => txBytes - before[index]!)
      expect(Math.abs(first! / (first! + second!) - 0.5)).toBeLessThan(0.02)
    })
  })

  test('comes back after a long outage once its probes, at most 12.5 s apart, find it', async () => {
    await inWorld({}, async (world) => {
      world.line(0).cut()
      await world.pass(120_000)
      world.line(0).restore()
      expect(await world.until(() => world.allHealthy(), 60_000)).toBeLessThan(12_500 + 1500)
    })
  })

  test('is left at once when the system says that it leads nowhere', async () => {
    await inWorld({}, async (world) => {
      world.line(0).unreachable()
      world.client.tun.injectBatch(packets(2))
      await world.until(() => !used(world.client, 0), 10)
      expect(await stream(world, 'client', { count: 100 })).toHaveLength(100)
    })
  })
})

describe('paths that nothing is sent on', () => {
  test('are probed seldom, and ten times a second from the first packet on', async () => {
    await inWorld({}, async (world) => {
      const probes = (): number => pathsOf(world.client)[0]!.prober.sent
      await world.pass(100_000)
      const idle = probes()
      await world.pass(30_000)
      const busy = probes()
      expect(busy - idle).toBeLessThanOrEqual(3)
      await stream(world, 'client', { count: 2000 })
      expect(probes() - busy).toBeGreaterThan(10)
    })
  })
})

describe('when all paths are dead', () => {
  test('the client says that it is stalled, once, and drops with a name', async () => {
    await inWorld({}, async (world) => {
      world.cutAll()
      await world.until(() => countOf(world.client, 'stalled') > 0, LOST_MS)
      world.client.tun.injectBatch(packets(7))
      expect(statsOf(world.client).drops).toEqual({ 'no-path': 7 })
      await world.pass(30_000)
      expect(countOf(world.client, 'stalled')).toBe(1)
      expect(countOf(world.client, 'unanswered')).toBe(1)
    })
  })

  test.each([1, 10, 100])('it all works again by itself soon after an outage of %i s', async (seconds) => {
    await inWorld({}, async (world) => {
      world.cutAll()
      await world.pass(seconds * 1000)
      world.restoreAll()
      await world.until(() => isUp(world), GREETED_MS)
      await works(world)
      expect(countOf(world.client, 'established')).toBe(1)
      expect(countOf(world.server, 'established')).toBe(1)
    })
  })

  test('the server forgets a client that is silent for three minutes, and not sooner', async () => {
    await inWorld({}, async (world) => {
      world.cutAll()
      await world.pass(179_000)
      expect(statsOf(world.server).sessions).toHaveLength(1)
      await world.pass(SWEEP_MS)
      expect(statsOf(world.server).sessions).toEqual([])
      expect(closeReasons(world.server)).toEqual(['client is silent'])
      world.restoreAll()
      await world.until(() => isUp(world), GREETED_MS)
      await works(world)
    })
  })

  test('a client that only listens is not forgotten', async () => {
    await inWorld({}, async (world) => {
      await world.pass(600_000)
      expect(closeReasons(world.server)).toEqual([])
      expect(await stream(world, 'server', { count: 10 })).toHaveLength(10)
    })
  })
})

describe('a server that starts anew', () => {
  test('tells the client when it goes, is found again soon, and goes on from there', async () => {
    await inWorld({}, async (world) => {
      await world.server.tunnel.close()
      expect(await world.until(() => countOf(world.client, 'stalled') === 1, 1000)).toBeLessThanOrEqual(20)
      await world.pass(5000)
      await world.startServer()
      await world.until(() => countOf(world.client, 'established') === 2, GREETED_MS)
      await world.until(() => isUp(world), 100)
      await works(world)
    })
  })

  test('is found again when it went without a word', async () => {
    await inWorld({}, async (world) => {
      await world.kill('server')
      await world.startServer()
      await world.until(() => countOf(world.client, 'established') === 2, LOST_MS + GREETED_MS)
      await world.until(() => isUp(world), 100)
      expect(statsOf(world.server).drops['unknown-session']).toBeGreaterThan(0)
      await works(world)
    })
  })

  test('has the weights of the client again', async () => {
    const paths = [{ name: 'a', weight: 3 }, { name: 'b' }]
    await inWorld({ paths }, async (world) => {
      await world.kill('server')
      await world.startServer()
      await world.until(() => countOf(world.client, 'established') === 2, LOST_MS + GREETED_MS)
      await world.until(() => world.allHealthy(), 15_000)
      const weights = new Map(pathsOf(world.server).map(({ id, weight }) => [id, weight]))
      expect([weights.get(0), weights.get(1)]).toEqual([3, 1])
    })
  })
})

describe('a client that starts anew', () => {
  test('takes the place of the one before, and traffic flows within half a second', async () => {
    await inWorld({}, async (world) => {
      await world.kill('client')
      world.startClient()
      await world.until(() => world.allHealthy(), 500)
      expect(closeReasons(world.server)).toEqual(['client began anew'])
      await works(world)
    })
  })

  test('tells the server at once when it goes, and packets for it are dropped with a name', async () => {
    await inWorld({}, async (world) => {
      await world.client.tunnel.close()
      await world.pass(11)
      expect(closeReasons(world.server)).toEqual(['closed by client'])
      expect(statsOf(world.server).sessions).toEqual([])
      world.server.tun.injectBatch(packets(5))
      expect(statsOf(world.server).drops).toMatchObject({ 'no-session': 5 })
      world.startClient()
      await world.until(() => world.allHealthy(), 500)
      await works(world)
    })
  })
})

describe('a client whose server is not there', () => {
  test('greets on, tells once that nobody answers, and is up soon after the server is', async () => {
    const world = new World({})
    world.startClient()
    await world.pass(600_000)
    const { client } = world
    expect(client.events.map(({ type }) => type)).toEqual(['path-linked', 'path-linked', 'unanswered'])
    expect(client.pool.inUse).toBe(0)
    await world.startServer()
    await world.until(() => world.allHealthy(), GREETED_MS)
    await works(world)
    await world.close()
  })
})
