import type { Drops, LinkStats, ListenerStats, TunStats } from '@mp/interface'
import type { PathManager, PathState } from '@mp/path-manager'
import type { ProberStats } from '@mp/prober'
import type { Bonding, BondingStats } from './bonding/bonding.ts'
import type { DropCounter } from './drop-counter.ts'
import type { Encryption, FrameGuard } from './frame-guard.ts'
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
  readonly transport: string | undefined
  readonly localAddress: string | undefined
  readonly remoteAddress: string | undefined
  readonly txFrames: number
  readonly txBytes: number
  readonly rxFrames: number
  readonly rxBytes: number
  /** Frames that wait because the link is full. */
  readonly queuedFrames: number
  /** What the link it has now counts, drops included. Undefined while there is none. */
  readonly link: LinkStats | undefined
  readonly prober: ProberStats
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
    paths: paths.list.map((path) => pathStats(path, paths.state(path.id) ?? 'suspended')),
    bonding: bonding?.stats(),
    drops: drops.snapshot(),
  }
}

function pathStats(path: TunnelPath, use: PathState): PathStats {
  const { id, name, weight, settings, link, counters, out, prober } = path
  return {
    id,
    name,
    weight,
    settings,
    use,
    transport: link?.transport,
    localAddress: link?.localAddress,
    remoteAddress: link?.remoteAddress,
    ...counters,
    queuedFrames: out.count,
    link: link?.stats(),
    prober: prober.stats(),
  }
}
