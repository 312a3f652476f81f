import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { AdaptiveOracle } from './adaptive-oracle.ts'
import type { OracleOptions } from './adaptive-oracle.ts'
import { anyAdaptiveOps, applyAdaptive } from './adaptive-support.ts'
import { makePaths } from './support.ts'
import type { TestPath } from './support.ts'

const mode = fc.constantFrom('aggregate', 'aggregate', 'lowest-latency', 'redundant')
const anyOptions: fc.Arbitrary<OracleOptions> = fc.record({
  modes: fc.tuple(mode, mode, mode),
  fairnessBytes: fc.constantFrom(Infinity, Infinity, 0, 20_000),
  slackMs: fc.constantFrom(50, 5),
  spreadMs: fc.constantFrom(150, 40),
  copyRatio: fc.constantFrom(0.02, 0),
})
const anyWeights = fc.array(fc.constantFrom(1, 2, 4), { minLength: 1, maxLength: 5 })

test('A1: picks, copies, refusals and bookkeeping are those of the plain rules, whatever is done', () => {
  const seen = new Map<unknown, number>()
  fc.assert(
    fc.property(anyOptions, anyWeights, anyAdaptiveOps(150), (options, weights, ops) => {
      const [bulk, interactive, critical] = options.modes
      const real = new AdaptiveScheduler<TestPath>({ ...options, modes: { bulk, interactive, critical } })
      const oracle = new AdaptiveOracle(options)
      const paths = makePaths(...weights)
      for (const path of paths) real.add(path)
      for (const path of paths) oracle.add(path)
      let nowMs = 0
      for (const op of ops) {
        if (op.do === 'wait') nowMs += op.ms
        const said = applyAdaptive(real, op, paths, nowMs)
        expect(said).toEqual(applyAdaptive(oracle, op, paths, nowMs))
        const kind = Array.isArray(said) ? `${said.length} paths` : said
        if (op.do === 'send') seen.set(kind, (seen.get(kind) ?? 0) + 1)
      }
      const { rows } = oracle
      // Replacing a path moves it to the end, in both.
      expect(real.snapshot().map((each) => each.id)).toEqual(rows.map((row) => row.path.id))
      expect(real.snapshot().map((each) => each.freeAtMs)).toEqual(rows.map((row) => row.freeAt))
      expect(real.snapshot().map((each) => each.virtualBytes)).toEqual(rows.map((row) => row.virtual))
    }),
    { numRuns: 400 },
  )
  const kinds = ['1 paths', '2 paths', 'full', 'no-path', 'too-big']
  expect(kinds.filter((kind) => (seen.get(kind) ?? 0) < 100)).toEqual([])
})
