import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FqCodelOracle } from './oracle.ts'
import { Bench } from './support.ts'
import type { Packet } from './support.ts'

type Op =
  | { readonly do: 'put'; readonly packets: Packet[] }
  | { readonly do: 'take'; readonly budget: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'allow'; readonly ms: number }

const BUCKETS = 1024
/** Where a flow is put, so that the oracle breaks the same ties. */
const rankOf = (flow: number): number => Math.imul(flow, 0x9e37_79b1) >>> 22
const FLOWS = [1, 2, 3, -4, 2_000_000_000]

const anyPacket: fc.Arbitrary<Packet> = fc.record({
  bytes: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(1500, 9000)),
  flow: fc.constantFrom(...FLOWS),
  trafficClass: fc.constantFrom(0, 0, 0, 0, 1, 2),
})
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), packets: fc.array(anyPacket) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), budget: fc.nat(6000) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('allow' as const), ms: fc.constantFrom(0, 0, 20, 60) }),
  },
)
const anyOptions = fc.record({
  maxPackets: fc.constantFrom(10, 60, 200),
  maxBytes: fc.constantFrom(65_535, 200_000),
  quantumBytes: fc.constantFrom(300, 1514),
  targetMs: fc.constantFrom(5, 1),
  intervalMs: fc.constantFrom(100, 20),
  markable: fc.subarray(FLOWS),
})

test('what comes out, what is dropped and why, and what is marked is as the RFCs say, whatever is done', () => {
  expect(new Set(FLOWS.map(rankOf)).size).toBe(FLOWS.length)
  const seen = { codel: 0, 'queue-full': 0, marks: 0 }
  fc.assert(
    fc.property(
      anyOptions,
      fc.array(anyOp, { maxLength: 120, size: 'max' }),
      ({ markable, ...options }, ops) => {
        const canMark = (flow: number): boolean => markable.includes(flow)
        const oracle = new FqCodelOracle({ ...options, canMark, rankOf })
        const flowAt: number[] = []
        // The pool gives each packet a place of its own, by which the marker finds its flow.
        const mark = (offset: number): boolean => canMark(flowAt[offset]!)
        const bench = new Bench({ ...options, buckets: BUCKETS, mark })
        bench.onPut = (offset, flow) => (flowAt[offset] = flow)
        let nowMs = 1
        for (const op of ops) {
          if (op.do === 'wait') nowMs += op.ms
          else if (op.do === 'allow') bench.queue.allowanceMs = oracle.allowance = op.ms
          const packets = op.do === 'put' ? op.packets : []
          for (const packet of packets) bench.put(packet, nowMs)
          for (const packet of packets) oracle.put(packet, nowMs)
          const budget = op.do === 'take' ? op.budget : 0
          expect(bench.take(budget, nowMs).map(({ id }) => id)).toEqual(oracle.take(budget, nowMs))
          expect(bench.drops).toEqual(oracle.drops)
          expect(bench.queue.packets).toBe(oracle.all().length)
        }
        expect(bench.queue.stats().marks).toBe(oracle.marks)
        for (const { reason } of bench.drops) seen[reason as 'codel']++
        seen.marks += oracle.marks
        bench.queue.clear()
        expect(bench.pool.inUse).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
  expect(Math.min(seen.codel, seen['queue-full'], seen.marks)).toBeGreaterThan(100)
})
