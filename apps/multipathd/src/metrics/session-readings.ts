import type { Reading, Sample } from '@mp/metrics'
import type { SessionStats } from '@mp/tunnel'
import { seconds } from './scrape.ts'
import type { Scrape } from './scrape.ts'

type SessionReading = Omit<Reading<Scrape>, 'samples'> & {
  readonly of: (session: SessionStats) => number | undefined
}

/** One number per session each. */
const SINGLE: readonly SessionReading[] = [
  {
    name: 'multipathd_session_established',
    help: 'Whether the peer has shown that it is there: 1 or 0.',
    type: 'gauge',
    of: ({ established }) => Number(established),
  },
  {
    name: 'multipathd_session_age_seconds',
    help: 'Since the session is established.',
    type: 'gauge',
    of: ({ ageMs }) => seconds(ageMs),
  },
  {
    name: 'multipathd_session_key_epoch',
    help: 'Number of the keys in use, 0 to 3 over and over: the next one every two minutes.',
    type: 'gauge',
    of: ({ epoch }) => epoch,
  },
  {
    name: 'multipathd_session_waiting_packets',
    help: 'Packets that wait for a path to be chosen.',
    type: 'gauge',
    of: ({ bonding }) => bonding?.waiting,
  },
  {
    name: 'multipathd_repair_lost_frames_total',
    help: 'Frames found lost.',
    type: 'counter',
    of: ({ bonding }) => bonding?.repair.lost,
  },
  {
    name: 'multipathd_repair_repaired_frames_total',
    help: 'Lost frames that were sent again over another path.',
    type: 'counter',
    of: ({ bonding }) => bonding?.repair.repaired,
  },
  {
    name: 'multipathd_resequencer_held_packets',
    help: 'Packets held back until those before them have come.',
    type: 'gauge',
    of: ({ bonding }) => bonding?.resequencer?.heldPackets,
  },
  {
    name: 'multipathd_resequencer_held_bytes',
    help: 'Bytes of packets held back.',
    type: 'gauge',
    of: ({ bonding }) => bonding?.resequencer?.heldBytes,
  },
  {
    name: 'multipathd_resequencer_delivered_packets_total',
    help: 'Packets passed on.',
    type: 'counter',
    of: ({ bonding }) => bonding?.resequencer?.delivered,
  },
  {
    name: 'multipathd_resequencer_waited_packets_total',
    help: 'Packets passed on that had to wait for others.',
    type: 'counter',
    of: ({ bonding }) => bonding?.resequencer?.waited,
  },
  {
    name: 'multipathd_resequencer_wait_seconds_total',
    help: 'How long these waited, all together.',
    type: 'counter',
    of: ({ bonding }) => seconds(bonding?.resequencer?.holdMsSum),
  },
  {
    name: 'multipathd_resequencer_late_packets_total',
    help: 'Packets passed on out of order, since they were no longer waited for.',
    type: 'counter',
    of: ({ bonding }) => bonding?.resequencer?.late,
  },
]

/** Families that tell of each session, by `peer`. */
export const SESSION_READINGS: readonly Reading<Scrape>[] = [
  ...SINGLE.map(({ of, ...heading }) =>
    Object.assign(heading, { samples: eachOf((session) => [{ value: of(session) }]) }),
  ),
  {
    name: 'multipathd_resequencer_skipped_total',
    help: 'Packets not waited for any longer: no path could bring them, the longest wait was over, no room was left.',
    type: 'counter',
    samples: eachOf(({ bonding }) =>
      Object.entries(bonding?.resequencer?.skipped ?? {}).map(([reason, value]) => ({
        labels: { reason },
        value,
      })),
    ),
  },
  {
    name: 'multipathd_sessions',
    help: 'Sessions with peers.',
    type: 'gauge',
    samples: ({ stats }) => [{ value: stats.sessions.length }],
  },
  {
    name: 'multipathd_sessions_omitted',
    help: 'Sessions that are not told of one by one, because there are too many.',
    type: 'gauge',
    samples: ({ stats, sessions }) => [{ value: stats.sessions.length - sessions.length }],
  },
]

function eachOf(of: (session: SessionStats) => readonly Sample[]): Reading<Scrape>['samples'] {
  return ({ sessions }) =>
    sessions.flatMap((session) =>
      of(session).map(({ labels, value }) => ({ labels: { peer: session.peer, ...labels }, value })),
    )
}
