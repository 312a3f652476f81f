import type { Drops } from '@mp/interface'

/**
 * Everything there is to see of a running daemon, as JSON. Names and meanings stay as they are within a version; new keys
 * may come. Rates are bit/s over the last second, `null` where nothing was measured; counters run since a path exists.
 */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION
  /** ISO 8601. */
  readonly takenAt: string
  readonly daemon: DaemonSnapshot
  readonly tun: TunSnapshot
  /** A client has one, its server; a server one for each client that is there. */
  readonly peers: readonly PeerSnapshot[]
  /** Clients of a server's config that are not there. */
  readonly absentPeers: readonly string[]
  /** None at a client. */
  readonly listeners: readonly ListenerSnapshot[]
  /** Packets and frames dropped by the tunnel, by reason; TUN, listeners and links count their own. */
  readonly drops: Drops
  readonly memory: {
    /** Packet slots in use, and all there are. */
    readonly slotsInUse: number
    readonly slots: number
  }
}

export const SNAPSHOT_VERSION = 1

/** The program and how it runs. */
export interface DaemonSnapshot {
  /** As its control socket: the name of the TUN device. */
  readonly name: string
  /** Of the program. */
  readonly version: string
  readonly pid: number
  readonly role: 'client' | 'server'
  readonly startedAt: string
  readonly uptimeMs: number
  readonly scheduling: 'adaptive' | 'static'
  /** What carries frames, and why that. */
  readonly transport: string
  /** What seals packets here, and why that; `null`: nothing is encrypted. */
  readonly encryption: string | null
}

/** The device that packets of this machine go into and come out of: `rx` is read from it, `tx` written to it. */
export interface TunSnapshot {
  readonly name: string
  readonly backend: string
  readonly mtuBytes: number
  /** Names of the offloads that act. */
  readonly offloads: readonly string[]
  /** Why others do not, if a test found them wrong. */
  readonly offloadReason: string | null
  readonly rxPackets: number
  readonly rxBytes: number
  readonly txPackets: number
  readonly txBytes: number
  readonly drops: Drops
}

/** What came in where a server listens. */
export interface ListenerSnapshot {
  readonly endpoint: string
  readonly rxFrames: number
  readonly rxBytes: number
  /** Remote addresses or connections known now. */
  readonly addresses: number
  readonly drops: Drops
}

/** A session with another daemon. */
export interface PeerSnapshot {
  readonly name: string
  readonly established: boolean
  /** Since it is established. */
  readonly ageMs: number
  /** Of the keys in use, 0…3: the next one every two minutes. */
  readonly epoch: number
  readonly cipher: string | null
  /** Why that cipher, and what computes it here. */
  readonly cipherReason: string | null
  readonly txBps: number | null
  readonly rxBps: number | null
  readonly txBytes: number
  readonly rxBytes: number
  /** Packets that wait for a path to be chosen. */
  readonly waitingPackets: number
  /** `null` where paths are shared by weight. */
  readonly repair: RepairSnapshot | null
  /** How order is restored; `null` before the first packet, and where paths are shared by weight. */
  readonly order: OrderSnapshot | null
  readonly drops: Drops
  readonly paths: readonly PathSnapshot[]
}

/** Frames found lost, and those sent a second time. */
export interface RepairSnapshot {
  readonly lostFrames: number
  readonly repairedFrames: number
}

/** What came out of order, and what became of it. */
export interface OrderSnapshot {
  /** Held back now. */
  readonly heldPackets: number
  readonly heldBytes: number
  readonly deliveredPackets: number
  /** Had to wait, and for how long. */
  readonly waitedPackets: number
  readonly waitMeanMs: number
  readonly waitMaxMs: number
  /** Numbers not waited for any longer: no path could bring them, the longest wait was over, no room was left. */
  readonly skippedHopeless: number
  readonly skippedLinger: number
  readonly skippedOverflow: number
  /** Came after their number was skipped. */
  readonly latePackets: number
}

/** One way to a peer. What is measured of it is measured in the direction away from here. */
export interface PathSnapshot {
  readonly id: number
  readonly name: string
  readonly weight: number
  /** Whether it may carry data now. */
  readonly isUsed: boolean
  /** Why not: `no-link`, `exhausted`, `backup`, `link-full`, `suspect`, `initializing`, `unstable`, `lost`; `null` when it may. */
  readonly unusedReason: string | null
  /** What its probes say. */
  readonly state: 'initializing' | 'normal' | 'unstable' | 'lost'
  readonly stateAgeMs: number
  readonly transport: string | null
  readonly localAddress: string | null
  readonly remoteAddress: string | null
  readonly txBps: number | null
  readonly rxBps: number | null
  /** Of all that was sent to the peer in the last second, 0…1; `null` while nothing was. */
  readonly txShare: number | null
  readonly txFrames: number
  readonly txBytes: number
  readonly rxFrames: number
  readonly rxBytes: number
  /** Smoothed, of data where there was any, else of probes; with the least of late. */
  readonly rttMs: number | null
  readonly rttMinMs: number | null
  /** Largest IP packet that the network under it is found to take; `null` while it is not known, or not searched. */
  readonly mtuBytes: number | null
  /** Share of probes that were not answered, 0…1. */
  readonly probeLossRatio: number
  /** What it is thought to carry; this and what follows is `null` before it carried data, and where paths are shared by weight. */
  readonly capacityBps: number | null
  /** What arrived at the peer lately. */
  readonly deliveredBps: number | null
  /** What queues on the way add to the RTT now. */
  readonly queueDelayMs: number | null
  readonly inFlightBytes: number | null
  /** Shares of frames lost lately, 0…1: for sending too much, and whatever is sent. */
  readonly congestionLossRatio: number | null
  readonly radioLossRatio: number | null
  readonly lostFrames: number | null
  /** Packets and frames that wait for their turn on the path, or for its link. */
  readonly waitingPackets: number
  /** By the link it has now. */
  readonly drops: Drops
}
