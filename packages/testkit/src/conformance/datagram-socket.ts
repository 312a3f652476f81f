import type { DatagramHandler, DatagramSocket, PacketBatch, PacketPool } from '@mp/interface'
import { expect } from 'vitest'
import { append, batchOf, hostOf, packetAt, payload, totalDrops } from './packets.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'
import type { Wait } from './wait.ts'

/** What a socket is opened with. */
export interface OpenSocket {
  /** `127.0.0.1:0` or `[::1]:0`. */
  readonly address: string
  /** Size of the table of peers; undefined = as the implementation likes, but at least 64. */
  readonly maxPeers?: number
}

/** Sockets that reach each other, and their common pool. */
export interface DatagramSocketFixture extends Fixture {
  /** Has at least 256 slots of 1400 bytes, and one of `tooBigBytes`. */
  readonly pool: PacketPool
  readonly wait: Wait
  /** Length of a datagram that can never be sent, bytes; 65 536 for real UDP. */
  readonly tooBigBytes: number
  /** Opens a socket, not started yet. The suite closes it. */
  readonly open: (options: OpenSocket) => Promise<DatagramSocket> | DatagramSocket
}

/** The contract {@link DatagramSocket}. */
export function testDatagramSocket(options: SuiteOptions<DatagramSocketFixture>): void {
  defineSuite('DatagramSocket', { ...trafficTests, ...dropTests, ...peerTests, ...closeTests }, options)
}

const V4: OpenSocket = { address: '127.0.0.1:0' }
const V6: OpenSocket = { address: '[::1]:0' }
/** Nobody listens at the discard port. */
const NOWHERE = '127.0.0.1:9'
/** An address of all hosts: a socket that did not ask for it may not send there. */
const UNROUTED = '255.255.255.255:9'

/** Copies all it is told and gives the slots back. */
class Recorder implements DatagramHandler {
  readonly datagrams: { bytes: Uint8Array; from: string | undefined; peer: number }[] = []
  readonly closes: (Error | undefined)[] = []
  writables = 0
  /** Calls of all its methods. */
  calls = 0
  readonly #pool: PacketPool
  readonly #socket: DatagramSocket

  constructor(pool: PacketPool, socket: DatagramSocket) {
    this.#pool = pool
    this.#socket = socket
  }

  onDatagrams(batch: PacketBatch): void {
    this.calls++
    for (let i = 0; i < batch.count; i++) {
      const peer = batch.peer[i] ?? -1
      const from = this.#socket.peerAddress(peer)
      this.datagrams.push({ bytes: packetAt(this.#pool, batch, i), from, peer })
    }
    this.#pool.releaseAll(batch)
  }

  onWritable(): void {
    this.calls++
    this.writables++
  }

  onUnreachable(): void {
    this.calls++
  }

  onClose(error?: Error): void {
    this.calls++
    this.closes.push(error)
  }
}

interface Node {
  readonly socket: DatagramSocket
  readonly seen: Recorder
}

/** Runs `body` with one started socket per entry of `opens`, and closes them. */
async function withNodes(
  fixture: DatagramSocketFixture,
  opens: readonly OpenSocket[],
  body: (fixture: DatagramSocketFixture, ...nodes: Node[]) => Promise<void>,
): Promise<void> {
  const sockets = await Promise.all(opens.map(async (open) => fixture.open(open)))
  const nodes = sockets.map((socket) => ({ socket, seen: new Recorder(fixture.pool, socket) }))
  try {
    for (const { socket, seen } of nodes) socket.start(seen)
    await body(fixture, ...nodes)
  } finally {
    await Promise.all(sockets.map((socket) => socket.close()))
  }
}

/** Sends one datagram per entry of `contents` and expects that all are taken. */
function send(pool: PacketPool, from: DatagramSocket, peer: number, contents: readonly Uint8Array[]): void {
  const batch = batchOf(pool, contents)
  batch.peer.fill(peer, 0, batch.count)
  expect(from.send(batch)).toBe(contents.length)
  expect(batch.count).toBe(0)
}

const trafficTests: Tests<DatagramSocketFixture> = {
  'the local address names the real port': (fixture) =>
    withNodes(fixture, [V4, V4], async (_, ...nodes) => {
      for (const { socket } of nodes) expect(socket.localAddress).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
      expect(nodes[0]?.socket.localAddress).not.toBe(nodes[1]?.socket.localAddress)
    }),

  'datagrams arrive whole, with their sender, and an answer finds its way back': (fixture) =>
    withNodes(fixture, [V4, V4], async (_, a, b) => exchange(fixture, a, b)),

  'sockets of IPv6 work the same': (fixture) =>
    withNodes(fixture, [V6, V6], async (_, a, b) => {
      expect(a.socket.localAddress).toMatch(/^\[::1\]:[1-9]\d*$/)
      await exchange(fixture, a, b)
    }),

  'one batch may go to several peers, each datagram to its own': (fixture) =>
    withNodes(fixture, [V4, V4, V4], async ({ pool, wait }, a, b, c) => {
      const contents = Array.from({ length: 8 }, (_, i) => payload(100 + i, i))
      const batch = batchOf(pool, contents)
      const peers = [a.socket.peer(b.socket.localAddress), a.socket.peer(c.socket.localAddress)] as const
      for (let i = 0; i < batch.count; i++) batch.peer[i] = peers[i % 2] ?? -1
      expect(a.socket.send(batch)).toBe(8)
      await wait.until(() => b.seen.datagrams.length === 4 && c.seen.datagrams.length === 4)
      expect(b.seen.datagrams.map(({ bytes }) => bytes)).toEqual(contents.filter((_, i) => i % 2 === 0))
      expect(c.seen.datagrams.map(({ bytes }) => bytes)).toEqual(contents.filter((_, i) => i % 2 === 1))
    }),

  'more datagrams than batchSize pass in one send': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      const contents = Array.from({ length: 150 }, (_, i) => payload(60, i))
      send(pool, a.socket, a.socket.peer(b.socket.localAddress), contents)
      await wait.until(() => b.seen.datagrams.length === 150)
      expect(b.seen.datagrams.map(({ bytes }) => bytes)).toEqual(contents)
    }),

  'an empty batch is taken as nothing': (fixture) =>
    withNodes(fixture, [V4], async ({ pool }, a) => {
      expect(a.socket.send(pool.createBatch(4))).toBe(0)
    }),

  'stats count what was sent and received': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      send(pool, a.socket, a.socket.peer(b.socket.localAddress), [payload(10, 1), payload(20, 2)])
      await wait.until(() => b.seen.datagrams.length === 2)
      expect(a.socket.stats()).toMatchObject({ txPackets: 2, txBytes: 30, rxPackets: 0, peers: 1 })
      expect(b.socket.stats()).toMatchObject({ rxPackets: 2, rxBytes: 30, txPackets: 0, peers: 1 })
    }),
}

async function exchange({ pool, wait }: DatagramSocketFixture, a: Node, b: Node): Promise<void> {
  const contents = [payload(1, 1), payload(1200, 2), payload(600, 3)]
  send(pool, a.socket, a.socket.peer(b.socket.localAddress), contents)
  await wait.until(() => b.seen.datagrams.length === 3)
  expect(b.seen.datagrams.map(({ bytes }) => bytes)).toEqual(contents)
  expect(b.seen.datagrams.map(({ from }) => from)).toEqual(contents.map(() => a.socket.localAddress))
  send(pool, b.socket, b.seen.datagrams[0]?.peer ?? -1, [payload(50, 4)])
  await wait.until(() => a.seen.datagrams.length === 1)
  expect(a.seen.datagrams[0]).toMatchObject({ bytes: payload(50, 4), from: b.socket.localAddress })
}

const dropTests: Tests<DatagramSocketFixture> = {
  'a datagram that is too big is taken, dropped and counted, and the others go': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait, tooBigBytes }, a, b) => {
      const tooBig = payload(tooBigBytes, 2)
      send(pool, a.socket, a.socket.peer(b.socket.localAddress), [payload(10, 1), tooBig, payload(10, 3)])
      await wait.until(() => b.seen.datagrams.length === 2)
      expect(b.seen.datagrams.map(({ bytes }) => bytes)).toEqual([payload(10, 1), payload(10, 3)])
      expect(totalDrops(a.socket.stats().drops)).toBe(1)
      expect(a.socket.stats().txPackets).toBe(2)
    }),

  'a datagram for an unknown peer is taken, dropped and counted': (fixture) =>
    withNodes(fixture, [V4], async ({ pool }, a) => {
      for (const peer of [0, -1, 1_000_000]) send(pool, a.socket, peer, [payload(10, 1)])
      expect(totalDrops(a.socket.stats().drops)).toBe(3)
      expect(pool.inUse).toBe(0)
    }),

  'datagrams that find no free slot are dropped and counted, and later ones arrive': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      const peer = a.socket.peer(b.socket.localAddress)
      const hoard: number[] = []
      const batch = batchOf(pool, [payload(10, 1), payload(10, 2)])
      batch.peer.fill(peer, 0, 2)
      for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot)
      a.socket.send(batch)
      // The slots just sent are free again and would do for the arrivals.
      for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot)
      await wait.settle()
      for (const slot of hoard) pool.release(slot)
      const lost = totalDrops(b.socket.stats().drops)
      send(pool, a.socket, peer, [payload(10, 3)])
      await wait.until(() => b.seen.datagrams.length === 3 - lost)
      expect(b.seen.datagrams.at(-1)?.bytes).toEqual(payload(10, 3))
    }),

  'no handler is called from within send, whether the peer can be reached or not': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      const peers = [b.socket.localAddress, NOWHERE, UNROUTED].map((address) => a.socket.peer(address))
      for (let round = 0; round < 2; round++) {
        for (const peer of peers) {
          const before = a.seen.calls + b.seen.calls
          send(pool, a.socket, peer, [payload(10, 1)])
          expect(a.seen.calls + b.seen.calls).toBe(before)
        }
        await wait.settle()
      }
    }),

  'a peer that nobody answers for does not end the socket': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      send(pool, a.socket, a.socket.peer(NOWHERE), [payload(10, 1)])
      await wait.settle()
      send(pool, a.socket, a.socket.peer(b.socket.localAddress), [payload(10, 2), payload(10, 3)])
      await wait.until(() => b.seen.datagrams.some(({ bytes }) => bytes[0] === payload(10, 3)[0]))
      expect(a.seen.closes).toEqual([])
    }),
}

const peerTests: Tests<DatagramSocketFixture> = {
  'a peer has one number and one address': (fixture) =>
    withNodes(fixture, [V4], async (_, { socket }) => {
      const one = socket.peer('127.0.0.1:1001')
      const two = socket.peer('127.0.0.1:1002')
      expect(one).toBeGreaterThanOrEqual(0)
      expect(two).not.toBe(one)
      expect(socket.peer('127.0.0.1:1001')).toBe(one)
      expect(socket.peerAddress(one)).toBe('127.0.0.1:1001')
      expect(socket.peerAddress(two)).toBe('127.0.0.1:1002')
      for (const unknown of [-1, 1_000_000]) expect(socket.peerAddress(unknown)).toBeUndefined()
    }),

  'the table of peers is bounded, and a peer that is not pinned makes room': (fixture) =>
    withNodes(fixture, [{ ...V4, maxPeers: 2 }], async (_, { socket }) => {
      for (let port = 1001; port <= 1010; port++) {
        const peer = socket.peer(`127.0.0.1:${port}`)
        expect(socket.peerAddress(peer)).toBe(`127.0.0.1:${port}`)
        expect(socket.stats().peers).toBeLessThanOrEqual(2)
      }
    }),

  'a pinned peer keeps its number until it is unpinned as often': (fixture) =>
    withNodes(fixture, [{ ...V4, maxPeers: 2 }], async (_, { socket }) => {
      const pinned = socket.peer('127.0.0.1:1001')
      socket.pin(pinned)
      socket.pin(pinned)
      for (let port = 1002; port <= 1010; port++) socket.peer(`127.0.0.1:${port}`)
      expect(socket.peerAddress(pinned)).toBe('127.0.0.1:1001')
      socket.unpin(pinned)
      const other = socket.peer('127.0.0.1:1020')
      socket.pin(other)
      expect(socket.peer('127.0.0.1:1021')).toBe(-1)
      socket.unpin(pinned)
      expect(socket.peer('127.0.0.1:1021')).toBeGreaterThanOrEqual(0)
      expect(socket.peerAddress(other)).toBe('127.0.0.1:1020')
    }),

  'more senders than peers are all heard, each told apart in its batch': (fixture) =>
    withNodes(
      fixture,
      [{ ...V4, maxPeers: 2 }, V4, V4, V4, V4, V4],
      async ({ pool, wait }, hub, ...senders) => {
        for (const { socket } of senders) {
          send(pool, socket, socket.peer(hub.socket.localAddress), [payload(10, 1)])
        }
        await wait.until(() => hub.seen.datagrams.length === senders.length)
        const heard = new Set(hub.seen.datagrams.map(({ from }) => from))
        expect(heard).toEqual(new Set(senders.map(({ socket }) => socket.localAddress)))
      },
    ),
}

const closeTests: Tests<DatagramSocketFixture> = {
  'close is idempotent and told once, without an error': async (fixture) => {
    let node: Node | undefined
    await withNodes(fixture, [V4], async (_, a) => {
      node = a
      await Promise.all([a.socket.close(), a.socket.close()])
      await fixture.wait.until(() => a.seen.closes.length === 1)
    })
    await fixture.wait.settle()
    expect(node?.seen.closes).toEqual([undefined])
  },

  'a socket that was never started can be closed': async ({ open }) => {
    const socket = await open(V4)
    await socket.close()
  },

  'closing with traffic in flight loses no slot': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      const batch = pool.createBatch(64)
      for (let i = 0; i < 64; i++) append(pool, batch, payload(1000, i))
      batch.peer.fill(a.socket.peer(b.socket.localAddress), 0, 64)
      a.socket.send(batch)
      pool.releaseAll(batch)
      await Promise.all([a.socket.close(), b.socket.close()])
      await wait.settle()
      expect(pool.inUse).toBe(0)
    }),

  'sending on a closed socket loses no slot': (fixture) =>
    withNodes(fixture, [V4, V4], async ({ pool, wait }, a, b) => {
      const batch = batchOf(pool, [payload(10, 1)])
      batch.peer[0] = a.socket.peer(b.socket.localAddress)
      await a.socket.close()
      a.socket.send(batch)
      pool.releaseAll(batch)
      await wait.settle()
      expect([pool.inUse, b.seen.datagrams.length]).toEqual([0, 0])
    }),

  'the address of a closed socket is free again': async ({ open }) => {
    const first = await open(V4)
    const address = first.localAddress
    await first.close()
    const second = await open({ address })
    expect(hostOf(second.localAddress)).toBe(hostOf(address))
    expect(second.localAddress).toBe(address)
    await second.close()
  },
}
