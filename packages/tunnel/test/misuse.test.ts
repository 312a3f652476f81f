import { Mempool } from '@mp/mempool'
import { MemoryNetwork, memoryTransport, memoryTun, roundRobin, simRuntime } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import { describe, expect, test } from 'vitest'
import { TunnelClient } from '../src/client.ts'
import type { TunnelPath } from '../src/path.ts'
import { TunnelServer } from '../src/server.ts'
import { countOf, inWorld, statsOf } from './support/world.ts'

type Wish = { readonly name: string; readonly weight?: number }

/** Makes a client with such paths. */
function clientWith(
  wishes: readonly Wish[],
  { runtime = simRuntime(), createScheduler = () => roundRobin<TunnelPath>() } = {},
): TunnelClient {
  const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 4 }] })
  const transport = memoryTransport(new MemoryNetwork({ runtime }), { pool })
  return new TunnelClient({
    runtime,
    pool,
    tun: memoryTun({ pool }),
    createScheduler,
    createFragmenter: () => fragmenter({ pool }),
    paths: wishes.map((wish) => ({ ...wish, transport, endpoint: '10.9.0.1:7000' })),
  })
}

const many = (count: number): Wish[] =>
  Array.from({ length: count }, (_, index) => ({ name: `path ${index}` }))

describe('a client', () => {
  test.each([0, 0.5, -1, 65_536, NaN, Infinity])(
    'refuses the weight %f, which the server could not be told',
    (weight) => {
      expect(() => clientWith([{ name: 'a' }, { name: 'dsl', weight }])).toThrow(
        new RangeError(`path 'dsl': expected a weight that is an integer from 1 to 65535, found ${weight}`),
      )
    },
  )

  test('refuses two paths of one name, no path, and more than a session has room for', () => {
    expect(() => clientWith([{ name: 'dsl' }, { name: 'dsl' }])).toThrow(
      new RangeError("there are two paths named 'dsl': give each its own name"),
    )
    expect(() => clientWith(many(33))).toThrow(new RangeError('expected at most 32 paths, found 33'))
  })

  test('takes as many paths as a session has room for, and the weights at both ends of the range', async () => {
    const client = clientWith([...many(30), { name: 'light', weight: 1 }, { name: 'heavy', weight: 65_535 }])
    client.start()
    expect(
      client
        .stats()
        .sessions[0]?.paths.map(({ weight }) => weight)
        .slice(-2),
    ).toEqual([1, 65_535])
    await client.close()
  })
})

test('what a part throws where nobody waits for it is not lost', async () => {
  const runtime = simRuntime()
  const broken = Object.assign(roundRobin<TunnelPath>(), {
    add: () => {
      throw new Error('the scheduler is broken')
    },
  })
  const client = clientWith([{ name: 'a' }], { runtime, createScheduler: () => broken })
  client.start()
  await expect(runtime.advance(1)).rejects.toThrow('the scheduler is broken')
  await client.close()
})

test('a server that is closed while it begins to listen leaves nothing open', async () => {
  const runtime = simRuntime()
  const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 4 }] })
  const network = new MemoryNetwork({ runtime })
  const transport = memoryTransport(network, { pool })
  const listen = [7000, 7001].map((port) => ({ transport, endpoint: `10.9.0.1:${port}` }))
  const parts = {
    createScheduler: () => roundRobin<TunnelPath>(),
    createFragmenter: () => fragmenter({ pool }),
  }
  const server = new TunnelServer({ ...parts, runtime, pool, tun: memoryTun({ pool }), listen })
  const started = server.start()
  await server.close()
  await started
  for (const { endpoint } of listen) {
    const again = await transport.listen(endpoint, server)
    expect(again.localAddress).toBe(endpoint)
    await again.close()
  }
})

test('a server that is woken too early forgets nobody', async () => {
  await inWorld({}, async ({ server, runtime }) => {
    server.tunnel.handleTimeout(runtime.nowMs())
    expect(statsOf(server).sessions[0]?.established).toBe(true)
    expect(countOf(server, 'closed')).toBe(0)
  })
})
