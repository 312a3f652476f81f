import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { promisify } from 'node:util'
import type { FrameStream, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { seededRandom } from '@mp/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const { io } = loadNativeIo()
const missing = requires([], { native: io !== undefined })
const SLOT_BYTES = 1500

/** Frames on a stream, as bytes: each after its length. */
function framed(frames: readonly Buffer[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => [Buffer.from([frame.length >> 8, frame.length & 0xff]), frame]),
  )
}

/** What the kernel holds of a connection over loopback whose other end does not read: megabytes, unless it is told otherwise. */
function unsentBytes(localAddress: string): number {
  const port = Number(localAddress.split(':')[1]).toString(16).toUpperCase().padStart(4, '0')
  const line = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .find((each) => new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} `).test(each))
  return Number.parseInt(line!.trim().split(/ +/)[4]!, 16)
}

describe.skipIf(missing.length > 0)('streams [needs native]', () => {
  let pool: Mempool
  let closing: (() => unknown)[]
  beforeEach(() => {
    pool = new Mempool({ classes: [{ packetBytes: SLOT_BYTES, slots: 512 }] })
    closing = []
  })
  afterEach(async () => {
    for (const close of closing) close()
    await vi.waitUntil(() => pool.inUse === 0)
  })

  /** A stream that came in, the program at its other end, and what the stream brought. */
  async function accepted(hold = false) {
    const frames: Buffer[] = []
    const held: number[] = []
    const ends: (Error | undefined)[] = []
    let stream: FrameStream | undefined
    const listener = io!.listenForStreams({
      pool,
      local: '127.0.0.1:0',
      onFailure: () => {},
      onStream: (came) => {
        stream = came
        came.start({
          onFrames: (batch: PacketBatch) => {
            for (let row = 0; row < batch.count; row++) {
              const offset = batch.offset[row]!
              frames.push(Buffer.from(pool.arena.subarray(offset, offset + batch.length[row]!)))
              if (hold) held.push(batch.slot[row]!)
            }
            if (!hold) pool.releaseAll(batch)
          },
          onWritable: () => {},
          onClose: (error) => ends.push(error),
        })
      },
    })
    closing.push(() => listener.close())
    const socket: Socket = connect(Number(listener.localAddress.split(':')[1]), '127.0.0.1')
    socket.on('error', () => {})
    closing.push(() => socket.destroy())
    await once(socket, 'connect')
    socket.setNoDelay(true)
    await vi.waitUntil(() => stream !== undefined)
    closing.push(() => stream!.destroy())
    return { frames, held, ends, socket, stream: stream! }
  }

  it('cuts frames of any lengths out of a stream, however it is chopped up', async () => {
    const { frames, socket, stream } = await accepted()
    const random = seededRandom(7)
    const below = (limit: number): number => Math.floor(random() * limit)
    const sent: Buffer[] = []
    // Long runs of one length, as bulk traffic has, between frames of all lengths.
    while (sent.length < 20_000) {
      const length = 1 + below(SLOT_BYTES)
      for (let run = below(2) === 0 ? 1 : below(200); run >= 0; run--) {
        sent.push(Buffer.alloc(below(20) === 0 ? 1 + below(SLOT_BYTES) : length, sent.length))
      }
    }
    const bytes = framed(sent)
    for (let at = 0; at < bytes.length;) {
      const end = at + (below(3) === 0 ? 1 + below(40) : 1 + below(300_000))
      if (!socket.write(bytes.subarray(at, end))) await once(socket, 'drain')
      else if (below(4) === 0) await new Promise(setImmediate)
      at = end
    }
    await vi.waitUntil(() => frames.length === sent.length, 20_000)
    expect(Buffer.compare(framed(frames), bytes)).toBe(0)
    expect(stream.stats()).toMatchObject({ rxFrames: sent.length, drops: { 'too-big': 0, 'pool-empty': 0 } })
  })

  it('skips what there is no slot for, counts it, and stays in step', async () => {
    const { frames, held, socket, stream } = await accepted(true)
    socket.write(framed(Array.from({ length: 2000 }, () => Buffer.alloc(1000, 'a'))))
    await vi.waitUntil(() => frames.length + (stream.stats().drops['pool-empty'] ?? 0) === 2000)
    expect(frames.length).toBeLessThanOrEqual(512)
    for (const slot of held.splice(0)) pool.release(slot)
    socket.write(framed([Buffer.from('still in step')]))
    await vi.waitUntil(() => frames.at(-1)?.toString() === 'still in step')
    for (const slot of held) pool.release(slot)
  })

  it('holds no slot while it waits, however much came before', async () => {
    const { frames, socket } = await accepted()
    for (let burst = 1; burst <= 3; burst++) {
      socket.write(framed(Array.from({ length: 400 }, () => Buffer.alloc(200, burst))))
      await vi.waitUntil(() => frames.length === 400 * burst)
    }
    await expect.poll(() => pool.inUse).toBe(0)
  })

  it('skips a frame that is larger than a slot, and takes those around it', async () => {
    const { frames, socket, stream } = await accepted()
    socket.write(framed([Buffer.from('before'), Buffer.alloc(9000), Buffer.from('behind')]))
    await vi.waitUntil(() => frames.length === 2)
    expect(frames.map(String)).toEqual(['before', 'behind'])
    expect(stream.stats().drops).toMatchObject({ 'too-big': 1 })
  })

  it('delivers what came before a length that cannot be, and ends', async () => {
    const { frames, ends, socket, stream } = await accepted()
    socket.write(Buffer.concat([framed([Buffer.from('one'), Buffer.from('two')]), Buffer.from([0, 0, 1])]))
    await vi.waitUntil(() => ends.length > 0)
    expect(frames.map(String)).toEqual(['one', 'two'])
    expect(ends).toEqual([expect.objectContaining({ code: 'EPROTO' })])
    expect(stream.stats().drops).toMatchObject({ 'bad-length': 1, 'cut-off': 0 })
  })

  it('counts a frame that the end of the stream cuts off', async () => {
    const { frames, ends, socket, stream } = await accepted()
    socket.end(Buffer.concat([framed([Buffer.from('whole')]), Buffer.from([0, 9, 1])]))
    await vi.waitUntil(() => ends.length > 0)
    expect(frames.map(String)).toEqual(['whole'])
    expect(ends).toEqual([undefined])
    expect(stream.stats().drops).toMatchObject({ 'cut-off': 1 })
  })

  it('counts what it is given to send once it is closed', async () => {
    const { ends, stream } = await accepted()
    stream.destroy()
    await vi.waitUntil(() => ends.length > 0)
    const batch = pool.createBatch(1)
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 10)
    expect(stream.send(batch)).toBe(1)
    expect(stream.stats().drops).toMatchObject({ closed: 1 })
  })

  it('tells of a reset', async () => {
    const { ends, socket } = await accepted()
    socket.resetAndDestroy()
    await vi.waitUntil(() => ends.length > 0)
    expect(ends).toEqual([expect.objectContaining({ code: 'ECONNRESET' })])
  })

  it('to a reader that stalls it gives little, keeps frames whole, and goes on when that reads', async () => {
    const chunks: Buffer[] = []
    let reader: Socket | undefined
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      reader = socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => server.close())
    const stream = await io!.connectStream({
      pool,
      remote: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    })
    closing.push(() => stream.destroy())
    let writable = 0
    stream.start({ onFrames: () => {}, onWritable: () => writable++, onClose: () => {} })
    let sent = 0
    const sendSome = (): void => {
      const batch = pool.createBatch(100)
      for (let row = 0; row < 100; row++) {
        const slot = pool.acquire()
        const offset = pool.offsetOf(slot)
        const lengthBytes = 1 + ((sent + row) % SLOT_BYTES)
        pool.arena.fill((sent + row) & 0xff, offset, offset + lengthBytes)
        batch.push(slot, offset, lengthBytes)
      }
      sent += stream.send(batch)
      pool.releaseAll(batch)
    }
    for (let before = -1; sent !== before;) {
      before = sent
      sendSome()
    }
    expect(stream.stats().backlogBytes).toBeLessThanOrEqual(SLOT_BYTES + 2)
    expect(unsentBytes(stream.localAddress)).toBeLessThan(200_000)
    expect(writable).toBe(0)
    await vi.waitUntil(() => reader !== undefined)
    reader!.resume()
    await vi.waitUntil(() => writable > 0)
    sendSome()
    stream.end()
    await once(reader!, 'end')
    const expected = Array.from({ length: sent }, (_, index) =>
      Buffer.alloc(1 + (index % SLOT_BYTES), index & 0xff),
    )
    expect(Buffer.compare(Buffer.concat(chunks), framed(expected))).toBe(0)
  })

  it('has the kernel ask after an end that is silent', async () => {
    const { stream } = await accepted()
    const from = `sport = :${stream.localAddress.split(':')[1]}`
    const { stdout } = await promisify(execFile)('ss', [
      '--tcp',
      '--numeric',
      '--options',
      '--no-header',
      from,
    ])
    expect(stdout).toContain('timer:(keepalive,')
  })

  it('leaves through the interface it was asked to, and says when there is no such one', async () => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => server.close())
    const remote = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const stream = await io!.connectStream({ pool, remote, device: 'lo' })
    expect(stream.remoteAddress).toBe(remote)
    stream.destroy()
    await expect(io!.connectStream({ pool, remote, device: 'nowhere0' })).rejects.toMatchObject({
      code: 'ENODEV',
      message: expect.stringContaining('on interface nowhere0'),
    })
  })
})
