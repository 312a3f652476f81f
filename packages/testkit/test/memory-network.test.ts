import { expect, onTestFinished, test } from 'vitest'
import type {
  DatagramHandler,
  DatagramSocket,
  FrameHandler,
  FrameSource,
  Link,
  Listener,
  PacketBatch,
} from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { MemoryNetwork, memorySocket, memoryTransport, simRuntime, type LineOptions } from '@mp/testkit'

const CLIENT = '10.0.1.1'
const SERVER = '10.9.0.1'

/** Notes all that happens, with its time, and gives the slots back. */
class Log implements FrameHandler {
  readonly frames: { text: string; from: string; atMs: number }[] = []
  readonly events: string[] = []
  source: FrameSource | undefined
  peer = -1
  batches = 0
  readonly #runtime: World['runtime']
  readonly #pool: Mempool

  constructor({ runtime }: World, pool: Mempool) {
    this.#runtime = runtime
    this.#pool = pool
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    this.batches++
    this.source = source
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offset[i] ?? 0
      const bytes = this.#pool.arena.slice(offset, offset + (batch.length[i] ?? 0))
      this.peer = batch.peer[i] ?? -1
      const link = source.link(this.peer)
      const from = link?.remoteAddress ?? 'nobody'
      this.frames.push({ text: String.fromCharCode(...bytes), from, atMs: this.#runtime.nowMs() })
      link?.close()
    }
    this.#pool.releaseAll(batch)
  }

  onWritable(): void {
    this.events.push('writable')
  }

  onUnreachable(_link: Link, code: string): void {
    this.events.push(code)
  }

  onClose(): void {}
}

interface World {
  readonly runtime: ReturnType<typeof simRuntime>
  readonly network: MemoryNetwork
  readonly clientPool: Mempool
  readonly serverPool: Mempool
}

function poolOf64(): Mempool {
  return new Mempool({ classes: [{ packetBytes: 1500, slots: 64 }] })
}

/** A network that must be empty when the test is over, as must be the pools. */
function world(line: LineOptions = {}): World {
  const runtime = simRuntime()
  const network = new MemoryNetwork({ runtime, line })
  const [clientPool, serverPool] = [poolOf64(), poolOf64()]
  onTestFinished(() => {
    runtime.runUntilIdle()
    expect([clientPool.inUse, serverPool.inUse, network.flyingDatagrams]).toEqual([0, 0, 0])
  })
  return { runtime, network, clientPool, serverPool }
}

interface Pair {
  readonly link: Link
  readonly listener: Listener
  readonly client: Log
  readonly server: Log
}

async function pair(each: World, sendBufferBytes = Infinity): Promise<Pair> {
  const { network, clientPool, serverPool } = each
  const server = new Log(each, serverPool)
  const client = new Log(each, clientPool)
  const listener = await memoryTransport(network, { pool: serverPool }).listen(`${SERVER}:443`, server)
  const transport = memoryTransport(network, { pool: clientPool, host: CLIENT, sendBufferBytes })
  const link = await transport.dial(listener.localAddress, { handler: client })
  return { link, listener, client, server }
}

function batchOf(pool: Mempool, texts: readonly string[]): PacketBatch {
  const batch = pool.createBatch(texts.length)
  for (const text of texts) {
    const slot = pool.acquire()
    const offset = pool.offsetOf(slot)
    for (let i = 0; i < text.length; i++) pool.arena[offset + i] = text.charCodeAt(i)
    batch.push(slot, offset, text.length)
  }
  return batch
}

/** Sends `texts`; the server has them once the simulation has run. */
function say(link: Link, pool: Mempool, ...texts: string[]): void {
  expect(link.send(batchOf(pool, texts))).toBe(texts.length)
}

test('frames are copied from the pool of the sender to that of the receiver', async () => {
  const each = world({ delayMs: 5 })
  const { link, server } = await pair(each)
  say(link, each.clientPool, 'one', 'two')
  expect(each.clientPool.inUse).toBe(0)
  each.runtime.runFor(4.9)
  expect(server.frames).toEqual([])
  each.runtime.runFor(0.1)
  expect(server.frames.map(({ text }) => text)).toEqual(['one', 'two'])
})

test('frames that arrive at once come in one batch', async () => {
  const each = world()
  const { link, server } = await pair(each)
  say(link, each.clientPool, 'a', 'b', 'c')
  each.runtime.runUntilIdle()
  expect([server.batches, server.frames.length]).toEqual([1, 3])
})

test('the rate counts IP and UDP headers, and each pair of hosts has its own line', async () => {
  const each = world()
  const { link, client, server } = await pair(each)
  each.network.path(CLIENT, SERVER).setForward({ rateBps: 1e6, delayMs: 7 })
  each.network.path('10.0.2.2', SERVER).set({ rateBps: 1, delayMs: 1e6 })
  say(link, each.clientPool, 'x'.repeat(97))
  each.runtime.runUntilIdle()
  expect(server.frames[0]?.atMs).toBe(1 + 7)
  const back = server.source?.link(server.peer) as Link
  say(back, each.serverPool, 'y')
  each.runtime.runUntilIdle()
  expect(client.frames[0]?.atMs).toBe(8)
  expect(each.network.path(CLIENT, SERVER).stats()).toMatchObject({
    forward: { inPackets: 1, inBytes: 125, outPackets: 1 },
    backward: { inPackets: 1, inBytes: 29, outPackets: 1 },
  })
})

test('a cut line swallows everything silently until it is restored', async () => {
  const each = world({ delayMs: 10 })
  const { link, client, server } = await pair(each)
  const path = each.network.path(CLIENT, SERVER)
  path.cut()
  say(link, each.clientPool, 'lost')
  each.runtime.runFor(100)
  path.restore()
  say(link, each.clientPool, 'found')
  each.runtime.runFor(100)
  expect(server.frames.map(({ text }) => text)).toEqual(['found'])
  expect(client.events).toEqual([])
  expect(path.stats().forward.drops).toEqual({ blackhole: 1 })
})

test('an unreachable host is told to the sender, and the link stays', async () => {
  const each = world()
  const { link, client, server } = await pair(each)
  const path = each.network.path(CLIENT, SERVER)
  path.unreachable('EHOSTUNREACH')
  say(link, each.clientPool, 'refused')
  expect(client.events).toEqual([])
  each.runtime.runUntilIdle()
  expect(client.events).toEqual(['EHOSTUNREACH'])
  expect(link.stats().drops).toEqual({ unreachable: 1 })
  path.restore()
  say(link, each.clientPool, 'passes')
  each.runtime.runUntilIdle()
  expect(server.frames.map(({ text }) => text)).toEqual(['passes'])
})

test('a port where nobody listens refuses', async () => {
  const each = world({ delayMs: 1 })
  const { link, listener, client } = await pair(each)
  await listener.close()
  say(link, each.clientPool, 'anybody there?')
  each.runtime.runUntilIdle()
  expect(client.events).toEqual(['ECONNREFUSED'])
  expect(each.network.drops).toEqual({ 'no-socket': 1 })
})

test('after rebinding the listener sees another peer, the answer finds it, and the old address is gone', async () => {
  const each = world()
  const { link, client, server } = await pair(each)
  say(link, each.clientPool, 'before')
  each.runtime.runUntilIdle()
  const oldBack = server.source?.link(server.peer) as Link
  const oldPeer = server.peer
  const address = each.network.rebind(link)
  expect(address).not.toBe(link.localAddress)
  say(link, each.clientPool, 'after')
  each.runtime.runUntilIdle()
  expect(server.frames.map(({ text, from }) => [text, from])).toEqual([
    ['before', link.localAddress],
    ['after', address],
  ])
  expect(server.peer).not.toBe(oldPeer)
  say(oldBack, each.serverPool, 'to the old address')
  say(server.source?.link(server.peer) as Link, each.serverPool, 'to the new one')
  each.runtime.runUntilIdle()
  expect(client.frames.map(({ text }) => text)).toEqual(['to the new one'])
  expect(server.events).toEqual([])
  expect(each.network.drops).toEqual({ 'nat-expired': 1 })
})

test('a socket can be rebound to the address of another host and keeps its line', async () => {
  const each = world({ delayMs: 3 })
  const { link, server } = await pair(each)
  each.network.rebind(link, '198.51.100.7:999')
  say(link, each.clientPool, 'hello')
  each.runtime.runUntilIdle()
  expect(server.frames).toEqual([{ text: 'hello', from: '198.51.100.7:999', atMs: 3 }])
  expect(() => each.network.rebind(link, `${SERVER}:443`)).toThrow(/in use/)
  expect(() => each.network.rebind({ localAddress: '10.0.0.9:1' })).toThrow(/no socket/)
})

test('frames of strangers do not reach a dialed link', async () => {
  const each = world()
  const { link, client } = await pair(each)
  const stranger = memorySocket(each.network, '10.6.6.6:0', { pool: each.clientPool })
  const batch = batchOf(each.clientPool, ['psst'])
  batch.peer[0] = stranger.peer(link.localAddress)
  expect(stranger.send(batch)).toBe(1)
  each.runtime.runUntilIdle()
  expect(client.frames).toEqual([])
  expect([stranger.stats().txPackets, each.network.drops]).toEqual([1, {}])
})

test('a full send buffer blocks the link and frees it when it is half empty', async () => {
  const each = world({ rateBps: 1e6 })
  const { link, client, server } = await pair(each, 1000)
  // 222 + 28 bytes are 2 ms each.
  const batch = batchOf(
    each.clientPool,
    Array.from({ length: 6 }, (_, i) => String(i).repeat(222)),
  )
  expect(link.send(batch)).toBe(4)
  expect(batch.count).toBe(2)
  each.runtime.runFor(3.9)
  expect(client.events).toEqual([])
  each.runtime.runFor(0.1)
  expect(client.events).toEqual(['writable'])
  expect(link.send(batch)).toBe(2)
  each.runtime.runUntilIdle()
  expect(server.frames.map(({ text }) => text[0])).toEqual(['0', '1', '2', '3', '4', '5'])
  expect(client.events).toEqual(['writable'])
})

test('a socket closed while datagrams wait for it hears nothing more', () => {
  const { runtime, network, clientPool } = world()
  const open = (): DatagramSocket => memorySocket(network, `${CLIENT}:0`, { pool: clientPool })
  const [sender, first, second] = [open(), open(), open()]
  let heard = 0
  const ignore = { onWritable: () => {}, onUnreachable: () => {}, onClose: () => {} }
  const handlerOf = (other: DatagramSocket): DatagramHandler => ({
    ...ignore,
    onDatagrams: (batch) => {
      heard++
      clientPool.releaseAll(batch)
      void other.close()
    },
  })
  first.start(handlerOf(second))
  second.start(handlerOf(first))
  const batch = batchOf(clientPool, ['a', 'b'])
  batch.peer.set([sender.peer(first.localAddress), sender.peer(second.localAddress)])
  sender.send(batch)
  runtime.runUntilIdle()
  expect(heard).toBe(1)
})

test('duplicates arrive as frames of their own, and the store of the network empties', async () => {
  const each = world({ duplicateRatio: 1, delayMs: 2 })
  const { link, server } = await pair(each)
  say(link, each.clientPool, 'twice')
  each.runtime.runUntilIdle()
  expect(server.frames.map(({ text }) => text)).toEqual(['twice', 'twice'])
})

test('a receiver without slots drops and counts', async () => {
  const each = world()
  const { link, listener, server } = await pair(each)
  const hoard = each.serverPool.createBatch(64)
  for (let slot = each.serverPool.acquire(); slot >= 0; slot = each.serverPool.acquire())
    hoard.push(slot, 0, 0)
  say(link, each.clientPool, 'a', 'b')
  each.runtime.runUntilIdle()
  each.serverPool.releaseAll(hoard)
  expect(server.frames).toEqual([])
  expect(listener.stats()).toMatchObject({ rxFrames: 0, drops: { 'pool-empty': 2 } })
})

test('the bound on datagrams under way holds', () => {
  const runtime = simRuntime()
  const network = new MemoryNetwork({ runtime, line: { delayMs: 1 }, maxDatagrams: 2 })
  const pool = poolOf64()
  const socket = memorySocket(network, '10.0.0.1:0', { pool })
  const batch = batchOf(pool, ['a', 'b', 'c'])
  batch.peer.fill(socket.peer('10.0.0.2:9'), 0, 3)
  expect(socket.send(batch)).toBe(3)
  expect(socket.stats()).toMatchObject({ txPackets: 2, drops: { 'network-full': 1 } })
  runtime.runUntilIdle()
  expect([pool.inUse, network.flyingDatagrams]).toEqual([0, 0])
})

/** What the server hears of 200 frames over a bad line. */
async function story(): Promise<Log['frames']> {
  const each = world({ rateBps: 1e6, delayMs: 5, jitterMs: 5, loss: 0.2, duplicateRatio: 0.1 })
  const { link, server } = await pair(each)
  for (let i = 0; i < 200; i++) {
    say(link, each.clientPool, `frame ${i}`)
    each.runtime.runFor(1)
  }
  each.runtime.runUntilIdle()
  return server.frames
}

test('the same seed gives the same story', async () => {
  const first = await story()
  expect(await story()).toEqual(first)
  expect(first.length).toBeGreaterThan(100)
})
