import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { DatagramHandler, DatagramSocket, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo, type NativeSocket, type NativeSocketOptions } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { realWait } from '@mp/testkit/conformance'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const io = loadNativeIo().io!
const missing = requires([], { native: io !== undefined })
const wait = realWait()
const LOOPBACK = '127.0.0.1:0'

let pool: Mempool
let sockets: DatagramSocket[]

beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 1400, slots: 512 }] })
  sockets = []
})
afterEach(async () => {
  await Promise.all(sockets.map((socket) => socket.close()))
  if (pool.inUse !== 0) throw new Error(`${pool.inUse} slots are still out`)
})

function open(options: Partial<NativeSocketOptions> = {}): NativeSocket {
  const socket = io.openSocket({ pool, local: LOOPBACK, ...options })
  sockets.push(socket)
  return socket
}

/** Starts `socket` with a handler that gives all slots back, but for what `handler` does. */
function start(socket: DatagramSocket, handler: Partial<DatagramHandler> = {}): void {
  socket.start({
    onDatagrams: (batch) => pool.releaseAll(batch),
    onWritable: () => {},
    onUnreachable: () => {},
    onClose: () => {},
    ...handler,
  })
}

function batchOf(packets: number, lengthBytes: number, peer: number): PacketBatch {
  const batch = pool.createBatch(packets)
  for (let i = 0; i < packets; i++) {
    const slot = pool.acquire()
    batch.peer[batch.push(slot, pool.offsetOf(slot), lengthBytes)] = peer
  }
  return batch
}

describe.skipIf(missing.length > 0)('a socket that nobody reads [needs native]', () => {
  it.skipIf(process.platform !== 'linux')('counts what its buffer has no room for', async () => {
    const near = open({ receiveBufferBytes: 16_384, gro: false })
    const far = open({ remote: near.localAddress, gso: false })
    const packets = 200
    expect(far.send(batchOf(packets, 1400, 0))).toBe(packets)
    await wait.until(() => near.stats().drops['receive-buffer-full']! > 0)
    const lost = near.stats().drops['receive-buffer-full']!
    start(near)
    await wait.until(() => near.stats().rxPackets === packets - lost)
    expect(near.stats().drops['receive-buffer-full']).toBe(lost)
    await near.close()
    expect(near.stats().drops['receive-buffer-full']).toBe(lost)
  })
})

describe.skipIf(missing.length > 0)('a connected socket [needs native]', () => {
  it('has one peer, number 0, and hears only that one', async () => {
    const near = open()
    const far = open({ remote: near.localAddress })
    const stranger = open()
    let heard = 0
    start(far, {
      onDatagrams: (batch) => {
        for (let i = 0; i < batch.count; i++)
          heard += far.peerAddress(batch.peer[i]!) === near.localAddress ? 1 : 100
        pool.releaseAll(batch)
      },
    })
    for (const sender of [stranger, near]) sender.send(batchOf(2, 10, sender.peer(far.localAddress)))
    await wait.until(() => heard === 2)
    expect(far.peer(stranger.localAddress)).toBe(-1)
    expect(far.peer(near.localAddress)).toBe(0)
    expect(far.send(batchOf(1, 10, 0))).toBe(1)
    expect(far.stats()).toMatchObject({ txPackets: 1, rxPackets: 2, peers: 1 })
  })

  it('says that nobody listens, and lives on', async () => {
    const gone = open()
    const socket = open({ remote: gone.localAddress })
    await gone.close()
    const codes: [number, string][] = []
    start(socket, { onUnreachable: (peer, code) => codes.push([peer, code]) })
    socket.send(batchOf(1, 10, 0))
    await wait.until(() => codes.length === 1)
    socket.send(batchOf(1, 10, 0))
    await wait.until(() => codes.length === 2)
    expect(codes).toEqual([
      [0, 'ECONNREFUSED'],
      [0, 'ECONNREFUSED'],
    ])
  })
})

describe.skipIf(missing.length > 0)('sending [needs native]', () => {
  it('drops a row that points outside of the arena, and sends those around it', async () => {
    const sender = open()
    const receiver = open()
    start(receiver)
    const batch = batchOf(4, 10, sender.peer(receiver.localAddress))
    batch.offset[1] = -1
    batch.length[2] = pool.arena.length
    expect(sender.send(batch)).toBe(4)
    await wait.until(() => receiver.stats().rxPackets === 2)
    expect(sender.stats()).toMatchObject({ txPackets: 2, drops: { 'outside-arena': 2 } })
  })

  it('reports an address that cannot be reached once per batch', async () => {
    const socket = open()
    const codes: string[] = []
    start(socket, { onUnreachable: (_peer, code) => codes.push(code) })
    // From the loopback address nothing can leave the machine.
    expect(socket.send(batchOf(3, 10, socket.peer('192.0.2.1:9')))).toBe(3)
    await wait.until(() => codes.length > 0)
    expect(codes).toHaveLength(1)
    expect(socket.stats()).toMatchObject({ txPackets: 0, drops: { unreachable: 3 } })
  })
})

describe.skipIf(missing.length > 0)('receiving [needs native]', () => {
  it('drops and counts what does not fit in a slot, and keeps its neighbours', async () => {
    const socket = open()
    const lengths: number[] = []
    start(socket, {
      onDatagrams: (batch) => {
        lengths.push(...batch.length.subarray(0, batch.count))
        pool.releaseAll(batch)
      },
    })
    const sender = createSocket('udp4')
    sender.connect(Number(socket.localAddress.split(':')[1]), '127.0.0.1')
    await once(sender, 'connect')
    for (const length of [10, 3000, 20]) sender.send(new Uint8Array(length))
    await wait.until(() => lengths.length === 2)
    sender.close()
    expect(lengths).toEqual([10, 20])
    expect(socket.stats()).toMatchObject({ rxPackets: 2, rxBytes: 30, drops: { 'too-big': 1 } })
  })

  it('goes on with the slots there are when the pool is nearly empty', async () => {
    const socket = open()
    const sender = open()
    let most = 0
    start(socket, {
      onDatagrams: (batch) => {
        most = Math.max(most, batch.count)
        pool.releaseAll(batch)
      },
    })
    const batch = batchOf(100, 10, sender.peer(socket.localAddress))
    const hoard = pool.createBatch(pool.capacity)
    while (pool.inUse < pool.capacity) hoard.push(pool.acquire(), 0, 0)
    expect(sender.send(batch)).toBe(100)
    while (pool.inUse < pool.capacity - 5) hoard.push(pool.acquire(), 0, 0)
    await wait.until(() => socket.stats().rxPackets === 100)
    expect(most).toBe(5)
    expect(socket.stats().drops['pool-empty']).toBe(0)
    pool.releaseAll(hoard)
  })

  it('lets the handler close the socket', async () => {
    const socket = open()
    const sender = open()
    let calls = 0
    start(socket, {
      onDatagrams: (batch) => {
        calls++
        void socket.close()
        pool.releaseAll(batch)
      },
    })
    sender.send(batchOf(200, 10, sender.peer(socket.localAddress)))
    await wait.until(() => calls > 0)
    await wait.settle()
    expect(calls).toBe(1)
  })

  it('hears IPv4 and IPv6 on [::], and names both as people do', async () => {
    const socket = open({ local: '[::]:0' })
    const port = socket.localAddress.split(']:')[1]
    const heard: (string | undefined)[] = []
    start(socket, {
      onDatagrams: (batch) => {
        for (let i = 0; i < batch.count; i++) heard.push(socket.peerAddress(batch.peer[i]!))
        pool.releaseAll(batch)
      },
    })
    const [v4, v6] = [open(), open({ local: '[::1]:0' })]
    v4.send(batchOf(1, 10, v4.peer(`127.0.0.1:${port}`)))
    await wait.until(() => heard.length === 1)
    v6.send(batchOf(1, 10, v6.peer(`[::1]:${port}`)))
    await wait.until(() => heard.length === 2)
    expect(heard).toEqual([v4.localAddress, v6.localAddress])
    expect(socket.peer(v4.localAddress)).not.toBe(-1)
  })
})

describe.skipIf(missing.length > 0)('opening a socket [needs native]', () => {
  it.each([
    [{ local: '192.0.2.1:0' }, 'EADDRNOTAVAIL', '192.0.2.1'],
    [{ device: 'no-such-if' }, 'ENODEV', 'no-such-if'],
    [{ remote: '[::1]:9' }, 'EAFNOSUPPORT', 'family'],
  ])('refuses %j with %s and says what to do', (options, code, hint) => {
    expect(() => open(options)).toThrow(
      expect.objectContaining({
        name: 'NativeIoError',
        code,
        message: expect.stringContaining(hint) as string,
      }),
    )
  })

  it('refuses a port that is taken', () => {
    const { localAddress } = open()
    expect(() => open({ local: localAddress })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  })

  it.each([
    [{ local: 'localhost:0' }, 'an IP address is needed'],
    [{ local: '127.0.0.1' }, 'no port'],
    [{ batchSize: 0 }, 'batchSize must be an integer between 1 and 1024'],
    [{ peerCapacity: 0 }, 'peerCapacity must be'],
    [{ remote: '127.0.0.1:0' }, 'port of remote must be'],
    [{ device: 'x'.repeat(16) }, 'length of device must be'],
  ])('refuses %j before it opens anything', (options, message) => {
    expect(() => open(options)).toThrow(message)
  })

  it('says what buffers it got', () => {
    const socket = open({ receiveBufferBytes: 65_536, sendBufferBytes: 65_536 })
    expect(socket.receiveBufferBytes).toBeGreaterThanOrEqual(65_536)
    expect(socket.sendBufferBytes).toBeGreaterThanOrEqual(65_536)
  })

  it('sends through the interface it is bound to', async () => {
    const receiver = open()
    const socket = open({ local: '0.0.0.0:0', device: 'lo' })
    start(receiver)
    socket.send(batchOf(1, 10, socket.peer(receiver.localAddress)))
    await wait.until(() => receiver.stats().rxPackets === 1)
    expect(socket.stats().txPackets).toBe(1)
  })

  it('refuses what makes no sense on an open socket', () => {
    const socket = open()
    expect(() => socket.peer('[::1]:9')).toThrow('expected an IPv4 address')
    expect(() => socket.peer('nonsense')).toThrow(TypeError)
    expect(() => socket.pin(0)).toThrow(RangeError)
    expect(() => socket.unpin(socket.peer('127.0.0.1:9'))).toThrow(RangeError)
    start(socket)
    expect(() => start(socket)).toThrow('called once')
  })
})

describe.skipIf(missing.length > 0 || process.platform !== 'linux')(
  'a socket without fragments [needs native, linux]',
  () => {
    /** More than one datagram of IPv4 can be, so that no interface takes it, loopback included. */
    const TOO_LARGE = 65_508

    it.each([true, false])('says so, and of the kernel what it got: %s', (dontFragment) => {
      expect(open({ dontFragment }).dontFragment).toBe(dontFragment)
      expect(open({ local: '[::1]:0', dontFragment }).dontFragment).toBe(dontFragment)
    })

    it('tells what is too large to be sent, and sends the rest', async () => {
      const big = new Mempool({ classes: [{ packetBytes: 65_536, slots: 4 }] })
      const near = open()
      const far = open({ pool: big, dontFragment: true })
      const codes: [number, string][] = []
      let heard = 0
      start(near, {
        onDatagrams: (batch) => {
          heard += batch.count
          pool.releaseAll(batch)
        },
      })
      start(far, { onUnreachable: (peer, code) => codes.push([peer, code]) })
      const batch = big.createBatch(3)
      const peer = far.peer(near.localAddress)
      for (const lengthBytes of [10, TOO_LARGE, 20]) {
        const slot = big.acquire()
        batch.peer[batch.push(slot, big.offsetOf(slot), lengthBytes)] = peer
      }
      expect(far.send(batch)).toBe(3)
      await wait.until(() => heard === 2 && codes.length > 0)
      expect(codes).toEqual([[peer, 'EMSGSIZE']])
      expect(far.stats().drops['too-big']).toBe(1)
      await far.close()
      expect(big.inUse).toBe(0)
    })
  },
)
