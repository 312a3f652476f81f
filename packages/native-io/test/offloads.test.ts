import type { DatagramHandler, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo, type NativeSocket, type NativeSocketOptions } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { realWait } from '@mp/testkit/conformance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const io = loadNativeIo().io!
const missing = requires([], { native: io !== undefined, linux: process.platform === 'linux' })
const wait = realWait()
const PACKET_BYTES = 1000

let sockets: NativeSocket[]
let pools: Mempool[]

function poolOf(slots: number, packetBytes: number = PACKET_BYTES): Mempool {
  const pool = new Mempool({ classes: [{ packetBytes, slots }], tailroomBytes: 0 })
  pools.push(pool)
  return pool
}

function open(pool: Mempool, options: Partial<NativeSocketOptions> = {}): NativeSocket {
  const socket = io.openSocket({ pool, local: '127.0.0.1:0', ...options })
  sockets.push(socket)
  return socket
}

function start(socket: NativeSocket, onDatagrams: DatagramHandler['onDatagrams']): void {
  socket.start({ onDatagrams, onWritable: () => {}, onUnreachable: () => {}, onClose: () => {} })
}

async function end(): Promise<void> {
  await Promise.all(sockets.map((socket) => socket.close()))
  expect(pools.map((pool) => pool.inUse)).toEqual(pools.map(() => 0))
  sockets = []
  pools = []
}

beforeEach(() => {
  sockets = []
  pools = []
})
afterEach(end)

/** A datagram: how long, and which number all of its bytes depend on. */
interface Datagram {
  readonly lengthBytes: number
  readonly number: number
}

/** Cheap, and different at each place of each datagram. */
const byteAt = (number: number, at: number): number => (number * 89 + at * 7 + (at >> 8)) & 0xff

function push(pool: Mempool, batch: PacketBatch, { lengthBytes, number }: Datagram, peer: number): void {
  const slot = pool.acquire()
  const offset = pool.offsetOf(slot)
  for (let at = 0; at < lengthBytes; at++) pool.arena[offset + at] = byteAt(number, at)
  batch.peer[batch.push(slot, offset, lengthBytes)] = peer
}

/** Sends all of `datagrams`, in batches of `most`. */
function send(
  socket: NativeSocket,
  pool: Mempool,
  to: NativeSocket,
  datagrams: readonly Datagram[],
  most = 256,
): void {
  const batch = pool.createBatch(most)
  const peer = socket.peer(to.localAddress)
  for (const [index, datagram] of datagrams.entries()) {
    push(pool, batch, datagram, peer)
    if (batch.count < most && index < datagrams.length - 1) continue
    expect(socket.send(batch)).toBeGreaterThan(0)
    expect(batch.count).toBe(0)
  }
}

/** The number of the datagram in `row`, of those that may be next; it must be the very bytes. */
function check(pool: Mempool, batch: PacketBatch, row: number, expected: Datagram | undefined): void {
  expect(batch.length[row]).toBe(expected?.lengthBytes)
  const { lengthBytes, number } = expected!
  const offset = batch.offset[row]!
  for (let at = 0; at < lengthBytes; at++) {
    if (pool.arena[offset + at] !== byteAt(number, at))
      throw new Error(`datagram ${number} differs at byte ${at}`)
  }
}

const dropped = (socket: NativeSocket, reason: string): number => socket.stats().drops[reason]!

const run = (packets: number, lengthBytes: number, from = 0): Datagram[] =>
  Array.from({ length: packets }, (_, index) => ({ lengthBytes, number: from + index }))

/** Expects exactly `datagrams` of one sender at `socket`, in their order. */
function expectInOrder(
  socket: NativeSocket,
  pool: Mempool,
  datagrams: readonly Datagram[],
): { heard: number; most: number } {
  const progress = { heard: 0, most: 0 }
  start(socket, (batch) => {
    progress.most = Math.max(progress.most, batch.count)
    for (let row = 0; row < batch.count; row++) check(pool, batch, row, datagrams[progress.heard++])
    pool.releaseAll(batch)
  })
  return progress
}

describe.skipIf(missing.length > 0)('datagrams in runs [needs native, linux]', () => {
  it('go as one message and come as one, up to 64 of them', async () => {
    const pool = poolOf(1024)
    const [sender, receiver] = [open(pool), open(pool)]
    const datagrams = run(128, 200)
    const progress = expectInOrder(receiver, pool, datagrams)
    send(sender, pool, receiver, datagrams)
    await wait.until(() => progress.heard === 128)
    expect(sender.offloads()).toMatchObject({ gso: true, gro: true, sentMessages: 2 })
    expect(receiver.offloads()).toMatchObject({ receivedMessages: 2 })
    expect(sender.stats()).toMatchObject({ txPackets: 128, txBytes: 128 * 200 })
    expect(receiver.stats()).toMatchObject({ rxPackets: 128, rxBytes: 128 * 200 })
  })

  it('are received in place once their size is known', async () => {
    const pool = poolOf(1024)
    const [sender, receiver] = [open(pool), open(pool)]
    const datagrams = Array.from({ length: 20 }, (_, index) => run(50, 900, 50 * index)).flat()
    const progress = expectInOrder(receiver, pool, datagrams)
    for (let from = 0; from < datagrams.length; from += 50) {
      send(sender, pool, receiver, datagrams.slice(from, from + 50))
      await wait.until(() => progress.heard === from + 50)
    }
    expect(receiver.offloads().movedPackets).toBeLessThanOrEqual(100)
  })

  it('end with a shorter one, and before one for another peer or a longer one', async () => {
    const pool = poolOf(1024)
    const [sender, one, two] = [open(pool), open(pool), open(pool)]
    const lengths = [500, 500, 300, 500, 600, 0, 0, 10]
    const datagrams = lengths.map((lengthBytes, number) => ({ lengthBytes, number }))
    const progress = expectInOrder(one, pool, datagrams)
    send(sender, pool, one, datagrams)
    await wait.until(() => progress.heard === lengths.length)
    // [500 500 300] [500] [600] [0] [0] [10]
    expect(sender.offloads().sentMessages).toBe(6)
    const [firstPeer, secondPeer] = [one, two].map((to) => sender.peer(to.localAddress)) as [number, number]
    const batch = pool.createBatch(4)
    for (const peer of [firstPeer, firstPeer, secondPeer, secondPeer])
      push(pool, batch, { lengthBytes: 5, number: 0 }, peer)
    const counted = expectInOrder(
      two,
      pool,
      [0, 0].map((number) => ({ lengthBytes: 5, number })),
    )
    datagrams.push(...[0, 0].map((number) => ({ lengthBytes: 5, number })))
    expect(sender.send(batch)).toBe(4)
    expect(sender.offloads().sentMessages).toBe(8)
    await wait.until(() => counted.heard === 2 && progress.heard === lengths.length + 2)
  })

  it('that are larger than a slot are dropped and counted one by one', async () => {
    const large = poolOf(512, 4000)
    const small = poolOf(512)
    const [sender, receiver] = [open(large), open(small)]
    const sent = [
      ...run(4, 900),
      ...run(20, 3000, 4),
      { lengthBytes: 100, number: 24 },
      ...run(60, 3000, 25),
      ...run(5, 64, 85),
    ]
    const progress = expectInOrder(
      receiver,
      small,
      sent.filter(({ lengthBytes }) => lengthBytes <= PACKET_BYTES),
    )
    send(sender, large, receiver, sent)
    await wait.until(() => sent.length === progress.heard + dropped(receiver, 'too-big'))
    expect(receiver.stats()).toMatchObject({ rxPackets: 10, drops: { 'too-big': 80, 'pool-empty': 0 } })
  })

  it('wait for slots when there are fewer of those than datagrams in a message', async () => {
    const [far, near] = [poolOf(512), poolOf(3)]
    const [sender, receiver] = [open(far), open(near)]
    const datagrams = [...run(64, 200), ...run(64, 100, 64), ...run(30, 300, 128)]
    const progress = expectInOrder(receiver, near, datagrams)
    send(sender, far, receiver, datagrams)
    await wait.until(() => progress.heard === datagrams.length)
    expect(progress.most).toBe(3)
    expect(receiver.stats()).toMatchObject({ rxPackets: 158, drops: { 'pool-empty': 0 } })
  })

  it('that find no slot are counted one by one', async () => {
    const [far, near] = [poolOf(512), poolOf(10)]
    const [sender, receiver] = [open(far), open(near)]
    const kept = near.createBatch(10)
    start(receiver, (batch) => {
      for (let row = 0; row < batch.count; row++) batch.copyRow(row, kept)
    })
    const counted = (): number => receiver.stats().rxPackets + dropped(receiver, 'pool-empty')
    send(sender, far, receiver, run(64, 200))
    await wait.until(() => counted() === 64)
    // Of these nothing is held: they are dropped as they come.
    send(sender, far, receiver, run(50, 300, 64))
    await wait.until(() => counted() === 114)
    expect([...kept.length.subarray(0, kept.count)]).toEqual(Array.from({ length: 10 }, () => 200))
    near.releaseAll(kept)
  })

  it('of senders that the table of peers has no room for are counted one by one', async () => {
    const pool = poolOf(512)
    const receiver = open(pool, { peerCapacity: 1 })
    const senders = [open(pool), open(pool)]
    receiver.pin(receiver.peer(senders[0]!.localAddress))
    const progress = expectInOrder(receiver, pool, run(30, 100))
    send(senders[1]!, pool, receiver, run(40, 100))
    send(senders[0]!, pool, receiver, run(30, 100))
    await wait.until(() => progress.heard === 30)
    expect(receiver.stats().drops).toMatchObject({ 'peer-table-full': 40 })
  })

  it('go one by one where the socket was told so', async () => {
    const pool = poolOf(512)
    const [sender, receiver] = [open(pool, { gso: false }), open(pool, { gro: false })]
    const progress = expectInOrder(receiver, pool, run(100, 100))
    send(sender, pool, receiver, run(100, 100))
    await wait.until(() => progress.heard === 100)
    expect(sender.offloads()).toMatchObject({ gso: false, gro: true, sentMessages: 100 })
    expect(receiver.offloads()).toMatchObject({ gso: true, gro: false, receivedMessages: 100 })
    expect(sender.offloads().reason).toBeUndefined()
  })

  it('an idle socket holds few slots, a busy one more, and gives them back', async () => {
    const [far, near] = [poolOf(1024), poolOf(1024)]
    const [sender, receiver] = [open(far), open(near)]
    let heard = 0
    start(receiver, (batch) => {
      heard += batch.count
      near.releaseAll(batch)
    })
    let sent = 0
    const exchange = async (packets: number): Promise<number> => {
      send(sender, far, receiver, run(packets, 100))
      sent += packets
      await wait.until(() => heard === sent)
      return near.inUse
    }
    const idle = await exchange(1)
    for (let i = 0; i < 5; i++) await exchange(500)
    const busy = near.inUse
    for (let i = 0; i < 40; i++) await exchange(1)
    expect(idle).toBeLessThanOrEqual(32)
    expect(busy).toBeGreaterThan(32)
    expect(near.inUse).toBeLessThanOrEqual(32)
  })
})

describe.skipIf(missing.length > 0)('whatever is sent [needs native, linux]', () => {
  const burst = fc.record({
    sender: fc.nat(1),
    packets: fc.integer({ min: 1, max: 90 }),
    lengthBytes: fc.oneof(fc.constantFrom(1000, 64), fc.integer({ min: 0, max: 1100 })),
    lastBytes: fc.option(fc.integer({ min: 0, max: 1100 }), { nil: undefined }),
  })
  const world = fc.record({
    bursts: fc.array(burst, { minLength: 1, maxLength: 15 }),
    slots: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constant(600)),
    batchSize: fc.integer({ min: 1, max: 300 }),
    sendRows: fc.integer({ min: 1, max: 300 }),
    gso: fc.boolean(),
    gro: fc.boolean(),
    local: fc.constantFrom('127.0.0.1:0', '0.0.0.0:0'),
  })

  it('arrives once, in order for each peer, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(world, async ({ bursts, slots, batchSize, sendRows, gso, gro, local }) => {
        const [far, near] = [poolOf(2048, 1200), poolOf(slots)]
        const receiver = open(near, { batchSize, gro, local })
        const port = receiver.localAddress.split(':')[1]!
        const senders = [0, 1].map(() => open(far, { gso, remote: `127.0.0.1:${port}`, batchSize }))
        const sent: Datagram[][] = [[], []]
        const plan = bursts.map(({ sender, packets, lengthBytes, lastBytes }, index) => {
          const datagrams = run(packets, lengthBytes, 100 * index)
          if (lastBytes !== undefined) datagrams.push({ lengthBytes: lastBytes, number: 100 * index + 99 })
          sent[sender]!.push(
            ...datagrams.filter((each) => each.lengthBytes <= near.endOf(0) - near.offsetOf(0)),
          )
          return { sender, datagrams }
        })
        const heard = [0, 0]
        start(receiver, (batch) => {
          for (let row = 0; row < batch.count; row++) {
            const from = senders.findIndex(
              (each) => each.localAddress === receiver.peerAddress(batch.peer[row]!),
            )
            check(near, batch, row, sent[from]![heard[from]!++])
          }
          near.releaseAll(batch)
        })
        for (const [index, { sender, datagrams }] of plan.entries()) {
          send(
            senders[sender]!,
            far,
            { localAddress: `127.0.0.1:${port}` } as NativeSocket,
            datagrams,
            sendRows,
          )
          // Now and then the receiver gets to see one burst by itself.
          if (index % 4 === 3) await wait.until(() => true)
        }
        const total = plan.reduce((sum, { datagrams }) => sum + datagrams.length, 0)
        const tooBig = total - sent[0]!.length - sent[1]!.length
        await wait.until(() => total === receiver.stats().rxPackets + dropped(receiver, 'too-big'))
        expect(heard).toEqual(sent.map((each) => each.length))
        expect(receiver.stats().drops).toMatchObject({ 'too-big': tooBig, 'pool-empty': 0 })
        await end()
      }),
      { numRuns: 100 },
    )
  })
})
