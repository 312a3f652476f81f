import fc from 'fast-check'
import type { PickRequest, Scheduler } from '@mp/interface'

/** Largest packet of the tests, bytes. */
export const L = 1500

export interface TestPath {
  readonly id: number
  readonly weight: number
}

/** Something done to a scheduler; `path` is an index into the test's paths. */
export type Op =
  | { readonly do: 'send'; readonly bytes: number }
  | { readonly do: 'charge'; readonly path: number; readonly bytes: number }
  | { readonly do: 'add' | 'remove' | 'suspend' | 'resume'; readonly path: number }
  | { readonly do: 'setWeight'; readonly path: number; readonly weight: number }

export const packetBytes: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: L }),
  fc.constantFrom(40, L),
)

export const weights: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(1, 2, 3, 5),
  fc.double({ min: 0.1, max: 100, noNaN: true }),
)

export const makePaths = (...pathWeights: number[]): TestPath[] =>
  pathWeights.map((weight, id) => ({ id, weight }))

export const anyPaths = (max = 6, weight = weights): fc.Arbitrary<TestPath[]> =>
  fc.array(weight, { minLength: 2, maxLength: max }).map((list) => makePaths(...list))

/** Op lists: mostly packets sent on the path picked, with everything else in between. */
export function anyOps(count: number, bytes = packetBytes, weight = weights): fc.Arbitrary<Op[]> {
  const path = fc.nat({ max: 5 })
  const sent = fc.record({ do: fc.constant('send' as const), bytes })
  const op: fc.Arbitrary<Op> = fc.oneof(
    { weight: 10, arbitrary: sent },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('charge' as const), path, bytes }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('add', 'remove', 'suspend', 'resume', 'resume'), path }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('setWeight' as const), path, weight }) },
  )
  return fc.array(op, { maxLength: count, size: 'max' })
}

/** A packet of bulk that wants a path at time 0. */
export const packet = (lengthBytes: number, wishes: Partial<PickRequest> = {}): PickRequest => ({
  lengthBytes,
  nowMs: 0,
  trafficClass: 0,
  flow: 0,
  ...wishes,
})

/** Sends one packet on the path picked. */
export function send<P extends TestPath>(scheduler: Scheduler<P>, bytes: number): P | undefined {
  const path = scheduler.peek(packet(bytes))
  if (path !== undefined) scheduler.charge(path, bytes)
  return path
}

/** Does `op` and returns what the scheduler said. Paths in `known` are not added again, as that would throw. */
export function apply(
  scheduler: Scheduler<TestPath>,
  op: Op,
  paths: TestPath[],
  known: Set<TestPath>,
): unknown {
  if (op.do === 'send') return send(scheduler, op.bytes)?.id
  const path = paths[op.path % paths.length]!
  if (op.do === 'charge') return scheduler.charge(path, op.bytes)
  if (op.do === 'setWeight') return scheduler.setWeight(path, op.weight)
  if (op.do === 'add') {
    if (known.has(path)) return undefined
    known.add(path)
  } else if (op.do === 'remove') {
    known.delete(path)
  }
  return scheduler[op.do](path)
}
