import { gilbertElliott } from '@mp/testkit'
import type { LinkChange, LinkSpec, Scenario, Traffic } from './scenario.ts'

/** One TCP flow to the client; seconds are simulated, few enough for all of it to run in every test. */
const DOWN: Traffic = { flow: 'cubic', flows: 1, direction: 'down', seconds: 6 }

type Row = readonly [id: string, name: string, links: readonly LinkSpec[], traffic?: Partial<Traffic>]

const toScenario = ([id, name, links, traffic]: Row): Scenario => ({
  id,
  name,
  links,
  traffic: { ...DOWN, ...traffic },
})

const link = (rttMs: number, mbit: number, more: Partial<LinkSpec> = {}): LinkSpec => ({
  rttMs,
  mbit,
  ...more,
})
const twice = (each: LinkSpec): readonly LinkSpec[] => [each, each]

/** The netem matrix of mqvpn's published benchmarks: where one flow over two lines is at stake. */
export const MATRIX: readonly Scenario[] = (
  [
    ['M1', 'baseline', twice(link(20, 50))],
    ['M2', 'rtt_40', [link(20, 50), link(40, 50)]],
    ['M3', 'rtt_70', [link(20, 50), link(70, 50)]],
    ['M4', 'rtt_120', [link(20, 50), link(120, 50)]],
    ['M5', 'rtt_320', [link(20, 50), link(320, 50)]],
    ['M6', 'jit_5', twice(link(20, 50, { jitterMs: 5 }))],
    ['M7', 'jit_20', twice(link(20, 50, { jitterMs: 20 }))],
    ['M8', 'loss_05', twice(link(20, 50, { loss: 0.005 }))],
    ['M9', 'loss_2', twice(link(20, 50, { loss: 0.02 }))],
    ['M10', 'bw_4to1', [link(20, 50), link(20, 12)]],
    ['M11', 'bw_10to1', [link(20, 100), link(20, 10)]],
    [
      'M12',
      'dual_lte',
      [link(30, 40, { jitterMs: 5, loss: 0.005 }), link(45, 25, { jitterMs: 8, loss: 0.005 })],
    ],
    ['M13', 'fiber_lte', [link(8, 300), link(40, 30, { jitterMs: 8, loss: 0.005 })], { seconds: 4 }],
    ['M14', 'lte_starlink', [link(35, 40, { jitterMs: 8 }), link(50, 100, { jitterMs: 25, loss: 0.01 })]],
    ['M15', 'lte_geo', [link(35, 40), link(320, 20, { jitterMs: 20, loss: 0.005 })]],
    [
      'M16',
      'congested',
      [link(50, 20, { jitterMs: 20, loss: 0.02 }), link(60, 15, { jitterMs: 25, loss: 0.02 })],
    ],
  ] satisfies Row[]
).map(toScenario)

/** The topologies of the kernel's MPTCP self test simult_flows; delays there are of one direction. */
export const SIMULT: readonly Scenario[] = (
  [
    ['K1', 'balanced', twice(link(0, 10))],
    ['K2', 'balanced, delays differ', [link(2, 10), link(100, 10)]],
    ['K3', 'unbalanced', [link(0, 30), link(0, 10)]],
    ['K4', 'unbalanced, slow is far', [link(2, 30), link(100, 10)]],
    ['K5', 'unbalanced, fast is far', [link(100, 30), link(2, 10)]],
  ] satisfies Row[]
).map(toScenario)

/** Bursts of 5 packets, 3 % of all. */
const BURSTS = gilbertElliott({ p: 0.03 / (5 * 0.97), r: 0.2 })

/** The lines of the measuring lab. */
export const LAB: readonly Scenario[] = (
  [
    ['S1', 'equal2', twice(link(20, 50))],
    ['S2', 'rates', [link(20, 80), link(20, 20)]],
    ['S3', 'rtts', [link(20, 50), link(80, 50)]],
    ['S4', 'wan3', [link(15, 100), link(45, 40, { jitterMs: 10 }), link(120, 20, { loss: 0.005 })]],
    ['S5', 'lossy', twice(link(30, 50, { loss: 0.01 }))],
    ['S6', 'failover', [link(20, 50, { changes: outage(2000, 4000) }), link(20, 50)]],
    ['S8', 'bloat', [link(20, 50), link(80, 50)], { flows: 2 }],
    ['S9', 'four', [link(10, 10), link(30, 20), link(60, 30), link(100, 40)]],
    ['S10', 'burst', [link(20, 50), link(20, 50, { burst: BURSTS })]],
    [
      'S11',
      'varying',
      [
        link(20, 50),
        link(20, 50, {
          changes: [
            { atMs: 2000, mbit: 10 },
            { atMs: 4000, mbit: 50 },
          ],
        }),
      ],
    ],
  ] satisfies Row[]
).map(toScenario)

/** Other flows, more of them, and the other direction. */
export const VARIED: readonly Scenario[] = (
  [
    ['V1', 'rtts, bbr', [link(20, 50), link(80, 50)], { flow: 'bbr' }],
    ['V2', 'lossy, bbr', twice(link(30, 50, { loss: 0.01 })), { flow: 'bbr' }],
    ['V3', 'rtts, quic', [link(20, 50), link(80, 50)], { flow: 'quic' }],
    [
      'V4',
      'dual_lte, quic',
      [link(30, 40, { jitterMs: 5, loss: 0.005 }), link(45, 25, { jitterMs: 8, loss: 0.005 })],
      { flow: 'quic' },
    ],
    ['V5', 'rates, 4 flows', [link(20, 80), link(20, 20)], { flows: 4 }],
    [
      'V6',
      'four, 4 flows up',
      [link(10, 10), link(30, 20), link(60, 30), link(100, 40)],
      { flows: 4, direction: 'up' },
    ],
    [
      'V7',
      'wan3, up',
      [link(15, 100), link(45, 40, { jitterMs: 10 }), link(120, 20, { loss: 0.005 })],
      { direction: 'up' },
    ],
    [
      'V8',
      'interface down',
      [
        link(20, 50, {
          changes: [
            { atMs: 2000, down: true },
            { atMs: 4000, down: false },
          ],
        }),
        link(20, 50),
      ],
    ],
    ['V9', 'smaller packets on one line', [link(20, 50), link(20, 50, { mtuBytes: 1300 })]],
    ['V10', 'crosswise', [link(100, 50, { upShare: 0.1 }), link(100, 50, { upShare: 0.9 })]],
    ['V11', 'one-sided, up', [link(100, 50, { upShare: 0.1 }), link(60, 50)], { direction: 'up' }],
    ['V12', 'the fast one fails', [link(20, 80, { changes: outage(2000, 4000) }), link(20, 20)]],
    ['V13', 'near and slow, far and fast', [link(10, 2), link(350, 60)], { seconds: 8 }],
    ['V14', 'the near one loses', [link(25, 50, { loss: 0.02 }), link(300, 50)]],
    ['V15', 'both lose, and one far off', [...twice(link(10, 40, { loss: 0.005 })), link(400, 10)]],
  ] satisfies Row[]
).map(toScenario)

export const ALL: readonly Scenario[] = [...MATRIX, ...SIMULT, ...LAB, ...VARIED]

/** Swallows everything for a while. */
function outage(fromMs: number, toMs: number): readonly LinkChange[] {
  return [
    { atMs: fromMs, blackhole: true },
    { atMs: toMs, blackhole: false },
  ]
}
