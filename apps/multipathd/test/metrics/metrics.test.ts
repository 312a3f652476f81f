import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { requires } from '@mp/netlab'
import { parseMetrics, simRuntime } from '@mp/testkit'
import type { MetricFamily } from '@mp/testkit'
import type { SessionStats } from '@mp/tunnel'
import { Metrics } from '../../src/metrics/index.ts'
import { MAX_SESSIONS } from '../../src/metrics/scrape.ts'
import { pathStats, sessionStats, tunnelStats } from './stats.ts'

const TUN = { name: 'mp0' } as never

function metricsOf(sessions: () => readonly SessionStats[]) {
  const runtime = simRuntime({ seed: 1 })
  const config = { isServer: false, scheduling: 'adaptive', tun: TUN } as const
  const metrics = new Metrics({
    config,
    runtime,
    pool: { capacity: 8192 },
    stats: () => tunnelStats(sessions()),
  })
  return {
    runtime,
    text: () => [...metrics.chunks()].join(''),
    read: () => parseMetrics([...metrics.chunks()].join('')),
  }
}

const twoPaths = [
  sessionStats('server', [
    pathStats('dsl'),
    pathStats('lte', {
      localAddress: '10.0.1.1:4001',
      use: 'suspended',
      prober: { ...pathStats('').prober, state: 'lost' },
    }),
  ]),
]

/** The one value with these labels. */
function valueOf(
  families: ReadonlyMap<string, MetricFamily>,
  name: string,
  labels: object = {},
): number | undefined {
  const samples = families
    .get(name)
    ?.samples.filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    )
  expect(samples).toHaveLength(1)
  return samples![0]!.value
}

describe('the metrics of a daemon', () => {
  test('are well formed, in base units', () => {
    const families = metricsOf(() => twoPaths).read()
    const dsl = { peer: 'server', path: 'dsl' }
    expect(valueOf(families, 'multipathd_path_transmit_bytes_total', dsl)).toBe(1000)
    expect(valueOf(families, 'multipathd_path_capacity_bytes_per_second', dsl)).toBe(1_000_000)
    expect(valueOf(families, 'multipathd_path_rtt_smoothed_seconds', dsl)).toBe(0.021)
    expect(valueOf(families, 'multipathd_path_waiting_packets', dsl)).toBe(5)
    expect(valueOf(families, 'multipathd_path_loss_ratio', { ...dsl, cause: 'radio' })).toBe(0.01)
    expect(valueOf(families, 'multipathd_path_drops_total', { ...dsl, reason: 'send-failed' })).toBe(2)
    expect(valueOf(families, 'multipathd_resequencer_wait_seconds_total')).toBe(0.24)
    expect(valueOf(families, 'multipathd_resequencer_skipped_total', { reason: 'linger' })).toBe(2)
    expect(valueOf(families, 'multipathd_drops_total', { where: 'tun', reason: 'tun-full' })).toBe(3)
    expect(valueOf(families, 'multipathd_drops_total', { where: 'listener 0', reason: 'malformed' })).toBe(4)
    expect(valueOf(families, 'multipathd_pool_slots')).toBe(8192)
    expect(valueOf(families, 'multipathd_info', { role: 'client', tun: 'mp0' })).toBe(1)
    const misnamed = [...families.values()].filter(
      ({ name, type }) => !name.startsWith('multipath_') && name.endsWith('_total') !== (type === 'counter'),
    )
    expect(misnamed).toEqual([])
  })

  test('tell the state of a path as one of four', () => {
    const families = metricsOf(() => twoPaths).read()
    const states = (path: string): object =>
      Object.fromEntries(
        families
          .get('multipathd_path_state')!
          .samples.filter(({ labels }) => labels['path'] === path)
          .map(({ labels, value }) => [labels['state'], value]),
      )
    expect(states('dsl')).toEqual({ initializing: 0, normal: 1, unstable: 0, lost: 0 })
    expect(states('lte')).toEqual({ initializing: 0, normal: 0, unstable: 0, lost: 1 })
  })

  test('keep the ten names of the Go original, with its labels and units', () => {
    const families = metricsOf(() => twoPaths).read()
    const way = { addr: '10.0.0.1:4000 => 198.51.100.7:5000' }
    const host = { addr: '198.51.100.7' }
    expect(valueOf(families, 'multipath_node_udp_traffic_total', host)).toBe(6000)
    expect(families.has('multipath_node_tcp_traffic_total')).toBe(false)
    expect(valueOf(families, 'multipath_prober_rtt', way)).toBe(20)
    expect(valueOf(families, 'multipath_prober_rtt_predict', way)).toBe(20_900)
    expect(valueOf(families, 'multipath_prober_inflight', way)).toBe(1)
    expect(valueOf(families, 'multipath_prober_state', way)).toBe(1)
    expect(valueOf(families, 'multipath_prober_state', { addr: '10.0.1.1:4001 => 198.51.100.7:5000' })).toBe(
      2,
    )
    expect(valueOf(families, 'multipath_prober_next_timeout_ms', way)).toBe(250)
    expect(valueOf(families, 'multipath_node_node_reconnect_total', host)).toBe(0)
    expect(valueOf(families, 'multipath_scheduler_sche_conn', way)).toBe(1)
    expect(valueOf(families, 'multipath_node_node_conn_in_pool_total', { ...host, connaddr: way.addr })).toBe(
      1,
    )
    const ofGo = [...families.values()].filter(({ name }) => name.startsWith('multipath_'))
    expect(ofGo.map(({ type }) => type)).toEqual(ofGo.map(() => 'gauge'))
  })

  test('count the same path once, also while a peer has two sessions', () => {
    const old = sessionStats('home', [pathStats('path 0', { txBytes: 1 })])
    const next = sessionStats('home', [pathStats('path 0', { txBytes: 2 })])
    const families = metricsOf(() => [old, next]).read()
    expect(valueOf(families, 'multipathd_path_transmit_bytes_total')).toBe(2)
  })

  test('have an end where there are many peers, and say so', () => {
    const peers = Array.from({ length: MAX_SESSIONS + 3 }, (_, index) =>
      sessionStats(`peer ${index}`, [pathStats('path 0')]),
    )
    const families = metricsOf(() => peers).read()
    expect(valueOf(families, 'multipathd_sessions')).toBe(MAX_SESSIONS + 3)
    expect(valueOf(families, 'multipathd_sessions_omitted')).toBe(3)
    expect(families.get('multipathd_path_used')?.samples).toHaveLength(MAX_SESSIONS)
  })
})

describe('histograms', () => {
  test('get a sample of each path a second while somebody scrapes, and then rest', () => {
    const { runtime, read } = metricsOf(() => twoPaths)
    read()
    runtime.runFor(10_500)
    const dsl = { peer: 'server', path: 'dsl' }
    const families = read()
    const count = (name: string, labels: object): number =>
      families
        .get(name)!
        .samples.find(
          (sample) =>
            sample.name === `${name}_count` &&
            Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
        )?.value ?? 0
    expect(count('multipathd_path_rtt_seconds', dsl)).toBe(11)
    expect(count('multipathd_path_queue_delay_seconds', dsl)).toBe(11)
    // What is lost has no round trip.
    expect(count('multipathd_path_rtt_seconds', { path: 'lte' })).toBe(0)
    runtime.runFor(3_600_000)
    const later = read()
      .get('multipathd_path_rtt_seconds')!
      .samples.find(({ name }) => name.endsWith('_count'))!
    expect(later.value).toBeLessThan(400)
  })

  test('forget paths that are gone', () => {
    let sessions: readonly SessionStats[] = twoPaths
    const { runtime, read } = metricsOf(() => sessions)
    read()
    sessions = []
    runtime.runFor(2000)
    expect(read().has('multipathd_path_rtt_seconds')).toBe(false)
  })
})

const GRAFANA = new URL('../../grafana/multipathd.json', import.meta.url)

/** Whether a name is that of a part of a histogram. */
const isPart = (name: string): boolean => /_(bucket|sum|count)$/.test(name)

test('each query of the Grafana dashboard names metrics that exist, and labels they have', () => {
  const { read } = metricsOf(() => twoPaths)
  const families = read()
  const { panels, templating } = JSON.parse(readFileSync(GRAFANA, 'utf8')) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[]
    readonly templating: { readonly list: readonly { readonly query: string }[] }
  }
  const queries = [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...templating.list.map(({ query }) => query),
  ]
  const names = queries.flatMap((query) => query.match(/\b(multipathd?|process)_\w+/g) ?? [])
  expect(names.length).toBeGreaterThan(20)
  const familyOf = (name: string) =>
    families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  expect(names.filter((name) => familyOf(name) === undefined)).toEqual([])
  expect(names.filter((name) => (familyOf(name)!.type === 'histogram') !== isPart(name))).toEqual([])
  const selectors = queries.join('\n').matchAll(/(multipathd?_\w+)\{([^}]*)\}/g)
  for (const [, name, selector] of selectors) {
    const labels = selector!.split(',').map((pair) => pair.split(/[=!]/, 1)[0]!)
    const known = new Set(['instance', ...Object.keys(familyOf(name!)!.samples[0]!.labels)])
    expect(labels.filter((label) => !known.has(label))).toEqual([])
  }
})

const missing = requires([], { promtool: spawnSync('promtool', ['--version']).status === 0 })

test.skipIf(missing.length > 0)(
  'promtool finds nothing wrong but the names of the Go original [needs promtool]',
  () => {
    const { text } = metricsOf(() => twoPaths)
    const { stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text(),
      encoding: 'utf8',
    })
    const others = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('multipath_'))
    expect(others).toEqual([])
  },
)
