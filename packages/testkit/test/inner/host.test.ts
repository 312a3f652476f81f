import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { describe, expect, test } from 'vitest'
import {
  Cubic,
  InnerHost,
  internetChecksum,
  Ping,
  PingTarget,
  simRuntime,
  SteadyFlow,
  SteadySink,
  TcpSender,
} from '../../src/index.ts'
import { A, B, plain } from './plain.ts'

describe('an inner host', () => {
  test('sends whole IPv4 packets with a right checksum, after the turn in which it was told to', () => {
    const runtime = simRuntime()
    const pool = new Mempool()
    const host = new InnerHost({ runtime, pool, address: A })
    const seen: Uint8Array[] = []
    const onPackets = (batch: PacketBatch): void => {
      for (let row = 0; row < batch.count; row++) {
        seen.push(pool.arena.slice(batch.offset[row], batch.offset[row]! + batch.length[row]!))
      }
      pool.releaseAll(batch)
    }
    host.start({ onPackets, onClose: () => {} })
    new TcpSender(host, { to: B, port: 5001, sourcePort: 45_001, control: new Cubic() }).start()
    expect(seen).toHaveLength(0)
    runtime.runFor(1)
    const [syn] = seen
    expect(internetChecksum(syn!.subarray(0, 20))).toBe(0)
    expect([...syn!.subarray(12, 20)]).toEqual([10, 1, 0, 1, 10, 1, 0, 2])
    expect(new DataView(syn!.buffer).getUint16(2)).toBe(60)
    // SYN, and an MSS of 1400 less 40.
    expect(syn![33]).toBe(0x02)
    expect(new DataView(syn!.buffer).getUint16(42)).toBe(1360)
    expect(pool.inUse).toBe(0)
  })

  test('counts what nobody wants', () => {
    const { a, b, runtime, pool } = plain({ delayMs: 1 })
    new SteadyFlow(a, { to: B, port: 9, sourcePort: 10, rateBps: 1e5, payloadBytes: 100 }).start()
    runtime.runFor(100)
    expect(b.stats().drops['no-endpoint']).toBeGreaterThan(10)
    expect(pool.inUse).toBeLessThan(3)
  })

  test('refuses an address that is not IPv4', () => {
    const options = { runtime: simRuntime(), pool: new Mempool(), address: 'fd00::1' }
    expect(() => new InnerHost(options)).toThrow(RangeError)
  })
})

describe('small flows', () => {
  test('a ping takes as long as the line, both ways', () => {
    const { a, b, runtime } = plain({ delayMs: 20 })
    new PingTarget(b).listen()
    const ping = new Ping(a, { to: B, intervalMs: 100 })
    ping.start()
    runtime.runFor(1000)
    expect(ping.rttMs).toHaveLength(11)
    for (const rttMs of ping.rttMs.slice(0, -1)) expect(rttMs).toBeCloseTo(40)
    expect(ping.rttMs.at(-1)).toBeNaN()
  })

  test('a steady flow keeps its rate, and its sink sees what overtakes', () => {
    const { a, b, runtime } = plain({ delayMs: 5, jitterMs: 20, jitterReorders: true })
    const sink = new SteadySink(b, 6000)
    const flow = new SteadyFlow(a, { to: B, port: 6000, sourcePort: 6001, rateBps: 8e5, payloadBytes: 100 })
    flow.start()
    runtime.runFor(1000)
    expect(flow.sent).toBe(1001)
    expect(sink.received).toBeGreaterThan(970)
    expect(sink.reordered).toBeGreaterThan(100)
  })
})
