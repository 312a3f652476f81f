import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FqCodel } from '@mp/fq-codel'
import type { FqCodelOptions } from '@mp/fq-codel'
import { Mempool } from '@mp/mempool'
import { Bench, jain } from './support.ts'
import type { Out, Packet } from './support.ts'

const anyPacket: fc.Arbitrary<Packet> = fc.record({
  bytes: fc.integer({ min: 1, max: 1500 }),
  flow: fc.integer({ min: -20, max: 20 }),
  trafficClass: fc.constantFrom(0, 0, 0, 1, 2),
})

/** Takes `bytes` out in small portions. */
function takeAll(bench: Bench, bytes: number, nowMs = 0): Out[] {
  const out: Out[] = []
  for (let taken = 0; taken < bytes;) {
    const portion = bench.take(1500, nowMs)
    if (portion.length === 0) break
    taken += portion.reduce((sum, packet) => sum + packet.bytes, 0)
    out.push(...portion)
  }
  return out
}

const bytesOfFlow = (out: readonly Out[], flow: number): number =>
  out.filter((packet) => packet.flow === flow).reduce((sum, { bytes }) => sum + bytes, 0)

test('each packet comes out or is dropped, once; none before another of its flow; and the bounds hold', () => {
  const steps = fc.array(
    fc.record({ packets: fc.array(anyPacket, { maxLength: 30 }), budget: fc.nat(20_000), ms: fc.nat(40) }),
    { maxLength: 60, size: 'max' },
  )
  fc.assert(
    fc.property(steps, (list) => {
      const bench = new Bench({ maxPackets: 100, maxBytes: 70_000, buckets: 16 })
      const out: Out[] = []
      let nowMs = 0
      let put = 0
      for (const { packets, budget, ms } of list) {
        for (const packet of packets) bench.put(packet, nowMs)
        put += packets.length
        expect(bench.queue.packets).toBeLessThanOrEqual(100)
        expect(bench.queue.bytes).toBeLessThanOrEqual(70_000)
        nowMs += ms
        out.push(...bench.take(budget, nowMs))
        expect(bench.pool.inUse).toBe(bench.queue.packets)
      }
      bench.queue.clear()
      expect(bench.queue.stats()).toEqual({ packets: 0, bytes: 0, marks: 0 })
      const all = [...out, ...bench.drops].map(({ id }) => id)
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: put }, (_, id) => id))
      expect(bench.pool.inUse).toBe(0)
    }),
  )
})

test('all columns of a packet come out as they went in', () => {
  const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 4 }] })
  const queue = new FqCodel({ onDrop: (slot) => pool.release(slot) })
  const batch = pool.createBatch(2)
  for (let row = 0; row < 2; row++) {
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), 60 + row)
    for (const [at, column] of [batch.peer, batch.path, batch.sequence, batch.flow, batch.flags].entries()) {
      column[row] = 10 * at + row
    }
  }
  const before = [...batch.table]
  for (let row = 0; row < 2; row++) queue.enqueue(batch, row, 0)
  const out = pool.createBatch(2)
  expect(queue.dequeue(out, 1000, 0)).toBe(121)
  expect([...out.table]).toEqual(before)
  pool.releaseAll(out)
  expect(pool.inUse).toBe(0)
})

/** The order in which 32 flows come out of two buckets. */
const orderOf = (salt: number): string => {
  const bench = new Bench({ buckets: 2, salt })
  for (let flow = 0; flow < 32; flow++) bench.put({ bytes: 1514, flow }, 0)
  return takeAll(bench, 1e6)
    .map(({ flow }) => flow)
    .join(' ')
}

describe('turns', () => {
  test('flows share a line equally, whatever they offer and however large their packets are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 64, max: 1500 }), { minLength: 2, maxLength: 8 }), (sizes) => {
        // Room for all of it: a bound that drops from the fattest would leave a flow less than its share.
        const bench = new Bench({ buckets: 4096, targetMs: 1e9, maxPackets: 32_768 }, 32_768)
        for (const [flow, bytes] of sizes.entries()) {
          for (let count = 0; count < (80_000 * (1 + (flow % 3))) / bytes; count++)
            bench.put({ bytes, flow }, 0)
        }
        const out = takeAll(bench, 40_000 * sizes.length)
        const shares = sizes.map((_, flow) => bytesOfFlow(out, flow))
        // Two that are in their turn differ by at most a quantum and a packet each.
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(2 * (1514 + 1500))
        expect(jain(shares)).toBeGreaterThan(0.995)
        bench.queue.clear()
        expect(bench.pool.inUse).toBe(0)
      }),
      { numRuns: 30, examples: [[[64, 64, 64, 64, 488, 64]]] },
    )
  })

  test('the first packets of a flow that was silent go ahead of what waits', () => {
    const bench = new Bench()
    for (let count = 0; count < 100; count++) bench.put({ bytes: 1500, flow: 1 }, 0)
    takeAll(bench, 6000)
    const id = bench.put({ bytes: 100, flow: 2 }, 1)
    expect(bench.take(1, 1)[0]?.id).toBe(id)
  })

  test('flows that come new all the time do not starve one that goes on', () => {
    const bench = new Bench({ buckets: 65_536, targetMs: 1e9 })
    for (let count = 0; count < 200; count++) bench.put({ bytes: 1000, flow: -1 }, 0)
    const out: Out[] = []
    for (let flow = 0; flow < 300; flow++) {
      // Each sends again as soon as it was served: as a newcomer it would always come first.
      bench.put({ bytes: 1000, flow: flow % 3 }, 0)
      out.push(...bench.take(1, 0))
    }
    expect(bytesOfFlow(out, -1)).toBeGreaterThan((300 * 1000) / 5)
  })

  test('with one bucket all flows are one queue', () => {
    const bench = new Bench({ buckets: 1 })
    for (let flow = 0; flow < 50; flow++) bench.put({ bytes: 100, flow }, 0)
    expect(takeAll(bench, 5000).map(({ flow }) => flow)).toEqual(
      Array.from({ length: 50 }, (_, flow) => flow),
    )
  })

  test('the salt decides which flows meet in a bucket', () => {
    expect(new Set(Array.from({ length: 20 }, (_, salt) => orderOf(salt))).size).toBeGreaterThan(5)
  })
})

describe('critical packets', () => {
  test('go ahead of all others, in their order', () => {
    const bench = new Bench()
    for (let flow = 0; flow < 5; flow++) bench.put({ bytes: 1000, flow }, 0)
    const urgent = [7, 8, 9].map((flow) => bench.put({ bytes: 100, flow, trafficClass: 2 }, 0))
    expect(bench.take(300, 0).map(({ id }) => id)).toEqual(urgent)
  })

  test('however many there are, flows keep a ninth', () => {
    const bench = new Bench()
    for (let flow = 0; flow < 20; flow++) bench.put({ bytes: 1500, flow }, 0)
    for (let count = 0; count < 2000; count++) bench.put({ bytes: 150, flow: 99, trafficClass: 2 }, 0)
    const out = takeAll(bench, 200_000)
    const others = out.filter(({ flow }) => flow !== 99).reduce((sum, { bytes }) => sum + bytes, 0)
    expect(others).toBeGreaterThanOrEqual(200_000 / 9 - 1500)
    expect(others).toBeLessThanOrEqual(200_000 / 9 + 1500)
  })
})

/** How many packets go when one more comes than the bound allows. */
const dropsAt = (maxPackets: number): number => {
  const bench = new Bench({ maxPackets })
  for (let count = 0; count <= maxPackets; count++) bench.put({ bytes: 100, flow: 1 }, 0)
  return bench.drops.length
}

describe('bounds', () => {
  test('the oldest packets of the flow that holds the most go, and no other suffers', () => {
    const bench = new Bench({ maxPackets: 100 })
    for (let flow = 0; flow < 10; flow++) bench.put({ bytes: 1000, flow }, 0)
    const greedy = Array.from({ length: 200 }, () => bench.put({ bytes: 500, flow: 99 }, 0))
    expect(bench.drops.every(({ reason }) => reason === 'queue-full')).toBe(true)
    expect(bench.drops.map(({ id }) => id)).toEqual(greedy.slice(0, bench.drops.length))
    expect(takeAll(bench, 1e6).filter(({ flow }) => flow !== 99)).toHaveLength(10)
  })

  test('half of what it holds goes at once, or 64 packets', () => {
    expect([99, 1000].map(dropsAt)).toEqual([50, 64])
  })

  test('may be lowered: the next packet has what exceeds it dropped, of the fattest bucket', () => {
    const bench = new Bench()
    for (let count = 0; count < 20; count++) bench.put({ bytes: 1000, flow: count % 5 === 0 ? 2 : 1 }, 0)
    bench.queue.limitBytes = 10_000
    bench.put({ bytes: 1000, flow: 2 }, 1)
    expect(bench.queue.bytes).toBeLessThanOrEqual(10_000)
    const left = bench.take(Infinity, 1)
    expect(left.filter(({ flow }) => flow === 2)).toHaveLength(5)
    expect(new Set(bench.drops.map(({ reason }) => reason))).toEqual(new Set(['queue-full']))
  })

  test('the bound of bytes holds too, also against one packet as large as it', () => {
    const bench = new Bench({ maxBytes: 65_535 })
    for (let count = 0; count < 200; count++) bench.put({ bytes: 1500, flow: count % 4 }, 0)
    expect(bench.queue.bytes).toBeLessThanOrEqual(65_535)
    const id = bench.put({ bytes: 65_535, flow: 5 }, 0)
    expect(bench.queue.bytes).toBeLessThanOrEqual(65_535)
    expect(bench.drops.map((drop) => drop.id)).toContain(id)
  })
})

const onDrop = (): void => {}

test('options out of their range are refused', () => {
  const wrong: Partial<FqCodelOptions>[] = [
    { maxPackets: 0 },
    { maxPackets: 1.5 },
    { maxBytes: 65_534 },
    { buckets: 0 },
    { buckets: 1000 },
    { quantumBytes: 255 },
    { targetMs: 0 },
    { intervalMs: Number.NaN },
  ]
  for (const each of wrong) expect(() => new FqCodel({ onDrop, ...each })).toThrow(RangeError)
})
