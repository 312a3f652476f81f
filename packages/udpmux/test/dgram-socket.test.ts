import { Socket as DgramSocket, createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { DatagramHandler, DatagramSocket } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { dgramSocket } from '@mp/udpmux'
import type { SocketOptions } from '@mp/udpmux'
import { batchOfTexts, expectNoneOut } from './fixtures.ts'

let pool: Mempool
let sockets: DatagramSocket[]
let plain: Socket[]
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 2000, slots: 512 }] })
  sockets = []
  plain = []
})
afterEach(async () => {
  await Promise.all(sockets.map((socket) => socket.close()))
  for (const socket of plain) socket.close()
  expectNoneOut(pool)
})

async function open(options: Partial<SocketOptions> = {}): Promise<DatagramSocket> {
  const socket = await dgramSocket({ pool, local: '127.0.0.1:0', ...options })
  sockets.push(socket)
  return socket
}

/** A handler that does nothing but give slots back. */
function handler(): { [K in keyof DatagramHandler]: ReturnType<typeof vi.fn<DatagramHandler[K]>> } {
  return {
    onDatagrams: vi.fn<DatagramHandler['onDatagrams']>((batch) => pool.releaseAll(batch)),
    onWritable: vi.fn<DatagramHandler['onWritable']>(),
    onUnreachable: vi.fn<DatagramHandler['onUnreachable']>(),
    onClose: vi.fn<DatagramHandler['onClose']>(),
  }
}

/** Other programs, each with a port of its own. */
async function strangers(count: number): Promise<Socket[]> {
  const made = Array.from({ length: count }, () => createSocket('udp4').bind(0, '127.0.0.1'))
  plain.push(...made)
  await Promise.all(made.map((socket) => once(socket, 'listening')))
  return made
}

const portOf = ({ localAddress }: DatagramSocket): number => Number(localAddress.split(':').at(-1))

describe('a socket on node:dgram', () => {
  it('hands over all datagrams of one turn of the event loop in one batch', async () => {
    const socket = await open()
    const sizes: number[] = []
    const seen = handler()
    seen.onDatagrams.mockImplementation((batch) => {
      sizes.push(batch.count)
      pool.releaseAll(batch)
    })
    socket.start(seen)
    const [other] = await strangers(1)
    await Promise.all(
      Array.from(
        { length: 10 },
        () => new Promise((done) => other!.send('datagram', portOf(socket), '127.0.0.1', done)),
      ),
    )
    await vi.waitUntil(() => socket.stats().rxPackets === 10)
    await vi.waitUntil(() => sizes.reduce((sum, size) => sum + size, 0) === 10)
    expect(sizes.length).toBeLessThan(10)
  })

  it('keeps its table of peers bounded under a flood of sources, and loses none of their datagrams', async () => {
    const socket = await open({ peerCapacity: 4, batchSize: 8 })
    const from: (string | undefined)[] = []
    const seen = handler()
    seen.onDatagrams.mockImplementation((batch) => {
      for (let row = 0; row < batch.count; row++) from.push(socket.peerAddress(batch.peer[row]!))
      pool.releaseAll(batch)
    })
    socket.start(seen)
    const others = await strangers(40)
    for (const other of others) other.send('datagram', portOf(socket), '127.0.0.1')
    await vi.waitUntil(() => from.length === 40)
    expect(new Set(from)).toEqual(new Set(others.map((other) => `127.0.0.1:${other.address().port}`)))
    expect(socket.stats().peers).toBe(4)
  })

  it('drops a new source, and counts it, when all its peers are pinned', async () => {
    const socket = await open({ peerCapacity: 1 })
    socket.pin(socket.peer('127.0.0.1:9'))
    socket.start(handler())
    const [other] = await strangers(1)
    other!.send('datagram', portOf(socket), '127.0.0.1')
    await vi.waitUntil(() => socket.stats().drops['peer-table-full'] === 1)
    expect(socket.stats().rxPackets).toBe(0)
  })

  it('takes no more than its backlog and says when there is room again', async () => {
    const socket = await open()
    const sink = await open()
    const seen = handler()
    socket.start(seen)
    sink.start(handler())
    const batch = batchOfTexts(
      pool,
      Array.from({ length: 400 }, () => 'x'.repeat(1400)),
    )
    batch.peer.fill(socket.peer(sink.localAddress))
    const taken = socket.send(batch)
    expect(taken).toBeLessThan(400)
    expect(taken * 1400).toBeGreaterThanOrEqual(256 * 1024)
    expect(batch.count).toBe(400 - taken)
    expect(seen.onWritable).not.toHaveBeenCalled()
    await vi.waitUntil(() => seen.onWritable.mock.calls.length > 0)
    pool.releaseAll(batch)
    await vi.waitUntil(() => socket.stats().txPackets === taken)
    expect(seen.onWritable).toHaveBeenCalledOnce()
  })

  it('tells a connected socket that nobody listens, and stays open', async () => {
    const [other] = await strangers(1)
    const remote = `127.0.0.1:${other!.address().port}`
    other!.close()
    plain.pop()
    const socket = await open({ remote })
    const seen = handler()
    socket.start(seen)
    const peer = socket.peer(remote)
    const batch = batchOfTexts(pool, ['anyone there?'])
    batch.peer[0] = peer
    socket.send(batch)
    await vi.waitUntil(() => seen.onUnreachable.mock.calls.length > 0)
    expect(seen.onUnreachable).toHaveBeenCalledWith(peer, 'ECONNREFUSED')
    expect(seen.onClose).not.toHaveBeenCalled()
  })

  it.each(['EINVAL', 'EADDRNOTAVAIL', 'ENODEV', 'ENETUNREACH'])(
    'tells that its own address or route is gone, by %s, and stays open',
    async (code) => {
      const socket = await open({ remote: '127.0.0.1:9' })
      const seen = handler()
      socket.start(seen)
      const send = vi.spyOn(DgramSocket.prototype, 'send').mockImplementation((...args: unknown[]) => {
        const done = args.at(-1) as (error: Error) => void
        done(Object.assign(new Error(code), { code }))
      })
      const batch = batchOfTexts(pool, ['a frame'])
      batch.peer[0] = socket.peer('127.0.0.1:9')
      expect(socket.send(batch)).toBe(1)
      send.mockRestore()
      expect(seen.onUnreachable.mock.calls).toEqual([[socket.peer('127.0.0.1:9'), code]])
      expect(socket.stats().drops).toMatchObject({ unreachable: 1, 'send-failed': 0 })
      expect(seen.onClose).not.toHaveBeenCalled()
    },
  )

  it('sends only to the address it is connected to', async () => {
    const sink = await open()
    const socket = await open({ remote: sink.localAddress })
    const batch = batchOfTexts(pool, ['to nobody'])
    batch.peer[0] = 1
    expect(socket.send(batch)).toBe(1)
    expect(socket.stats().drops).toMatchObject({ 'unknown-peer': 1 })
    expect(socket.peer('127.0.0.1:9')).toBe(-1)
  })

  it('may be closed by its handler while that holds a batch', async () => {
    const socket = await open()
    const seen = handler()
    seen.onDatagrams.mockImplementation((batch) => {
      void socket.close()
      pool.releaseAll(batch)
    })
    socket.start(seen)
    const [other] = await strangers(1)
    for (let sent = 0; sent < 3; sent++) other!.send('datagram', portOf(socket), '127.0.0.1')
    await vi.waitUntil(() => seen.onClose.mock.calls.length > 0)
    expect(seen.onClose).toHaveBeenCalledExactlyOnceWith()
  })

  it('knows one peer by all ways to write its address', async () => {
    const socket = await open({ local: '[::1]:0' })
    const peer = socket.peer('[2001:DB8:0:0::7]:5000')
    expect(socket.peer('[2001:db8::7]:5000')).toBe(peer)
    expect(socket.peerAddress(peer)).toBe('[2001:db8::7]:5000')
    expect(socket.peerAddress(socket.peer('[fe80::1%lo]:5000'))).toBe('[fe80::1%lo]:5000')
  })

  it('is misused with an error: started twice, a peer with port 0, a name for an address', async () => {
    const socket = await open()
    socket.start(handler())
    expect(() => socket.start(handler())).toThrow(RangeError)
    expect(() => socket.peer('127.0.0.1:0')).toThrow(RangeError)
    expect(() => socket.peer('localhost:5000')).toThrow(
      expect.objectContaining({ code: 'MP_UDP_BAD_ADDRESS' }),
    )
    await expect(dgramSocket({ pool, device: 'lo' })).rejects.toMatchObject({
      code: 'MP_UDP_NO_DEVICE_BINDING',
    })
  })
})
