import type { PathEstimate, PickRequest } from '@mp/interface'
import fc from 'fast-check'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import type { AdaptiveOptions } from '@mp/scheduler-cfs'
import { makePaths, packet } from './support.ts'
import type { TestPath } from './support.ts'

export const estimate = (known: Partial<PathEstimate> = {}): PathEstimate => ({
  bytesPerSecond: 1_000_000,
  owdMinMs: 0,
  queueDelayMs: 0,
  lossRatio: 0,
  repairMs: 0,
  costMs: 0,
  role: 'primary',
  queuedBytes: 0,
  maxPacketBytes: Infinity,
  isExhausted: false,
  ...known,
})

/** Something done to an adaptive scheduler; `path` is an index into the test's paths. */
export type AdaptiveOp =
  | { readonly do: 'send'; readonly request: PickRequest; readonly isCharged: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'charge'; readonly path: number; readonly bytes: number }
  | { readonly do: 'observe'; readonly path: number; readonly estimate: PathEstimate }
  | { readonly do: 'suspend' | 'resume' | 'replace'; readonly path: number }
  | { readonly do: 'setWeight'; readonly path: number; readonly weight: number }

/** Numbers that doubles add up exactly, so that a tie is a tie however it is computed. */
const quarterMs = (max: number): fc.Arbitrary<number> => fc.nat({ max: 4 * max }).map((count) => count / 4)

const anyEstimate: fc.Arbitrary<PathEstimate> = fc.record({
  // 1000 ÷ capacity is a power of two, ms per byte.
  bytesPerSecond: fc.integer({ min: 6, max: 14 }).map((exponent) => 1000 * 2 ** exponent),
  owdMinMs: quarterMs(100).map((ms) => ms - 50),
  queueDelayMs: quarterMs(20),
  lossRatio: fc.constantFrom(0, 0, 0.25),
  repairMs: quarterMs(80),
  costMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: quarterMs(200) }),
  role: fc.constantFrom('primary', 'primary', 'primary', 'secondary', 'backup'),
  queuedBytes: fc.oneof(fc.constant(0), fc.nat({ max: 60_000 })),
  maxPacketBytes: fc.constantFrom(Infinity, 1500, 1200),
  isExhausted: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
})

const anyRequest: fc.Arbitrary<PickRequest> = fc.record({
  lengthBytes: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(40, 1500)),
  nowMs: fc.constant(0),
  trafficClass: fc.constantFrom(0, 0, 0, 1, 2),
  flow: fc.integer({ min: -1, max: 1 }),
})

/** Op lists: mostly packets, the time of which is set when they are sent, with everything else in between. */
export function anyAdaptiveOps(count: number): fc.Arbitrary<AdaptiveOp[]> {
  const path = fc.nat({ max: 4 })
  const send = fc.record({
    do: fc.constant('send' as const),
    request: anyRequest,
    isCharged: fc.constantFrom(true, true, true, true, false),
  })
  const op: fc.Arbitrary<AdaptiveOp> = fc.oneof(
    { weight: 30, arbitrary: send },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: quarterMs(8) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('charge' as const), path, bytes: fc.nat(50_000) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('observe' as const), path, estimate: anyEstimate }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('suspend', 'resume', 'resume', 'replace'), path }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('setWeight' as const), path, weight: fc.constantFrom(1, 2, 4) }),
    },
  )
  return fc.array(op, { maxLength: count, size: 'max' })
}

interface Driven {
  add(path: TestPath): void
  remove(path: TestPath): boolean
  suspend(path: TestPath): boolean
  resume(path: TestPath): boolean
  setWeight(path: TestPath, weight: number): boolean
  observe(path: TestPath, estimate: PathEstimate, nowMs: number): boolean
  peek(request: Readonly<PickRequest>): TestPath | undefined
  copies(request: Readonly<PickRequest>, out: (TestPath | undefined)[]): number
  charge(path: TestPath, lengthBytes: number, nowMs?: number): void
  readonly refusal: string
}

/** Does `op` at `nowMs` and returns what the scheduler said. */
export function applyAdaptive(scheduler: Driven, op: AdaptiveOp, paths: TestPath[], nowMs: number): unknown {
  if (op.do === 'wait') return undefined
  if (op.do === 'send') return sendAdaptive(scheduler, { ...op.request, nowMs }, op.isCharged)
  const path = paths[op.path % paths.length]!
  if (op.do === 'charge') return scheduler.charge(path, op.bytes, nowMs)
  if (op.do === 'observe') return scheduler.observe(path, op.estimate, nowMs)
  if (op.do === 'setWeight') return scheduler.setWeight(path, op.weight)
  if (op.do !== 'replace') return scheduler[op.do](path)
  const removed = scheduler.remove(path)
  scheduler.add(path)
  return removed
}

/** Peeks, asks for copies and charges all of them. */
function sendAdaptive(scheduler: Driven, request: PickRequest, isCharged: boolean): unknown {
  const path = scheduler.peek(request)
  if (path === undefined) return scheduler.refusal
  if (!isCharged) return [path.id]
  const out: (TestPath | undefined)[] = [undefined, undefined, undefined]
  const count = scheduler.copies(request, out)
  const all = [path, ...(out.slice(0, count) as TestPath[])]
  for (const each of all) scheduler.charge(each, request.lengthBytes)
  return all.map(({ id }) => id)
}

/** Peeks and charges; the id of the path, or why there was none. */
export function sendOne(scheduler: Driven, bytes: number, wishes: Partial<PickRequest> = {}): unknown {
  const path = scheduler.peek(packet(bytes, wishes))
  if (path === undefined) return scheduler.refusal
  scheduler.charge(path, bytes)
  return path.id
}

/** A scheduler of one observed path per estimate; ids are 0, 1, … */
export function schedulerOf(
  known: readonly Partial<PathEstimate>[],
  options?: AdaptiveOptions,
): { scheduler: AdaptiveScheduler<TestPath>; paths: TestPath[] } {
  const scheduler = new AdaptiveScheduler<TestPath>(options)
  const paths = makePaths(...known.map(() => 1))
  for (const [id, path] of paths.entries()) {
    scheduler.add(path)
    scheduler.observe(path, estimate(known[id]), 0)
  }
  return { scheduler, paths }
}

export type Sender = (
  count: number,
  wishes?: { nowMs?: number; trafficClass?: number; bytes?: number },
) => unknown[]

/** Sends packets at one moment, each of another flow, and says what became of them. */
export const sender = (scheduler: AdaptiveScheduler<TestPath>): Sender => {
  let flow = 0
  return (count, { bytes = 1000, ...wishes } = {}) =>
    Array.from({ length: count }, () => sendOne(scheduler, bytes, { flow: flow++, ...wishes }))
}
