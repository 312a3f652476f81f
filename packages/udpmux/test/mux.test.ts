import type { Link } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { udpMux } from '@mp/udpmux'
import type { PeerInfo, SocketFactory } from '@mp/udpmux'
import { MemoryNetwork, simRuntime } from '@mp/testkit'
import { Recorder, batchOfTexts, expectNoneOut, memorySockets, sendTexts, simulatedMux } from './fixtures.ts'

let pool: Mempool
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 512 }] })
})
afterEach(() => {
  expectNoneOut(pool)
})

describe('a listener', () => {
  it('tells dialers behind one address apart by port and answers each from the listening port', async () => {
    const { mux, runtime } = simulatedMux({ pool })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const clients = [new Recorder(pool), new Recorder(pool)] as const
    const links = await Promise.all(clients.map((handler) => mux.dial('10.0.0.9:5000', { handler })))
    for (const [index, link] of links.entries()) sendTexts(pool, link, `hello from ${index}`)
    await runtime.advance(1)
    expect(server.heard.map(({ text }) => text)).toEqual(['hello from 0', 'hello from 1'])
    for (const { source, peer, text } of server.heard) {
      const back = source.link(peer)!
      expect(back.localAddress).toBe('10.0.0.9:5000')
      sendTexts(pool, back, `answer to ${text}`)
    }
    await runtime.advance(1)
    expect(clients.map(({ heard }) => heard.map(({ text }) => text))).toEqual([
      ['answer to hello from 0'],
      ['answer to hello from 1'],
    ])
    for (const link of links) link.close()
    await listener.close()
  })

  it('tells of each remote address once, before its frames, and lets a prober hang on it', async () => {
    const probed: Link[] = []
    const { mux, runtime } = simulatedMux({
      pool,
      onPeer: (source, { peer }) => {
        const link = source.link(peer)!
        probed.push(link)
        sendTexts(pool, link, 'probe-from-listener')
      },
    })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    // The other end echoes, as the answering half of a prober does.
    const client = new Recorder(pool)
    const echo = await mux.dial('10.0.0.9:5000', {
      handler: {
        onFrames: (batch) => echo.send(batch),
        onWritable: () => {},
        onUnreachable: () => {},
        onClose: (link) => client.onClose(link),
      },
    })
    sendTexts(pool, echo, 'first frame')
    await runtime.advance(5)
    sendTexts(pool, echo, 'second frame')
    await runtime.advance(5)
    expect(probed).toHaveLength(1)
    expect(server.heard.map(({ text }) => text)).toEqual([
      'first frame',
      'probe-from-listener',
      'second frame',
    ])
    expect(probed[0]!.stats()).toMatchObject({ txFrames: 1, txBytes: 19 })
    echo.close()
    await listener.close()
  })

  it('counts frames per remote address and forgets a silent one, unless a link is open to it', async () => {
    const expired: PeerInfo[] = []
    const { mux, runtime } = simulatedMux({
      pool,
      peerIdleMs: 1000,
      onPeerExpired: (_source, peer) => expired.push(peer),
    })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const handler = new Recorder(pool)
    const kept = await mux.dial('10.0.0.9:5000', { handler, localAddress: '10.0.0.2' })
    const silent = await mux.dial('10.0.0.9:5000', { handler, localAddress: '10.0.0.3' })
    sendTexts(pool, kept, '12345678')
    sendTexts(pool, silent, '12345678', '123456789')
    await runtime.advance(1)
    const back = server.heard[0]!.source.link(server.heard[0]!.peer)!
    expect(listener.peers()).toMatchObject([
      { address: kept.localAddress, rxFrames: 1, rxBytes: 8, links: 1 },
      { address: silent.localAddress, rxFrames: 2, rxBytes: 17, links: 0 },
    ])
    await runtime.advance(998)
    expect(expired).toEqual([])
    await runtime.advance(502)
    expect(expired).toMatchObject([{ address: silent.localAddress, rxFrames: 2 }])
    expect(listener.stats().peers).toBe(1)
    back.close()
    await runtime.advance(1500)
    expect(listener.stats().peers).toBe(0)
    expect(runtime.pendingTimers).toBe(0)
    for (const link of [kept, silent]) link.close()
    await listener.close()
  })

  it('makes no more state than its table for a flood of sources, and keeps the one it has a link to', async () => {
    const seen = { added: 0, removed: 0 }
    const { mux, runtime } = simulatedMux({
      pool,
      peerCapacity: 8,
      onPeer: () => seen.added++,
      onPeerExpired: () => seen.removed++,
    })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const handler = new Recorder(pool)
    const friend = await mux.dial('10.0.0.9:5000', { handler })
    sendTexts(pool, friend, 'a friend')
    await runtime.advance(1)
    const back = server.heard[0]!.source.link(server.heard[0]!.peer)!
    for (let stranger = 0; stranger < 100; stranger++) {
      const link = await mux.dial('10.0.0.9:5000', { handler, localAddress: '10.0.0.66' })
      sendTexts(pool, link, 'junk junk')
      await runtime.advance(1)
      link.close()
      expect(listener.stats().peers).toBeLessThanOrEqual(8)
    }
    expect(server.heard).toHaveLength(101)
    expect(seen.added - seen.removed).toBe(8)
    expect(listener.peers()).toContainEqual(
      expect.objectContaining({ address: friend.localAddress, links: 1 }),
    )
    sendTexts(pool, back, 'still here')
    await runtime.advance(1)
    expect(handler.heard.map(({ text }) => text)).toEqual(['still here'])
    friend.close()
    await listener.close()
  })

  it('gives the numbers of those whose links are closed to others, however many there were', async () => {
    const { mux, runtime } = simulatedMux({ pool, peerCapacity: 2 }, { maxPeers: 2 })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    for (let client = 0; client < 10; client++) {
      const link = await mux.dial('10.0.0.9:5000', { handler: new Recorder(pool) })
      sendTexts(pool, link, `client ${client}`)
      await runtime.advance(1)
      const { source, peer, text } = server.heard.at(-1)!
      expect(text).toBe(`client ${client}`)
      const back = source.link(peer)!
      expect(back.remoteAddress).toBe(link.localAddress)
      back.close()
      link.close()
    }
    await listener.close()
  })

  it('drops datagrams that are too short to be frames, and counts them', async () => {
    const { mux, runtime } = simulatedMux({ pool })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const link = await mux.dial('10.0.0.9:5000', { handler: new Recorder(pool) })
    sendTexts(pool, link, '', '1234567', '12345678', 'x', 'long enough')
    await runtime.advance(1)
    expect(server.heard.map(({ text }) => text)).toEqual(['12345678', 'long enough'])
    expect(listener.stats()).toMatchObject({ rxFrames: 2, rxBytes: 19, drops: { runt: 3 } })
    link.close()
    await listener.close()
  })

  it('may be closed by its handler in the middle of a batch', async () => {
    const { mux, runtime } = simulatedMux({ pool, onPeer: () => void listener.close() })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const link = await mux.dial('10.0.0.9:5000', { handler: new Recorder(pool) })
    sendTexts(pool, link, 'the end is near')
    await runtime.advance(1)
    expect(server.heard).toEqual([])
    expect(listener.stats().drops).toMatchObject({ closed: 1 })
    link.close()
    await listener.close()
  })
})

describe('a dialed link', () => {
  it('is told when it takes more after it was refused, and only then', async () => {
    const { mux, runtime, network } = simulatedMux({ pool }, { sendBufferBytes: 5000 })
    const listener = await mux.listen('10.0.0.9:5000', new Recorder(pool))
    network.path('10.0.0.1', '10.0.0.9').set({ rateBps: 1_000_000 })
    const handler = new Recorder(pool)
    const busy = await mux.dial('10.0.0.9:5000', { handler })
    const idle = await mux.dial('10.0.0.9:5000', { handler })
    const batch = batchOfTexts(
      pool,
      Array.from({ length: 20 }, () => 'x'.repeat(1000)),
    )
    const taken = busy.send(batch)
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(20)
    expect(batch.count).toBe(20 - taken)
    expect(busy.stats()).toMatchObject({ txFrames: taken, txBytes: 1000 * taken })
    await runtime.advance(1000)
    expect(handler.writable).toEqual([busy])
    pool.releaseAll(batch)
    for (const link of [busy, idle]) link.close()
    await listener.close()
  })

  it('hears that its peer is unreachable and stays open', async () => {
    const { mux, runtime, network } = simulatedMux({ pool })
    const handler = new Recorder(pool)
    const link = await mux.dial('10.0.0.9:5000', { handler })
    network.path('10.0.0.1', '10.0.0.9').unreachable('EHOSTUNREACH')
    sendTexts(pool, link, 'into the void')
    await runtime.advance(1)
    expect(handler.unreachable).toEqual([[link, 'EHOSTUNREACH']])
    expect(link.stats().drops).toMatchObject({ unreachable: 1 })
    expect(handler.closed).toEqual([])
    link.close()
    await runtime.settle()
    expect(handler.closed).toEqual([[link, undefined]])
  })

  it('hands nothing over any more once it is closed, and cannot be linked again', async () => {
    const { mux, runtime } = simulatedMux({ pool })
    const server = new Recorder(pool)
    const listener = await mux.listen('10.0.0.9:5000', server)
    const client = new Recorder(pool)
    const link = await mux.dial('10.0.0.9:5000', { handler: client })
    sendTexts(pool, link, 'ask twice')
    await runtime.advance(1)
    const back = server.heard[0]!.source.link(server.heard[0]!.peer)!
    sendTexts(pool, back, 'one answer')
    await runtime.advance(1)
    const { source, peer } = client.heard[0]!
    sendTexts(pool, back, 'another answer')
    link.close()
    await runtime.advance(1)
    expect(client.heard.map(({ text }) => text)).toEqual(['one answer'])
    expect(source.link(peer)).toBeUndefined()
    await listener.close()
  })

  it.skipIf(loadNativeIo().io === undefined || process.platform !== 'linux')(
    'leaves through the device it is told to, on native sockets',
    async () => {
      const server = new Recorder(pool)
      const mux = udpMux({ pool, backend: 'native' })
      const listener = await mux.listen('127.0.0.1:0', server)
      const handler = new Recorder(pool)
      const link = await mux.dial(listener.localAddress, { handler, device: 'lo' })
      sendTexts(pool, link, 'through lo')
      await vi.waitUntil(() => server.heard.length === 1)
      await expect(mux.dial(listener.localAddress, { handler, device: 'none0' })).rejects.toMatchObject({
        code: 'MP_UDP_NO_DEVICE',
      })
      link.close()
      await vi.waitUntil(() => handler.closed.length === 1)
      await listener.close()
    },
  )

  it('carries frames of 1472 bytes over IPv4 and 1452 over IPv6 unless told otherwise', async () => {
    const handler = new Recorder(pool)
    const links = await Promise.all([
      udpMux({ pool, backend: 'dgram' }).dial('127.0.0.1:9', { handler }),
      udpMux({ pool, backend: 'dgram' }).dial('[::1]:9', { handler }),
      udpMux({ pool, backend: 'dgram', maxFrameBytes: 1200 }).dial('127.0.0.1:9', { handler }),
    ])
    expect(links.map(({ maxFrameBytes }) => maxFrameBytes)).toEqual([1472, 1452, 1200])
    for (const link of links) link.close()
  })
})

it.each([
  ['10.0.0.9:5000', '10.0.0.1', 28],
  ['[fd00::9]:5000', 'fd00::1', 48],
  ['[::ffff:10.0.0.9]:5000', '::1', 28],
])(
  'a link to %s over a socket that does not fragment knows the headers around its frames',
  async (remote, localAddress, headerBytes) => {
    const runtime = simRuntime()
    const open = memorySockets(new MemoryNetwork({ runtime }))
    const handler = new Recorder(pool)
    for (const dontFragment of [true, false]) {
      const socketFactory: SocketFactory = async (options) =>
        Object.assign(await open(options), { dontFragment })
      const link = await udpMux({ pool, runtime, socketFactory }).dial(remote, { handler, localAddress })
      expect(link.headerBytes).toBe(dontFragment ? headerBytes : undefined)
      expect(link.maxFrameBytes).toBe(1500 - headerBytes)
      link.close()
    }
  },
)

/** Dials a name for which the resolver finds `found`: addresses, an error, or nothing ever. */
function dialAt(found: readonly string[] | Error | undefined, localAddress?: string) {
  const asked: [string, number][] = []
  const world = simulatedMux({
    pool,
    resolveHost: (host, family) => {
      asked.push([host, family])
      if (found === undefined) return new Promise(() => {})
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found)
    },
  })
  const dialing = world.mux.dial('server.example:5000', {
    handler: new Recorder(pool),
    timeoutMs: 3000,
    ...(localAddress !== undefined && { localAddress }),
  })
  return { ...world, asked, dialing }
}

it('a socket that has no number for its peer does not stay open', async () => {
  const runtime = simRuntime()
  const network = new MemoryNetwork({ runtime })
  const open = memorySockets(network)
  const socketFactory: SocketFactory = async (options) =>
    Object.assign(await open(options), { peer: () => -1 })
  const mux = udpMux({ pool, runtime, socketFactory })
  const dialing = mux.dial('10.0.0.9:5000', { handler: new Recorder(pool), localAddress: '10.0.0.1' })
  await expect(dialing).rejects.toMatchObject({ code: 'MP_UDP_FAILED' })
  expect(() => network.rebind({ localAddress: '10.0.0.1:49152' })).toThrow(/there is no socket/)
})

it('sockets are told which offloads to leave alone, and whether to fragment', async () => {
  const runtime = simRuntime()
  const open = memorySockets(new MemoryNetwork({ runtime }))
  const told: unknown[] = []
  const socketFactory: SocketFactory = ({ gso, gro, dontFragment, ...options }) => {
    told.push({ gso, gro, dontFragment })
    return open(options)
  }
  for (const offloads of [{}, { gso: false, gro: true, dontFragment: true }]) {
    const mux = udpMux({ pool, runtime, socketFactory, ...offloads })
    const listener = await mux.listen('10.0.0.1:0', new Recorder(pool))
    await listener.close()
  }
  expect(told).toEqual([
    { gso: undefined, gro: undefined, dontFragment: undefined },
    { gso: false, gro: true, dontFragment: true },
  ])
})

describe('dialing a name', () => {
  it('asks for addresses of the family of the local address', async () => {
    const { dialing, asked } = dialAt(['10.0.0.9'], '10.0.0.7')
    const link = await dialing
    expect(asked).toEqual([['server.example', 4]])
    expect(link).toMatchObject({ remoteAddress: '10.0.0.9:5000' })
    expect(link.localAddress).toMatch(/^10\.0\.0\.7:/)
    link.close()
  })

  it('gives up in time when nobody answers', async () => {
    const { dialing, runtime } = dialAt(undefined)
    await Promise.all([
      expect(dialing).rejects.toMatchObject({ code: 'MP_UDP_TIMEOUT' }),
      runtime.advance(3000),
    ])
    expect(runtime.nowMs()).toBe(3000)
  })

  it('says so when the name is not known', async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    const { dialing, runtime } = dialAt(error)
    await expect(dialing).rejects.toMatchObject({ code: 'MP_UDP_UNRESOLVED', cause: error })
    expect(runtime.pendingTimers).toBe(0)
    await expect(dialAt([]).dialing).rejects.toMatchObject({ code: 'MP_UDP_UNRESOLVED' })
  })

  it('takes the next address when one cannot be used', async () => {
    const handler = new Recorder(pool)
    const mux = udpMux({ pool, backend: 'dgram', resolveHost: async () => ['::1', '127.0.0.1'] })
    const link = await mux.dial('server.example:9', { handler, localAddress: '127.0.0.1' })
    expect(link.remoteAddress).toBe('127.0.0.1:9')
    link.close()
  })
})
