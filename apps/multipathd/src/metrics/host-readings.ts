import { performance } from 'node:perf_hooks'
import type { Drops } from '@mp/interface'
import type { Reading, Sample } from '@mp/metrics'
import type { Scrape } from './scrape.ts'

/** Families that tell of the whole daemon: its device, its memory, its process. */
export const HOST_READINGS: readonly Reading<Scrape>[] = [
  {
    name: 'multipathd_tun_receive_bytes_total',
    help: 'Bytes read from the TUN device: what this machine sends into the tunnel.',
    type: 'counter',
    samples: ({ stats }) => [{ value: stats.tun.rxBytes }],
  },
  {
    name: 'multipathd_tun_receive_packets_total',
    help: 'Packets read from the TUN device.',
    type: 'counter',
    samples: ({ stats }) => [{ value: stats.tun.rxPackets }],
  },
  {
    name: 'multipathd_tun_transmit_bytes_total',
    help: 'Bytes written to the TUN device: what this machine receives out of the tunnel.',
    type: 'counter',
    samples: ({ stats }) => [{ value: stats.tun.txBytes }],
  },
  {
    name: 'multipathd_tun_transmit_packets_total',
    help: 'Packets written to the TUN device.',
    type: 'counter',
    samples: ({ stats }) => [{ value: stats.tun.txPackets }],
  },
  {
    name: 'multipathd_listener_receive_bytes_total',
    help: 'Bytes received where a server listens, also from strangers.',
    type: 'counter',
    samples: ({ stats }) =>
      stats.listeners.map(({ rxBytes }, index) => ({ labels: { listener: String(index) }, value: rxBytes })),
  },
  {
    name: 'multipathd_listener_addresses',
    help: 'Remote addresses or connections a listener knows.',
    type: 'gauge',
    samples: ({ stats }) =>
      stats.listeners.map(({ peers }, index) => ({ labels: { listener: String(index) }, value: peers })),
  },
  {
    name: 'multipathd_drops_total',
    help: 'Packets and frames dropped, by where and reason. Links have multipathd_path_drops_total.',
    type: 'counter',
    samples: ({ stats: { drops, tun, listeners } }) => [
      ...dropsAt('tunnel', drops),
      ...dropsAt('tun', tun.drops),
      ...listeners.flatMap((listener, index) => dropsAt(`listener ${index}`, listener.drops)),
    ],
  },
  {
    name: 'multipathd_pool_slots',
    help: 'Packets there is memory for.',
    type: 'gauge',
    samples: ({ slots }) => [{ value: slots }],
  },
  {
    name: 'multipathd_pool_slots_in_use',
    help: 'Packets in memory.',
    type: 'gauge',
    samples: ({ stats }) => [{ value: stats.slotsInUse }],
  },
  {
    name: 'multipathd_event_loop_busy_seconds_total',
    help: 'Time in which the one thread that moves packets was at work.',
    type: 'counter',
    samples: () => [{ value: performance.eventLoopUtilization().active / 1000 }],
  },
  {
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the process.',
    type: 'counter',
    samples: () => {
      const { user, system } = process.cpuUsage()
      return [{ value: (user + system) / 1e6 }]
    },
  },
  {
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    type: 'gauge',
    samples: () => [{ value: process.memoryUsage.rss() }],
  },
  {
    name: 'process_start_time_seconds',
    help: 'When the process started, since 1970.',
    type: 'gauge',
    samples: () => [{ value: performance.timeOrigin / 1000 }],
  },
]

function dropsAt(where: string, drops: Drops): readonly Sample[] {
  return Object.entries(drops).map(([reason, value]) => ({ labels: { where, reason }, value }))
}
