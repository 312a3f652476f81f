import type { Drops, LinkStats, ListenerStats, TunStats } from '@mp/interface'
import type { PathManager, PathState } from '@mp/path-manager'
import type { ProberStats } from '@mp/prober'
import type { Bonding, BondingStats } from './bonding/bonding.ts'
import { pathBondingStats } from './bonding/path-stats.ts'
import type { PathBondingStats } from './bonding/path-stats.ts'
import type { DropCounter } from './drop-counter.ts'
import type { Encryption, FrameGuard } from './frame-guard.ts'
import { whyUnused } from './path-gate.ts'
import type { PathSettings } from './path-settings.ts'
import type { TunnelPath } from './path.ts'

/** A path at one moment. Counters run since the path exists. */
export interface PathStats {
  readonly id: number
  readonly name: string
  readonly weight: number
  readonly settings: PathSettings
  /** Whether it is in the scheduler's choice now. */
  readonly use: PathState
  /** Why it carries no data now: `no link`, `link full`, `suspect`, or the state of its prober. Undefined when it may. */
  readonly unusedReason: string | undefined
  readonly transport: string | undefined
  readonly localAddress: string | undefined
  readonly remoteAddress: string | undefined
  readonly txFrames: number
  readonly txBytes: number
  readonly rxFrames: number
  readonly rxBytes: number
  /** Largest frame sent over it now, bytes; 0 before it had a link. */
  readonly maxFrameBytes: number
  /** Largest IP packet that the network under it is known to take, bytes. Undefined while that is not known, or not searched. */
  readonly mtuBytes: number | undefined
  /** Frames that wait because the link is full. */
  readonly queuedFrames: number
  /** What the link it has now counts, drops included. Undefined while there is none. */
  readonly link: LinkStats | undefined
  readonly prober: ProberStats
  /** Undefined while nothing was sent over it, and when paths are shared by weight. */
  readonly bonding: PathBondingStats | undefined
}

/** A session at one moment. */
export interface SessionStats {
  /** As in {@link TunnelEvent}. */
  readonly peer: string
  /** The peer has shown that it is there. */
  readonly established: boolean
  /** Since it is established, ms; 0 before. */
  readonly ageMs: number
  /** Of the keys frames are sealed with: 0…3, the next one every two minutes. */
  readonly epoch: number
  /** What frames are sealed with. Undefined while there are no keys, or none are used. */
  readonly encryption: Encryption | undefined
  readonly paths: readonly PathStats[]
  /** Undefined when paths are shared by weight. */
  readonly bonding: BondingStats | undefined
  readonly drops: Drops
}

/** A whole tunnel end at one moment. */
export interface TunnelStats {
  /** The moment, by the runtime's clock, ms. */
  readonly atMs: number
  /** A client has one; a server one per client that is there. */
  readonly sessions: readonly SessionStats[]
  readonly tun: TunStats
  /** What each listener counts, in the order of `listen`. None at a client. */
  readonly listeners: readonly ListenerStats[]
  /** Packets and frames dropped by the tunnel, in sessions that ended too, by reason. TUN and links count their own. */
  readonly drops: Drops
  /** Packet slots in use. */
  readonly slotsInUse: number
}

/** What can be seen of a session. */
interface SessionFace {
  readonly peer: string
  readonly guard: FrameGuard
  readonly paths: PathManager<TunnelPath>
}

/** What a session knows of itself besides. */
interface SessionParts {
  /** Since it is established, ms; negative before. */
  readonly ageMs: number
  readonly bonding: Bonding | undefined
  readonly drops: DropCounter
}

export function sessionStats(session: SessionFace, { ageMs, bonding, drops }: SessionParts): SessionStats {
  const { peer, guard, paths } = session
  return {
    peer,
    established: ageMs >= 0,
    ageMs: Math.max(0, ageMs),
    epoch: guard.sendEpoch,
    encryption: guard.encryption,
    paths: paths.list.map((path) => pathStats(path, paths)),
    bonding: bonding?.stats(),
    drops: drops.snapshot(),
  }
}

function pathStats(path: TunnelPath, paths: PathManager<TunnelPath>): PathStats {
  const { id, name, weight, settings, link, counters, waiting, prober, maxFrameBytes, mtu } = path
  return {
    id,
    name,
    weight,
    settings,
    use: paths.state(id) ?? 'suspended',
    unusedReason: whyUnused(paths, path),
    transport: link?.transport,
    localAddress: link?.localAddress,
    remoteAddress: link?.remoteAddress,
    ...counters,
    maxFrameBytes,
    mtuBytes: mtu?.isKnown === true ? mtu.mtuBytes : undefined,
    queuedFrames: waiting,
    link: link?.stats(),
    prober: prober.stats(),
    bonding: pathBondingStats(path),
  }
}
