import { once } from 'node:events'
import { Server, connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Listener } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { tcpTransport } from '@mp/tcp-transport'
import type { TcpTransport, TcpTransportOptions } from '@mp/tcp-transport'
import { simRuntime } from '@mp/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Recorder, batchOfTexts, expectNoneOut, sendTexts } from './fixtures.ts'

const missing = requires([], { native: loadNativeIo().io !== undefined })
const backends = [
  ['net', false],
  ['native [needs native]', missing.length > 0],
] as const

let backend: 'net' | 'native'
let pool: Mempool
let closing: (() => unknown)[]
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 2000, slots: 1024 }] })
  closing = []
})
afterEach(async () => {
  await Promise.all(closing.map(async (close) => close()))
  expectNoneOut(pool)
})

const transport = (options: Partial<TcpTransportOptions> = {}): TcpTransport =>
  tcpTransport({ pool, backend, ...options })

async function listen(
  options: Partial<TcpTransportOptions> = {},
  endpoint = '127.0.0.1:0',
): Promise<{ listener: Listener; server: Recorder }> {
  const server = new Recorder(pool)
  const listener = await transport(options).listen(endpoint, server)
  closing.push(() => listener.close())
  return { listener, server }
}

/** Another program that connects. */
async function stranger({ localAddress }: Listener): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(localAddress.split(':')[1]) })
  closing.push(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Another program that listens, and hands over each connection. */
async function program(serve: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    closing.push(() => socket.destroy())
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each(backends)('%s', (name, isMissing) => {
  beforeEach(() => {
    backend = name === 'net' ? 'net' : 'native'
  })

  describe.skipIf(isMissing)('a connection', () => {
    it('carries a batch in one write and delivers it in one or two', async () => {
      const { listener, server } = await listen()
      const handler = new Recorder(pool)
      const link = await transport().dial(listener.localAddress, { handler })
      sendTexts(pool, link, ...Array.from({ length: 40 }, (_, index) => `frame ${index}`))
      await vi.waitUntil(() => server.heard.length === 40)
      expect(server.batches.length).toBeLessThanOrEqual(2)
      link.close()
    })

    it('drops frames that no length can say, and sends the others', async () => {
      const { listener, server } = await listen()
      const handler = new Recorder(pool)
      const link = await transport({ maxFrameBytes: 100 }).dial(listener.localAddress, { handler })
      expect(sendTexts(pool, link, '', 'x'.repeat(101), 'y'.repeat(100), 'z')).toBe(4)
      await vi.waitUntil(() => server.heard.length === 2)
      expect(link.stats()).toMatchObject({ txFrames: 2, txBytes: 101, drops: { empty: 1, 'too-big': 1 } })
      link.close()
    })

    it('is over when the other end speaks another protocol; that is counted and told with a code', async () => {
      const { listener, server } = await listen({ maxFrameBytes: 1500 })
      const socket = await stranger(listener)
      socket.write(Buffer.from([0, 5, ...Buffer.from('hello')]))
      await vi.waitUntil(() => server.heard.length === 1)
      const link = server.heard[0]!.source.link(server.heard[0]!.peer)
      const gone = once(socket, 'close')
      socket.write('GET / HTTP/1.1\r\n\r\n')
      await gone
      expect(listener.stats().drops).toMatchObject({ 'bad-length': 1 })
      expect(server.closed).toEqual([[link, expect.objectContaining({ code: 'MP_TCP_BAD_LENGTH' })]])
    })

    it('ends when the other end closes its half, even if that never reads again', async () => {
      const endpoint = await program((socket) => void socket.pause().end())
      const handler = new Recorder(pool)
      const link = await transport().dial(endpoint, { handler })
      sendTexts(pool, link, 'is anybody reading?')
      await vi.waitUntil(() => handler.closed.length > 0)
      expect(handler.closed.map(([closed]) => closed)).toEqual([link])
    })

    it('tells of a reset with a code, once, for each of its links', async () => {
      const { listener, server } = await listen()
      const socket = await stranger(listener)
      socket.write(Buffer.from([0, 1, 65]))
      await vi.waitUntil(() => server.heard.length === 1)
      const { source, peer } = server.heard[0]!
      const links = [source.link(peer)!, source.link(peer)!]
      socket.resetAndDestroy()
      await vi.waitUntil(() => server.closed.length === 2)
      const reset = expect.objectContaining({ code: 'MP_TCP_RESET', cause: expect.anything() })
      expect(server.closed).toEqual(links.map((link) => [link, reset]))
      expect(source.link(peer)).toBeUndefined()
    })

    it('still brings what the other end sent before it heard of the close', async () => {
      const { listener, server } = await listen()
      const handler = new Recorder(pool)
      const link = await transport().dial(listener.localAddress, { handler })
      sendTexts(pool, link, 'hello')
      await vi.waitUntil(() => server.heard.length === 1)
      const { source, peer } = server.heard[0]!
      const back = source.link(peer)!
      link.close()
      sendTexts(pool, back, ...Array.from({ length: 50 }, (_, index) => `frame ${index}`))
      await vi.waitUntil(() => handler.heard.length === 50)
      await vi.waitUntil(() => server.closed.length === 1)
      expect(handler.closed).toEqual([[link, undefined]])
    })

    it('lives until its last link is closed, and what was taken still arrives', async () => {
      const { listener, server } = await listen()
      const handler = new Recorder(pool)
      const link = await transport().dial(listener.localAddress, { handler })
      sendTexts(pool, link, 'hello')
      await vi.waitUntil(() => server.heard.length === 1)
      const { source, peer } = server.heard[0]!
      const [one, two] = [source.link(peer)!, source.link(peer)!]
      one.close()
      sendTexts(pool, two, 'still here')
      two.close()
      await vi.waitUntil(() => handler.closed.length > 0)
      expect(handler.heard.map(({ text }) => text)).toEqual(['still here'])
      expect(server.closed).toEqual([
        [one, undefined],
        [two, undefined],
      ])
      expect(handler.closed).toEqual([[link, undefined]])
    })
  })

  describe.skipIf(isMissing)('a listener', () => {
    it('gives each connection a number of its own', async () => {
      const { listener, server } = await listen()
      const handler = new Recorder(pool)
      const dialer = transport()
      const links = [
        await dialer.dial(listener.localAddress, { handler }),
        await dialer.dial(listener.localAddress, { handler }),
      ]
      for (const link of links) sendTexts(pool, link, 'hello')
      await vi.waitUntil(() => server.heard.length === 2)
      const [first, second] = server.heard
      expect(first!.peer).not.toBe(second!.peer)
      expect(first!.source.link(second!.peer)).toBeUndefined()
      expect(listener.stats()).toMatchObject({ peers: 2, rxFrames: 2, rxBytes: 10 })
      for (const link of links) link.close()
    })

    it('refuses connections beyond its limit, and counts them', async () => {
      const { listener } = await listen({ maxConnections: 2 })
      await Promise.all([stranger(listener), stranger(listener)])
      await vi.waitUntil(() => listener.stats().peers === 2)
      const third = await stranger(listener)
      await once(third, 'close')
      expect(listener.stats()).toMatchObject({ peers: 2, drops: { 'connection-limit': 1 } })
    })

    it('closes a connection that nobody makes a link of in time, and keeps one that somebody did', async () => {
      const runtime = simRuntime()
      const { listener, server } = await listen({ runtime })
      const [wanted, silent, junk] = [
        await stranger(listener),
        await stranger(listener),
        await stranger(listener),
      ]
      wanted.write(Buffer.from([0, 1, 65]))
      junk.write(Buffer.from([0, 1, 66]))
      await vi.waitUntil(() => server.heard.length === 2 && listener.stats().peers === 3)
      const { source, peer } = server.heard.find(({ text }) => text === 'A')!
      const link = source.link(peer)!
      runtime.runFor(9999)
      expect([silent.readableEnded, junk.readableEnded]).toEqual([false, false])
      runtime.runFor(1)
      await Promise.all([once(silent.resume(), 'close'), once(junk.resume(), 'close')])
      await vi.waitUntil(() => listener.stats().peers === 1)
      expect(sendTexts(pool, link, 'still here')).toBe(1)
      link.close()
    })

    it('cuts off a connection whose other end does not let it end', async () => {
      const runtime = simRuntime()
      const { listener, server } = await listen({ runtime })
      const socket = await stranger(listener)
      socket.pause().write(Buffer.from([0, 1, 65]))
      await vi.waitUntil(() => server.heard.length === 1)
      const link = server.heard[0]!.source.link(server.heard[0]!.peer)!
      while (sendTexts(pool, link, 'x'.repeat(2000)) === 1);
      link.close()
      runtime.runFor(999)
      expect(listener.stats().peers).toBe(1)
      runtime.runFor(1)
      await vi.waitUntil(() => listener.stats().peers === 0)
      expect(server.closed).toEqual([[link, undefined]])
    })
  })

  describe.skipIf(isMissing)('errors say what is wrong', () => {
    it.each([
      ['no endpoint', 'nowhere', {}, 'MP_TCP_BAD_ADDRESS', /there is no port/],
      ['port 0', '127.0.0.1:0', {}, 'MP_TCP_BAD_ADDRESS', /port 0/],
      ['a local name', '127.0.0.1:9', { localAddress: 'eth0' }, 'MP_TCP_BAD_ADDRESS', /'eth0' is not an IP/],
      [
        'a foreign address',
        '127.0.0.1:9',
        { localAddress: '192.0.2.1' },
        'MP_TCP_BAD_ADDRESS',
        /no interface/,
      ],
      ['nobody there', '127.0.0.1:1', {}, 'MP_TCP_REFUSED', /nothing listens there/],
    ])('dial with %s', async (_name, endpoint, options, code, message) => {
      const dialing = transport().dial(endpoint, { handler: new Recorder(pool), ...options })
      await expect(dialing).rejects.toMatchObject({
        name: 'TcpError',
        code,
        message: expect.stringMatching(message),
      })
    })

    it('dial of a host that does not answer in time', async () => {
      const { listener } = await listen()
      const runtime = simRuntime()
      const handler = new Recorder(pool)
      const dialing = transport({ runtime }).dial(listener.localAddress, { handler, timeoutMs: 3000 })
      while (runtime.pendingTimers === 0) await Promise.resolve()
      // The system has had no chance to answer yet.
      runtime.runFor(3000)
      await expect(dialing).rejects.toMatchObject({
        code: 'MP_TCP_TIMEOUT',
        message: expect.stringContaining('within 3000 ms'),
      })
    })

    it('listen at an address in use', async () => {
      const { listener } = await listen()
      await expect(transport().listen(listener.localAddress, new Recorder(pool))).rejects.toMatchObject({
        code: 'MP_TCP_ADDRESS_IN_USE',
        cause: { code: 'EADDRINUSE' },
        message: expect.stringContaining(listener.localAddress),
      })
    })

    it('sending on a link that is closed loses no slot and is counted', async () => {
      const { listener } = await listen()
      const link = await transport().dial(listener.localAddress, { handler: new Recorder(pool) })
      link.close()
      const batch = batchOfTexts(pool, ['too late'])
      expect(link.send(batch)).toBe(1)
      expect(link.stats().drops).toMatchObject({ closed: 1 })
    })
  })
})

describe('a wrong option', () => {
  it.each([
    { maxFrameBytes: 0 },
    { maxFrameBytes: 65_536 },
    { highWaterBytes: 0 },
    { highWaterBytes: NaN },
    { batchSize: 0 },
    { batchSize: 512 },
    { batchSize: 1.5 },
    { maxConnections: 0 },
    { unclaimedTimeoutMs: 0 },
    { unclaimedTimeoutMs: NaN },
  ])('%o is refused at once, and not when the first connection comes', (wrong) => {
    const [[name, value]] = Object.entries(wrong) as [[string, number]]
    expect(() => tcpTransport({ pool, ...wrong })).toThrow(
      new RegExp(`expected ${name} to be .*, found ${value}$`),
    )
  })
})

describe('net', () => {
  beforeEach(() => {
    backend = 'net'
  })

  it('takes no more than its backlog from a sender whose receiver stalls, and says when it goes on', async () => {
    let stalled: Socket | undefined
    const endpoint = await program((socket) => {
      stalled = socket.pause()
    })
    const handler = new Recorder(pool)
    const link = await transport({ highWaterBytes: 100_000 }).dial(endpoint, { handler })
    let taken = 0
    const texts = Array.from({ length: 50 }, () => 'x'.repeat(1998))
    for (let sent = 50; sent === 50; taken += sent) sent = sendTexts(pool, link, ...texts)
    expect(link.stats().backlogBytes).toBeGreaterThanOrEqual(100_000)
    expect(link.stats().backlogBytes).toBeLessThan(102_000)
    expect(sendTexts(pool, link, 'one more')).toBe(0)
    expect(handler.writable).toEqual([])
    let received = 0
    stalled!.on('data', (chunk: Buffer) => (received += chunk.length)).resume()
    await vi.waitUntil(() => received === taken * 2000)
    expect(handler.writable).toEqual([link])
    expect(link.stats()).toMatchObject({ txFrames: taken, txBytes: taken * 1998, backlogBytes: 0 })
    expect(sendTexts(pool, link, 'one more')).toBe(1)
    link.close()
    await vi.waitUntil(() => received === taken * 2000 + 10)
  })

  it('goes on after a connection that the system could not hand over, and counts it', async () => {
    const listening = vi.spyOn(Server.prototype, 'listen')
    const { listener } = await listen()
    const [server] = listening.mock.contexts as [Server]
    listening.mockRestore()
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
    await stranger(listener)
    await vi.waitUntil(() => listener.stats().peers === 1)
    expect(listener.stats().drops).toMatchObject({ 'accept-failed': 1 })
  })

  it('cannot bind to a device', async () => {
    const dialing = transport().dial('127.0.0.1:9', { handler: new Recorder(pool), device: 'lo' })
    await expect(dialing).rejects.toMatchObject({
      code: 'MP_TCP_NO_DEVICE_BINDING',
      message: expect.stringContaining('use the native backend or a local address'),
    })
  })
})
