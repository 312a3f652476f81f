import type {
  DialOptions,
  FrameHandler,
  FrameSource,
  Link,
  Listener,
  PacketBatch,
  PacketPool,
  Transport,
} from '@mp/interface'
import { expect } from 'vitest'
import { batchOf, hostOf, packetAt, payload, totalDrops } from './packets.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'
import type { Wait } from './wait.ts'

/** A transport whose dialers reach its listeners. */
export interface TransportFixture extends Fixture {
  /**
   * Has at least 256 slots of 1200 bytes, one of `maxFrameBytes + 1`, and more bytes in slots than a link takes
   * before it says that it is full.
   */
  readonly pool: PacketPool
  readonly wait: Wait
  readonly transport: Transport
  /** Where to listen; its port must be 0. Default `127.0.0.1:0`. */
  readonly listenEndpoint?: string
  /** Address to dial from. Default `127.0.0.1`. */
  readonly localAddress?: string
  /** Whether frames may get lost when they come faster than they are read. Default false. */
  readonly lossy?: boolean
}

/** The contracts {@link Transport}, {@link Link} and {@link Listener}. */
export function testTransport(options: SuiteOptions<TransportFixture>): void {
  defineSuite('Transport', { ...frameTests, ...linkTests, ...failureTests, ...closeTests }, options)
}

/** Copies all it is told and gives the slots back. */
class Recorder implements FrameHandler {
  readonly frames: { bytes: Uint8Array; peer: number; source: FrameSource }[] = []
  readonly closes: { link: Link; error: Error | undefined }[] = []
  readonly writables: Link[] = []
  readonly links: Link[] = []
  /** Calls of all its methods. */
  calls = 0
  readonly #pool: PacketPool
  readonly #answer: boolean

  constructor(pool: PacketPool, answer = false) {
    this.#pool = pool
    this.#answer = answer
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    this.calls++
    for (let i = 0; i < batch.count; i++) {
      this.frames.push({ bytes: packetAt(this.#pool, batch, i), peer: batch.peer[i] ?? -1, source })
    }
    if (this.#answer) this.#sendBack(batch, source)
    this.#pool.releaseAll(batch)
  }

  onWritable(link: Link): void {
    this.calls++
    this.writables.push(link)
  }

  onUnreachable(): void {
    this.calls++
  }

  onClose(link: Link, error?: Error): void {
    this.calls++
    this.closes.push({ link, error })
  }

  /** Sends the whole batch back over one link to the sender of its first frame, from within the callback. */
  #sendBack(batch: PacketBatch, source: FrameSource): void {
    const link = this.links[0] ?? source.link(batch.peer[0] ?? -1)
    if (!link) return
    this.links[0] = link
    link.send(batch)
  }
}

/** A listener and a dialer, joined by one link. */
interface Pair extends TransportFixture {
  readonly listener: Listener
  readonly server: Recorder
  readonly link: Link
  readonly client: Recorder
}

async function withPair(
  fixture: TransportFixture,
  body: (pair: Pair) => Promise<void>,
  server: Recorder = new Recorder(fixture.pool),
): Promise<void> {
  const listener = await listen(fixture, server)
  try {
    const client = new Recorder(fixture.pool)
    const link = await dial(fixture, listener, client)
    try {
      await body({ ...fixture, listener, server, link, client })
    } finally {
      link.close()
    }
  } finally {
    await listener.close()
    await fixture.wait.settle()
  }
}

function listen(
  { transport, listenEndpoint = '127.0.0.1:0' }: TransportFixture,
  handler: FrameHandler,
): Promise<Listener> {
  return transport.listen(listenEndpoint, handler)
}

function dial(fixture: TransportFixture, listener: Listener, handler: FrameHandler): Promise<Link> {
  const options: DialOptions = { handler, localAddress: fixture.localAddress ?? '127.0.0.1', timeoutMs: 2000 }
  return fixture.transport.dial(listener.localAddress, options)
}

/** Sends one frame per entry of `contents`, all of them, however often that needs `send`. */
async function send(
  { pool, wait }: TransportFixture,
  link: Link,
  contents: readonly Uint8Array[],
): Promise<void> {
  const batch = batchOf(pool, contents)
  await wait.until(() => {
    const before = batch.count
    expect(link.send(batch)).toBe(before - batch.count)
    return batch.count === 0
  })
}

/** Sends a frame, and expects that nobody has heard of anything when that is done. */
function sendUnheard({ pool, link, client, server }: Pair): void {
  const batch = batchOf(pool, [payload(100, 1)])
  const before = client.calls + server.calls
  link.send(batch)
  expect(client.calls + server.calls).toBe(before)
  pool.releaseAll(batch)
}

/** Sends one frame from the client and makes the link back from what arrives. */
async function linkBack(pair: Pair): Promise<Link> {
  const { wait, link, server } = pair
  const before = server.frames.length
  await send(pair, link, [payload(20, 99)])
  await wait.until(() => server.frames.length > before)
  const { source, peer } = server.frames.at(-1) as (typeof server.frames)[number]
  const back = source.link(peer)
  expect(back, 'a link back to the sender').toBeDefined()
  return back as Link
}

const frameTests: Tests<TransportFixture> = {
  'frames cross both ways, whole and in order': (fixture) =>
    withPair(fixture, async (pair) => {
      const contents = Array.from({ length: 100 }, (_, i) => payload(1 + i * 12, i))
      const back = await linkBack(pair)
      await Promise.all([send(pair, pair.link, contents), send(pair, back, contents)])
      await pair.wait.until(() => pair.server.frames.length === 101 && pair.client.frames.length === 100)
      expect(pair.server.frames.slice(1).map(({ bytes }) => bytes)).toEqual(contents)
      expect(pair.client.frames.map(({ bytes }) => bytes)).toEqual(contents)
      back.close()
    }),

  'a handler may answer from within onFrames': async (fixture) => {
    const server = new Recorder(fixture.pool, true)
    const body = async ({ wait, link, client }: Pair): Promise<void> => {
      const contents = Array.from({ length: 20 }, (_, i) => payload(100 + i, i))
      await send(fixture, link, contents)
      await wait.until(() => client.frames.length === 20)
      expect(client.frames.map(({ bytes }) => bytes)).toEqual(contents)
      server.links[0]?.close()
    }
    await withPair(fixture, body, server)
  },

  'a source replies to a stranger without a link': (fixture) =>
    withPair(fixture, async (pair) => {
      const { pool, wait, link, server, client } = pair
      await send(pair, link, [payload(20, 1)])
      await wait.until(() => server.frames.length === 1)
      const { source, peer } = server.frames[0] as (typeof server.frames)[number]
      expect(source.address(peer)).toBe(link.localAddress)
      const reply = batchOf(pool, [payload(30, 2), payload(31, 3)])
      reply.peer.fill(peer, 0, reply.count)
      source.reply(reply)
      expect(reply.count).toBe(0)
      await wait.until(() => client.frames.length === 2)
      expect(client.frames.map(({ bytes }) => bytes)).toEqual([payload(30, 2), payload(31, 3)])
    }),

  'the largest frame passes, a larger one is taken, dropped and counted': (fixture) =>
    withPair(fixture, async ({ wait, link, server }) => {
      const largest = payload(link.maxFrameBytes, 1)
      await send(fixture, link, [payload(link.maxFrameBytes + 1, 2), largest, payload(10, 3)])
      await wait.until(() => server.frames.length === 2)
      expect(server.frames.map(({ bytes }) => bytes)).toEqual([largest, payload(10, 3)])
      expect(totalDrops(link.stats().drops)).toBe(1)
    }),

  'two dialers have distinct peers, and each gets its own answers': (fixture) =>
    withPair(fixture, async (pair) => {
      const other = new Recorder(fixture.pool)
      const otherLink = await dial(fixture, pair.listener, other)
      const [toFirst, toSecond] = [await linkBack(pair), await linkBack({ ...pair, link: otherLink })]
      expect(new Set(pair.server.frames.map(({ peer }) => peer)).size).toBe(2)
      expect(toFirst.remoteAddress).not.toBe(toSecond.remoteAddress)
      await send(pair, toFirst, [payload(30, 1)])
      await send(pair, toSecond, [payload(40, 2)])
      await pair.wait.until(() => pair.client.frames.length === 1 && other.frames.length === 1)
      expect(pair.client.frames[0]?.bytes).toEqual(payload(30, 1))
      expect(other.frames[0]?.bytes).toEqual(payload(40, 2))
      for (const link of [otherLink, toFirst, toSecond]) link.close()
    }),

  'no handler is called from within send, whether the other end is there or not': (fixture) =>
    withPair(fixture, async (pair) => {
      sendUnheard(pair)
      await pair.listener.close()
      for (let round = 0; round < 3; round++) {
        sendUnheard(pair)
        await pair.wait.settle()
      }
    }),

  'an empty batch is taken as nothing': (fixture) =>
    withPair(fixture, async ({ pool, link }) => {
      expect(link.send(pool.createBatch(4))).toBe(0)
    }),

  'stats count frames and bytes': (fixture) =>
    withPair(fixture, async ({ wait, link, server, listener }) => {
      await send(fixture, link, [payload(10, 1), payload(20, 2)])
      await wait.until(() => server.frames.length === 2)
      expect(link.stats()).toMatchObject({ txFrames: 2, txBytes: 30, backlogBytes: 0 })
      expect(listener.stats()).toMatchObject({ rxFrames: 2, rxBytes: 30, peers: 1 })
    }),

  'a full link leaves the rest in the batch and says when it takes more': (fixture) =>
    withPair(fixture, async ({ pool, wait, link, server, client, lossy = false }) => {
      const batch = pool.createBatch(32)
      let taken = 0
      for (let round = 0; round < pool.capacity && batch.count === 0; round++) {
        for (let i = 0; i < 32; i++) batch.push(pool.acquire(), 0, 1000)
        expect(
          batch.slot.subarray(0, 32).includes(-1),
          'the pool is smaller than the backlog of a link',
        ).toBe(false)
        for (let i = 0; i < 32; i++) batch.offset[i] = pool.offsetOf(batch.slot[i] ?? -1)
        taken += link.send(batch)
      }
      expect(batch.count).toBeGreaterThan(0)
      expect(taken % 32).toBe((32 - batch.count) % 32)
      await wait.until(() => client.writables.includes(link))
      const more = link.send(batch)
      expect(more).toBeGreaterThan(0)
      await wait.until(() => lossy || server.frames.length === taken + more)
      pool.releaseAll(batch)
    }),
}

const linkTests: Tests<TransportFixture> = {
  'a listener names its real port, and answers leave from it': (fixture) =>
    withPair(fixture, async (pair) => {
      const { transport, link, listener } = pair
      expect(listener.localAddress).toMatch(/:[1-9]\d*$/)
      expect(hostOf(listener.localAddress)).toBe(hostOf(pair.listenEndpoint ?? '127.0.0.1:0'))
      expect(link.remoteAddress).toBe(listener.localAddress)
      const back = await linkBack(pair)
      expect(back.localAddress).toBe(listener.localAddress)
      expect(back.remoteAddress).toBe(link.localAddress)
      expect([link.transport, back.transport]).toEqual([transport.name, transport.name])
      back.close()
    }),

  'a link leaves from the local address it was asked to': (fixture) =>
    withPair(fixture, async ({ link, localAddress = '127.0.0.1' }) => {
      expect(hostOf(link.localAddress)).toBe(localAddress.includes(':') ? `[${localAddress}]` : localAddress)
    }),

  'there is no link to a peer that does not exist': (fixture) =>
    withPair(fixture, async (pair) => {
      const back = await linkBack(pair)
      const { source } = pair.server.frames[0] as (typeof pair.server.frames)[number]
      for (const unknown of [-1, 1_000_000]) expect(source.link(unknown)).toBeUndefined()
      back.close()
    }),
}

const failureTests: Tests<TransportFixture> = {
  'dialing what is no endpoint rejects with an error that has a code': async ({ transport, pool }) => {
    const options: DialOptions = { handler: new Recorder(pool), timeoutMs: 500 }
    for (const endpoint of ['', '127.0.0.1', '127.0.0.1:port', '127.0.0.1:65536']) {
      expect(await rejection(transport.dial(endpoint, options))).toMatchObject(CODED)
    }
  },

  'listening at what is no endpoint rejects with an error that has a code': async ({ transport, pool }) => {
    expect(await rejection(transport.listen('127.0.0.1', new Recorder(pool)))).toMatchObject(CODED)
  },

  'two listeners cannot have one address': (fixture) =>
    withPair(fixture, async ({ transport, pool, listener }) => {
      const error = await rejection(transport.listen(listener.localAddress, new Recorder(pool)))
      expect(error).toMatchObject(CODED)
    }),
}

const CODED = { code: expect.any(String) as string, message: expect.any(String) as string }

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('should have rejected'),
    (error: unknown) => error,
  )
}

const closeTests: Tests<TransportFixture> = {
  'closing a link is idempotent and told once, without an error': (fixture) =>
    withPair(fixture, async ({ wait, link, client }) => {
      link.close()
      link.close()
      await wait.until(() => client.closes.length > 0)
      await wait.settle()
      link.close()
      expect(client.closes).toEqual([{ link, error: undefined }])
    }),

  'closing a listener is idempotent and closes the links that came in through it': (fixture) =>
    withPair(fixture, async (pair) => {
      const back = await linkBack(pair)
      await Promise.all([pair.listener.close(), pair.listener.close()])
      await pair.wait.until(() => pair.server.closes.length > 0)
      await pair.wait.settle()
      expect(pair.server.closes.map(({ link }) => link)).toEqual([back])
    }),

  'sending on a closed link loses no slot': (fixture) =>
    withPair(fixture, async ({ pool, wait, link, server }) => {
      link.close()
      const batch = batchOf(pool, [payload(10, 1)])
      link.send(batch)
      pool.releaseAll(batch)
      await wait.settle()
      expect([pool.inUse, server.frames.length]).toEqual([0, 0])
    }),

  'closing with frames in flight loses no slot': (fixture) =>
    withPair(fixture, async (pair) => {
      const back = await linkBack(pair)
      for (const link of [pair.link, back]) {
        const batch = batchOf(
          pair.pool,
          Array.from({ length: 64 }, (_, i) => payload(1000, i)),
        )
        link.send(batch)
        pair.pool.releaseAll(batch)
        link.close()
      }
      await pair.listener.close()
      await pair.wait.settle()
      expect(pair.pool.inUse).toBe(0)
    }),

  'a closed listener takes no frames, and its address is free again': (fixture) =>
    withPair(fixture, async ({ transport, listener, pool, server, link, wait }) => {
      await listener.close()
      const batch = batchOf(pool, [payload(10, 1)])
      link.send(batch)
      pool.releaseAll(batch)
      await wait.settle()
      expect(server.frames).toEqual([])
      link.close()
      const again = await transport.listen(listener.localAddress, server)
      expect(again.localAddress).toBe(listener.localAddress)
      await again.close()
    }),
}
