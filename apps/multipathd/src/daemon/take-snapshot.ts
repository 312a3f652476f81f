import type { LinkStats, ListenerStats } from '@mp/interface'
import type { BondingStats, PathStats, SessionStats, TunnelStats } from '@mp/tunnel'
import type { Config } from '../config/index.ts'
import type { Rate, RateMeter } from './rate-meter.ts'
import { SNAPSHOT_VERSION } from './snapshot.ts'
import type {
  DaemonSnapshot,
  ListenerSnapshot,
  OrderSnapshot,
  PathSnapshot,
  PeerSnapshot,
  Snapshot,
  TunSnapshot,
} from './snapshot.ts'

/** What a snapshot is made of. */
export interface Observed {
  readonly config: Config
  readonly stats: TunnelStats
  readonly rates: RateMeter
  readonly daemon: DaemonSnapshot
  readonly tun: Omit<TunSnapshot, keyof TunnelStats['tun']>
  /** Packet slots there are. */
  readonly slots: number
  /** Wall clock, ms. */
  readonly wallMs: number
  readonly reasonFor: (session: SessionStats) => string | null
}

/** Puts together what was looked at in one moment. */
export function takeSnapshot(observed: Observed): Snapshot {
  const { config, stats, daemon, tun, slots, wallMs } = observed
  const peers = stats.sessions.map((session) => peerSnapshot(session, observed))
  const here = new Set(peers.map(({ name }) => name))
  return {
    version: SNAPSHOT_VERSION,
    takenAt: new Date(wallMs).toISOString(),
    daemon,
    tun: { ...tun, ...stats.tun },
    peers,
    absentPeers: (config.server?.peers ?? []).map(({ name }) => name).filter((name) => !here.has(name)),
    listeners: stats.listeners.map((listener) => listenerSnapshot(listener, config.server?.listen ?? '')),
    drops: stats.drops,
    memory: { slotsInUse: stats.slotsInUse, slots },
  }
}

function listenerSnapshot({ peers, ...counts }: ListenerStats, endpoint: string): ListenerSnapshot {
  return { endpoint, addresses: peers, ...counts }
}

function peerSnapshot(session: SessionStats, { rates, reasonFor, stats }: Observed): PeerSnapshot {
  const { peer, established, ageMs, epoch, encryption, bonding, drops } = session
  const ofPaths = session.paths.map((path) => rates.rateOf(peer, path.id))
  const txBps = rounded(sum(ofPaths.map((rate) => rate?.txBps)), 0)
  return {
    name: peer,
    established,
    ageMs: Math.round(ageMs),
    epoch,
    cipher: encryption?.cipher ?? null,
    cipherReason: reasonFor(session),
    txBps,
    rxBps: rounded(sum(ofPaths.map((rate) => rate?.rxBps)), 0),
    txBytes: session.paths.reduce((bytes, path) => bytes + path.txBytes, 0),
    rxBytes: session.paths.reduce((bytes, path) => bytes + path.rxBytes, 0),
    waitingPackets: bonding?.waiting ?? 0,
    repair: bonding ? { lostFrames: bonding.repair.lost, repairedFrames: bonding.repair.repaired } : null,
    order: orderSnapshot(bonding?.resequencer),
    drops,
    paths: session.paths.map((path, index) =>
      pathSnapshot(path, { rate: ofPaths[index], sessionBps: txBps, atMs: stats.atMs }),
    ),
  }
}

function orderSnapshot(order: BondingStats['resequencer']): OrderSnapshot | null {
  if (order === undefined) return null
  const { skipped, waited } = order
  return {
    heldPackets: order.heldPackets,
    heldBytes: order.heldBytes,
    deliveredPackets: order.delivered,
    waitedPackets: waited,
    waitMeanMs: waited > 0 ? rounded(order.holdMsSum / waited, MS_DIGITS)! : 0,
    waitMaxMs: rounded(order.holdMsMax, MS_DIGITS)!,
    skippedHopeless: skipped.hopeless,
    skippedLinger: skipped.linger,
    skippedOverflow: skipped.overflow,
    latePackets: order.late,
  }
}

interface Moment {
  readonly rate: Rate | undefined
  /** What the whole session sends, bit/s. */
  readonly sessionBps: number | null
  /** By the clock of the tunnel, ms. */
  readonly atMs: number
}

function pathSnapshot(path: PathStats, { rate, sessionBps, atMs }: Moment): PathSnapshot {
  const { prober, bonding, link } = path
  return {
    id: path.id,
    name: path.name,
    weight: path.weight,
    isUsed: path.unusedReason === undefined,
    unusedReason: path.unusedReason?.replaceAll(' ', '-') ?? null,
    state: prober.state,
    stateAgeMs: Math.max(0, Math.round(atMs - prober.sinceMs)),
    transport: path.transport ?? null,
    localAddress: path.localAddress ?? null,
    remoteAddress: path.remoteAddress ?? null,
    txBps: rounded(rate?.txBps, 0),
    rxBps: rounded(rate?.rxBps, 0),
    txShare: rate && sessionBps ? rounded(rate.txBps / sessionBps, RATIO_DIGITS) : null,
    txFrames: path.txFrames,
    txBytes: path.txBytes,
    rxFrames: path.rxFrames,
    rxBytes: path.rxBytes,
    rttMs: rounded(bonding?.rttMs ?? prober.smoothedRttMs, MS_DIGITS),
    rttMinMs: rounded(bonding?.rttMinMs ?? prober.minRttMs, MS_DIGITS),
    mtuBytes: path.mtuBytes ?? null,
    probeLossRatio: rounded(prober.lossRatio, RATIO_DIGITS)!,
    waitingPackets: path.queuedFrames + (bonding?.waitingPackets ?? 0),
    drops: dropsOf(link),
    ...measured(bonding),
  }
}

type Measured = Pick<
  PathSnapshot,
  | 'capacityBps'
  | 'deliveredBps'
  | 'queueDelayMs'
  | 'inFlightBytes'
  | 'congestionLossRatio'
  | 'radioLossRatio'
  | 'lostFrames'
>

function measured(bonding: PathStats['bonding']): Measured {
  return {
    capacityBps: rounded(bonding?.capacityBps, 0),
    deliveredBps: rounded(bonding?.deliveredBps, 0),
    queueDelayMs: rounded(bonding?.queueDelayMs, MS_DIGITS),
    inFlightBytes: bonding?.inFlightBytes ?? null,
    congestionLossRatio: rounded(bonding?.congestionLossRatio, RATIO_DIGITS),
    radioLossRatio: rounded(bonding?.radioLossRatio, RATIO_DIGITS),
    lostFrames: bonding?.lostFrames ?? null,
  }
}

function dropsOf(link: LinkStats | undefined): PathSnapshot['drops'] {
  return link?.drops ?? {}
}

/** Decimals worth having. */
const MS_DIGITS = 3
const RATIO_DIGITS = 6

/** `null` for what is not known. */
function rounded(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined ? null : Number(value.toFixed(digits))
}

/** Of what is known; `null` when nothing is. */
function sum(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}
