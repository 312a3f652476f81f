import type { ClassModes, Fragmenter, Link, PacketBatch, PacketPool, Scheduler } from '@mp/interface'
import type { ProberManager, ProberOptions } from '@mp/prober'
import type { SealedPlaces } from './bonding/sealed-places.ts'
import type { DropCounter } from './drop-counter.ts'
import type { TunnelEvent } from './events.ts'
import type { FrameGuard } from './frame-guard.ts'
import type { TunnelPath } from './path.ts'
import type { Scratch } from './scratch.ts'
import type { Session } from './session.ts'
import type { TraceSwitch } from './trace.ts'

/** What a session is made of, and whom it tells. */
export interface SessionOptions {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly guard: FrameGuard
  readonly scheduler: Scheduler<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly probers: ProberManager<TunnelPath>
  readonly proberOptions: ProberOptions
  /** Our index for the session, 1…2^24-1: the peer puts it into every frame. */
  readonly localIndex: number
  /** Name of the peer, for events and status. */
  readonly peer: string
  /** The client knows its paths and weighs them; the server learns both from it. */
  readonly role: 'client' | 'server'
  readonly batchSize: number
  /** Where the sealed frames of all sessions lie. */
  readonly places: SealedPlaces
  /** What paths are used for; undefined: as the scheduler likes. */
  readonly modes: ClassModes | undefined
  /** Largest packet of the TUN, bytes. */
  readonly tunMtuBytes: number
  /** What TCP announces as its largest segment is lowered to what passes whole. */
  readonly clampsMss: boolean
  /** Whether packets that must stay whole are cut too, where no path takes them whole. */
  readonly cutsAll: boolean
  /** Paths are shared by what they carry, measured all the time, and not by weights alone. */
  readonly isAdaptive: boolean
  /** Whose link is whose, among all sessions: transports tell of links, not of sessions. */
  readonly owners: WeakMap<Link, Session>
  /** Counts the drops of all sessions. */
  readonly totalDrops: DropCounter
  readonly trace: TraceSwitch | undefined
  readonly nowMs: () => number
  readonly randomBytes: (into: Uint8Array) => void
  /** Takes inner packets and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
  /** Takes a handshake frame. @returns why it is dropped, or undefined when it was of use. */
  readonly onHandshake: (frame: Uint8Array) => string | undefined
  readonly onEvent: (event: TunnelEvent) => void
  /** The peer ended the session. */
  readonly onPeerClose: () => void
  /** A path got or lost its link, or its health changed. */
  readonly onPathChange: () => void
  /** The scheduler threw. */
  readonly onError: (error: unknown) => void
  /** Something happened: the session may want to be woken earlier than before. */
  readonly onTouched: () => void
}
