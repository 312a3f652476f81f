import type { Reading, Sample } from '@mp/metrics'
import type { PathStats } from '@mp/tunnel'
import { pathsOf, seconds } from './scrape.ts'
import type { Scrape } from './scrape.ts'

const STATES: readonly PathStats['prober']['state'][] = ['initializing', 'normal', 'unstable', 'lost']

type PathReading = Omit<Reading<Scrape>, 'samples'> & { readonly of: (path: PathStats) => number | undefined }

/** One number per path each. */
const SINGLE: readonly PathReading[] = [
  {
    name: 'multipathd_path_transmit_bytes_total',
    help: 'Bytes sent over the path, headers of frames included.',
    type: 'counter',
    of: ({ txBytes }) => txBytes,
  },
  {
    name: 'multipathd_path_receive_bytes_total',
    help: 'Bytes received over the path, headers of frames included.',
    type: 'counter',
    of: ({ rxBytes }) => rxBytes,
  },
  {
    name: 'multipathd_path_transmit_frames_total',
    help: 'Frames sent over the path.',
    type: 'counter',
    of: ({ txFrames }) => txFrames,
  },
  {
    name: 'multipathd_path_receive_frames_total',
    help: 'Frames received over the path.',
    type: 'counter',
    of: ({ rxFrames }) => rxFrames,
  },
  {
    name: 'multipathd_path_used',
    help: 'Whether the path may carry data: 1 or 0.',
    type: 'gauge',
    of: ({ use }) => Number(use === 'active'),
  },
  {
    name: 'multipathd_path_capacity_bytes_per_second',
    help: 'What the path is thought to carry away from here.',
    type: 'gauge',
    of: ({ bonding }) => bonding && bonding.capacityBps / 8,
  },
  {
    name: 'multipathd_path_rtt_smoothed_seconds',
    help: 'Smoothed round trip of probes.',
    type: 'gauge',
    of: ({ prober }) => seconds(prober.smoothedRttMs),
  },
  {
    name: 'multipathd_path_rtt_min_seconds',
    help: 'Least round trip of a probe in the last ten seconds.',
    type: 'gauge',
    of: ({ prober }) => seconds(prober.minRttMs),
  },
  {
    name: 'multipathd_path_in_flight_bytes',
    help: 'Bytes sent over the path and not heard of yet.',
    type: 'gauge',
    of: ({ bonding }) => bonding?.inFlightBytes,
  },
  {
    name: 'multipathd_path_waiting_packets',
    help: 'Packets and frames that wait for the path.',
    type: 'gauge',
    of: ({ bonding, queuedFrames }) => (bonding?.waitingPackets ?? 0) + queuedFrames,
  },
  {
    name: 'multipathd_path_lost_frames_total',
    help: 'Frames sent over the path and called lost, those that came after all included.',
    type: 'counter',
    of: ({ bonding }) => bonding?.lostFrames,
  },
  {
    name: 'multipathd_path_probes_sent_total',
    help: 'Probes sent.',
    type: 'counter',
    of: ({ prober }) => prober.sent,
  },
  {
    name: 'multipathd_path_probes_lost_total',
    help: 'Probes not answered in time.',
    type: 'counter',
    of: ({ prober }) => prober.lost,
  },
]

/** Families that tell of each path, by `peer` and `path`. */
export const PATH_READINGS: readonly Reading<Scrape>[] = [
  ...SINGLE.map(({ of, ...heading }) => Object.assign(heading, { samples: each(of) })),
  {
    name: 'multipathd_path_state',
    help: 'What probes say of the path: 1 at its state, 0 at the others.',
    type: 'gauge',
    samples: eachOf(({ prober }) =>
      STATES.map((state) => ({ labels: { state }, value: Number(state === prober.state) })),
    ),
  },
  {
    name: 'multipathd_path_loss_ratio',
    help: 'Share of frames lost lately, by cause: too much was sent, or the path loses whatever is sent.',
    type: 'gauge',
    samples: eachOf(({ bonding }) => [
      { labels: { cause: 'congestion' }, value: bonding?.congestionLossRatio },
      { labels: { cause: 'radio' }, value: bonding?.radioLossRatio },
    ]),
  },
  {
    name: 'multipathd_path_drops_total',
    help: 'Frames dropped by the link of the path, by reason; begins anew with each link. Of those that ended multipathd_drops_total tells, as link-….',
    type: 'counter',
    samples: eachOf(({ link }) =>
      Object.entries(link?.drops ?? {}).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  },
]

function each(of: (path: PathStats) => number | undefined): Reading<Scrape>['samples'] {
  return eachOf((path) => [{ value: of(path) }])
}

function eachOf(of: (path: PathStats) => readonly Sample[]): Reading<Scrape>['samples'] {
  return (scrape) =>
    pathsOf(scrape).flatMap(({ peer, path }) =>
      of(path).map(({ labels, value }) => ({ labels: { peer, path: path.name, ...labels }, value })),
    )
}
