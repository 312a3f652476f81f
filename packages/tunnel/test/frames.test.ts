import type { Link, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { Prober } from '@mp/prober'
import { TCP_SYN, tcpPacket, udpPacket } from '@mp/testkit'
import {
  ControlBody,
  ControlKind,
  DecodeError,
  FrameCodec,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  TrafficClass,
} from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { BatchShelf } from '../src/batch-shelf.ts'
import { DropCounter } from '../src/drop-counter.ts'
import { FrameWriter } from '../src/frame-writer.ts'
import { SessionTrace } from '../src/trace.ts'
import { PacketInspector } from '../src/packet-inspector.ts'
import { USUAL_SETTINGS } from '../src/path-settings.ts'
import { TunnelPath } from '../src/path.ts'

const flow = { src: '10.1.0.1', dst: '10.1.0.2', srcPort: 5000, dstPort: 6000 }
const flow6 = { ...flow, src: 'fd00::1', dst: 'fd00::2' }

function fill(pool: Mempool, batch: PacketBatch, ...packets: Uint8Array[]): void {
  for (const packet of packets) {
    const slot = pool.acquire(packet.length)
    pool.arena.set(packet, pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), packet.length)
  }
}

function somePath(pool: Mempool, outRows = 8): TunnelPath {
  const nobody = { sendProbe: () => {}, handleProberEvent: () => {}, seal: () => {} }
  const prober = new Prober({ nextNonce: () => 1 })
  const shelf = new BatchShelf(pool, outRows)
  return new TunnelPath({ id: 7, name: 'dsl' }, USUAL_SETTINGS, { owner: nobody, prober, shelf })
}

describe('drop counter', () => {
  test('counts each packet under one name and gives its slot back', () => {
    const pool = new Mempool()
    const drops = new DropCounter(pool)
    const batch = pool.createBatch(4)
    fill(pool, batch, new Uint8Array(1), new Uint8Array(2))
    drops.dropAll(batch, 'no-path')
    drops.drop(pool.acquire(), 'too-big')
    drops.count('no-path', 3)
    expect(drops.snapshot()).toEqual({ 'no-path': 5, 'too-big': 1 })
    expect([batch.count, pool.inUse]).toEqual([0, 0])
  })

  test('has no name for what did not happen', () => {
    const pool = new Mempool()
    const drops = new DropCounter(pool)
    drops.dropAll(pool.createBatch(1), 'no-path')
    expect(drops.snapshot()).toEqual({})
  })

  test('passes on what it counts to the total', () => {
    const total = new DropCounter(new Mempool())
    const parts = [new DropCounter(new Mempool(), total), new DropCounter(new Mempool(), total)]
    for (const drops of parts) drops.count('short', 2)
    expect([total, ...parts].map((drops) => drops.snapshot()['short'])).toEqual([4, 2, 2])
  })

  test('a snapshot is not touched by what follows', () => {
    const drops = new DropCounter(new Mempool())
    drops.count('short')
    const before = drops.snapshot()
    drops.count('short')
    expect([before, drops.snapshot()]).toEqual([{ short: 1 }, { short: 2 }])
  })
})

describe('packet inspector', () => {
  test('passes proper packets of both families, with flow and class filled in', () => {
    const pool = new Mempool()
    const batch = pool.createBatch(8)
    const payload = new Uint8Array(600)
    fill(pool, batch, udpPacket({ ...flow, payload }), udpPacket({ ...flow6, payload }))
    fill(
      pool,
      batch,
      tcpPacket({ ...flow, flags: TCP_SYN }),
      udpPacket({ ...flow, payload: payload.slice(9) }),
    )
    const inspector = new PacketInspector(pool.arena)
    for (let row = 0; row < batch.count; row++) expect(inspector.inspect(batch, row)).toBeUndefined()
    const { bulk, critical } = TrafficClass
    expect(Array.from(batch.flags.subarray(0, 4))).toEqual([bulk, bulk, critical, bulk])
    expect(batch.flow[3]).toBe(batch.flow[0])
    expect(new Set(batch.flow.slice(0, 3)).size).toBe(3)
    pool.releaseAll(batch)
    expect(pool.inUse).toBe(0)
  })

  test('names what is wrong and leaves the packet to its owner', () => {
    const pool = new Mempool()
    const batch = pool.createBatch(4)
    const good = udpPacket({ ...flow, payload: new Uint8Array(10) })
    fill(
      pool,
      batch,
      good.slice(0, 19),
      good.slice(0, -1),
      Uint8Array.from(good, (byte) => byte ^ 0xf0),
    )
    const inspector = new PacketInspector(pool.arena)
    const faults = [0, 1, 2].map((row) => inspector.inspect(batch, row))
    expect(faults).toEqual(['ip-short', 'ip-bad-length', 'ip-bad-version'])
    expect(pool.inUse).toBe(3)
    pool.releaseAll(batch)
    expect(pool.inUse).toBe(0)
  })
})

const untraced = ({ arena }: Mempool): SessionTrace =>
  new SessionTrace({ trace: undefined, peer: '', arena, nowMs: () => 0 })

describe('frame writer', () => {
  test('puts the header in front of a packet, in place', () => {
    const pool = new Mempool()
    const codec = new FrameCodec(pool.arena)
    const writer = new FrameWriter({ pool, codec, drops: new DropCounter(pool), trace: untraced(pool) })
    const path = somePath(pool)
    const batch = pool.createBatch(2)
    const packet = udpPacket({ ...flow, payload: new Uint8Array(33) })
    fill(pool, batch, packet)
    writer.setReceiver(0xabcdef)
    writer.setTime(128)
    path.txCounter = 41
    const [offset, length] = [batch.offset[0]!, batch.length[0]!]
    batch.flags[0] = TrafficClass.critical
    writer.number(batch, 0)
    writer.writeData(batch, 0, path)
    expect([batch.offset[0], batch.length[0]]).toEqual([offset - HEADER_BYTES, length + HEADER_BYTES])
    const header = new FrameHeader()
    expect(codec.readFrame(batch.offset[0]!, batch.length[0]!, header)).toBe(DecodeError.none)
    expect(header).toMatchObject({ type: FrameType.data, receiver: 0xabcdef, pathId: 7, counter24: 41 })
    expect(header).toMatchObject({ flags: TrafficClass.critical, sendTime: 1000, sequence: 0 })
    expect(path.txCounter).toBe(42)
    expect(pool.arena.slice(offset, offset + length)).toEqual(packet)
    pool.releaseAll(batch)
    expect(pool.inUse).toBe(0)
  })

  test('appends control frames to what waits on the path, or to another batch', () => {
    const pool = new Mempool()
    const codec = new FrameCodec(pool.arena)
    const writer = new FrameWriter({ pool, codec, drops: new DropCounter(pool), trace: untraced(pool) })
    const path = somePath(pool)
    writer.setReceiver(5)
    const body = Object.assign(new ControlBody(), { kind: ControlKind.probe, weight: 300, nonce: 0xdeadbeef })
    const other = pool.createBatch(1)
    writer.setEpoch(3)
    writer.writeControl(path, body)
    writer.writeControl(path, body, other)
    writer.writeControl(path, body)
    const counters = [path.out, other].map((batch) =>
      Array.from({ length: batch.count }, (_, row) => {
        const header = new FrameHeader()
        const read = new ControlBody()
        const [offset, length] = [batch.offset[row]!, batch.length[row]!]
        expect(codec.readFrame(offset, length, header)).toBe(DecodeError.none)
        codec.readControl(offset + HEADER_BYTES, length - HEADER_BYTES, read)
        expect(read).toEqual(body)
        expect(header).toMatchObject({ type: FrameType.control, epoch: 3, receiver: 5, pathId: 7 })
        return header.counter24
      }),
    )
    expect(counters).toEqual([[0, 2], [1]])
    expect(path.txCounter).toBe(3)
    pool.releaseAll(path.out)
    pool.releaseAll(other)
    expect(pool.inUse).toBe(0)
  })

  test('counts what finds no slot or no room, and takes no slot for it', () => {
    const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 2 }] })
    const drops = new DropCounter(pool)
    const writer = new FrameWriter({ pool, codec: new FrameCodec(pool.arena), drops, trace: untraced(pool) })
    const [narrow, wide] = [somePath(pool, 1), somePath(pool, 4)]
    const body = Object.assign(new ControlBody(), { kind: ControlKind.close })
    for (let time = 0; time < 3; time++) writer.writeControl(narrow, body)
    for (let time = 0; time < 3; time++) writer.writeControl(wide, body)
    expect(drops.snapshot()).toEqual({ 'link-full': 2, 'pool-empty': 2 })
    expect([narrow.out.count, wide.out.count, narrow.txCounter + wide.txCounter]).toEqual([1, 1, 2])
    for (const path of [narrow, wide]) pool.releaseAll(path.out)
    expect(pool.inUse).toBe(0)
  })
})

/** A link that takes `room` frames. */
function linkFor(pool: Mempool, room: { frames: number }): { link: Link; calls: () => number } {
  let calls = 0
  const send = (batch: PacketBatch): number => {
    calls++
    const taken = Math.min(room.frames, batch.count)
    for (let row = 0; row < taken; row++) pool.release(batch.slot[row]!)
    batch.dropFront(taken)
    room.frames -= taken
    return taken
  }
  return { link: { send } as unknown as Link, calls: () => calls }
}

describe('path', () => {
  test('counts frames and bytes as the link takes them, and keeps what it does not', () => {
    const pool = new Mempool()
    const path = somePath(pool)
    const room = { frames: 2 }
    path.link = linkFor(pool, room).link
    fill(pool, path.out, new Uint8Array(100), new Uint8Array(20), new Uint8Array(3))
    path.flush()
    expect([path.counters.txFrames, path.counters.txBytes, path.out.count]).toEqual([2, 120, 1])
    expect(path.blocked).toBe(true)
    room.frames = 5
    path.blocked = false
    path.flush()
    expect([path.counters.txFrames, path.counters.txBytes, path.out.count]).toEqual([3, 123, 0])
    expect([path.blocked, pool.inUse]).toEqual([false, 0])
  })

  test('does not touch a full link before it says that it is writable', () => {
    const pool = new Mempool()
    const path = somePath(pool)
    const { link, calls } = linkFor(pool, { frames: 0 })
    path.link = link
    path.flush()
    fill(pool, path.out, new Uint8Array(100))
    path.flush()
    path.flush()
    expect(calls()).toBe(1)
    pool.releaseAll(path.out)
    expect(pool.inUse).toBe(0)
  })

  test('keeps its frames while it has no link', () => {
    const pool = new Mempool()
    const path = somePath(pool)
    fill(pool, path.out, new Uint8Array(100))
    path.flush()
    expect([path.out.count, path.blocked]).toEqual([1, false])
    pool.releaseAll(path.out)
    expect(pool.inUse).toBe(0)
  })
})
