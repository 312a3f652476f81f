/**
 * What of the daemon's snapshot this page reads; docs/control.md has all of it. A test of the daemon holds the two
 * together. Rates are bit/s, ratios 0…1, and `null` is what was not measured.
 */
export interface Snapshot {
  /** ISO 8601. */
  readonly takenAt: string
  readonly daemon: {
    readonly name: string
    readonly version: string
    readonly role: 'client' | 'server'
    readonly startedAt: string
    readonly uptimeMs: number
    readonly scheduling: 'adaptive' | 'static'
    readonly encryption: string | null
  }
  readonly peers: readonly Peer[]
  /** Clients of the config that are not there. */
  readonly absentPeers: readonly string[]
}

/** What the daemon remembers of a moment of the last minutes. */
export interface Moment {
  readonly takenAt: string
  readonly peers: readonly { readonly name: string; readonly paths: readonly PathMoment[] }[]
}

export type PathMoment = Pick<
  Path,
  | 'id'
  | 'name'
  | 'state'
  | 'txBps'
  | 'rxBps'
  | 'rttMs'
  | 'queueDelayMs'
  | 'probeLossRatio'
  | 'congestionLossRatio'
  | 'radioLossRatio'
>

export interface Peer {
  readonly name: string
  readonly established: boolean
  readonly ageMs: number
  readonly cipher: string | null
  readonly txBps: number | null
  readonly rxBps: number | null
  readonly txBytes: number
  readonly rxBytes: number
  readonly paths: readonly Path[]
}

export type PathState = 'initializing' | 'normal' | 'unstable' | 'lost'

export interface Path {
  readonly id: number
  readonly name: string
  /** Whether it may carry data now; if not, `unusedReason` says why. */
  readonly isUsed: boolean
  readonly unusedReason: string | null
  readonly state: PathState
  readonly stateAgeMs: number
  readonly transport: string | null
  readonly localAddress: string | null
  readonly remoteAddress: string | null
  readonly txBps: number | null
  readonly rxBps: number | null
  readonly txShare: number | null
  readonly rttMs: number | null
  readonly rttMinMs: number | null
  readonly probeLossRatio: number
  readonly capacityBps: number | null
  readonly queueDelayMs: number | null
  readonly congestionLossRatio: number | null
  readonly radioLossRatio: number | null
}

/** What happened. */
export interface LoggedEvent {
  /** Counts on by one within a run of the daemon. */
  readonly number: number
  readonly at: string
  readonly type: string
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}
