import { parseEndpoint } from '@mp/runtime-node'
import type { Reading, Sample } from '@mp/metrics'
import type { PathStats } from '@mp/tunnel'
import { pathsOf } from './scrape.ts'
import type { PathOfPeer, Scrape } from './scrape.ts'

/** As the Go original numbers its states; it has no `unstable`. */
const STATE_NUMBERS: Readonly<Record<PathStats['prober']['state'], number>> = {
  initializing: 0,
  normal: 1,
  lost: 2,
  unstable: 3,
}

/**
 * The metrics of the Go original under their own names, with their labels and units, for dashboards that are there
 * already. All are gauges, as they were there, whatever their names say; paths that share a label are added up.
 */
export const GO_READINGS: readonly Reading<Scrape>[] = [
  goReading('node_udp_traffic_total', 'Bytes over UDP, both ways together.', traffic('udp')),
  goReading('node_tcp_traffic_total', 'Bytes over TCP, both ways together.', traffic('tcp')),
  goReading(
    'prober_rtt',
    'Last round trip, ms.',
    perWay(({ prober }) => prober.rttMs && Math.round(prober.rttMs)),
  ),
  goReading(
    'prober_rtt_predict',
    'Predicted round trip, microseconds.',
    perWay(({ prober }) => prober.predictedMs && Math.round(prober.predictedMs * 1000)),
  ),
  goReading(
    'prober_inflight',
    'Probes without reply.',
    perWay(({ prober }) => prober.inFlight),
  ),
  goReading(
    'prober_state',
    '0 initializing, 1 normal, 2 lost, 3 unstable.',
    perWay(({ prober }) => STATE_NUMBERS[prober.state]),
  ),
  goReading(
    'prober_next_timeout_ms',
    'Timeout of the next probe, ms.',
    perWay(({ prober }) => prober.rtoMs),
  ),
  goReading(
    'node_node_reconnect_total',
    'Paths that are being connected again.',
    perHost(({ link }) => Number(link === undefined)),
  ),
  goReading(
    'scheduler_sche_conn',
    'Paths that may be chosen.',
    perWay(({ use }) => Number(use === 'active')),
  ),
  goReading('node_node_conn_in_pool_total', 'Connections of a path.', connections),
]

function goReading(name: string, help: string, samples: Reading<Scrape>['samples']): Reading<Scrape> {
  return { name: `multipath_${name}`, help: `${help} As in the Go original.`, type: 'gauge', samples }
}

function traffic(transport: string): Reading<Scrape>['samples'] {
  return perHost((path) => (path.transport === transport ? path.rxBytes + path.txBytes : undefined))
}

/** By `addr`, the host of the other end. */
function perHost(of: (path: PathStats) => number | undefined): Reading<Scrape>['samples'] {
  return (scrape) =>
    addedUp(pathsOf(scrape).map(({ path }) => ({ labels: { addr: hostOf(path) }, value: of(path) })))
}

/** By `addr`, both ends as `local => remote`. */
function perWay(of: (path: PathStats) => number | undefined): Reading<Scrape>['samples'] {
  return (scrape) =>
    addedUp(pathsOf(scrape).map((each) => ({ labels: { addr: wayOf(each) }, value: of(each.path) })))
}

function connections(scrape: Scrape): readonly Sample[] {
  const linked = pathsOf(scrape).filter(({ path }) => path.link !== undefined)
  return addedUp(
    linked.map((each) => ({ labels: { addr: hostOf(each.path), connaddr: wayOf(each) }, value: 1 })),
  )
}

function hostOf({ remoteAddress, name }: PathStats): string {
  const endpoint = parseEndpoint(remoteAddress ?? '')
  return 'error' in endpoint ? name : endpoint.host
}

/** A path without a link has no addresses: its name has to do. */
function wayOf({ path: { localAddress, remoteAddress, name } }: PathOfPeer): string {
  return localAddress === undefined ? name : `${localAddress} => ${remoteAddress}`
}

function addedUp(samples: readonly Required<Sample>[]): readonly Sample[] {
  const sums = new Map<string, Sample>()
  for (const { labels, value } of samples) {
    if (value === undefined) continue
    const key = JSON.stringify(labels)
    sums.set(key, { labels, value: value + (sums.get(key)?.value ?? 0) })
  }
  return [...sums.values()]
}
