import { ReplayWindow } from '@mp/secure-channel'
import type { FrameSource, Link, PacketBatch, Schedulable } from '@mp/interface'
import type { PathMtu } from '@mp/path-mtu'
import type { PathReceiver } from '@mp/rate-control'
import type { PathSender } from './bonding/path-sender.ts'
import type { Probe, Prober, ProberEvent } from '@mp/prober'
import type { BatchShelf } from './batch-shelf.ts'
import type { DropCounter } from './drop-counter.ts'
import { isSpecial } from './path-settings.ts'
import type { PathSettings } from './path-settings.ts'

/** What a path is told apart by. */
export interface PathIdentity {
  /** Path id on the wire, 0…255; unique in its session. */
  readonly id: number
  /** For people: `dsl`, `lte`, `path 2`. */
  readonly name: string
}

/** The session a path belongs to, as its prober sees it. */
export interface PathOwner {
  sendProbe(path: TunnelPath, probe: Probe): void
  handleProberEvent(path: TunnelPath, event: ProberEvent): void
  /** Seals the rows of `frames` from `from` on, which `path` has written last. */
  seal(path: TunnelPath, frames: PacketBatch, from: number): void
}

/** What a path is made of. */
export interface PathParts {
  readonly owner: PathOwner
  readonly prober: Prober
  readonly shelf: BatchShelf
}

/** Counters of one path since it exists. */
export interface PathCounters {
  /** Frames the links of the path took. */
  txFrames: number
  txBytes: number
  rxFrames: number
  rxBytes: number
}

/**
 * One way to the peer. It outlives its link: after a lost connection or a changed address the same path goes on
 * with another one. Identity is (session, id), never an address.
 */
export class TunnelPath implements Schedulable, PathIdentity {
  readonly id: number
  readonly name: string
  readonly owner: PathOwner
  readonly prober: Prober
  readonly counters: PathCounters = { txFrames: 0, txBytes: 0, rxFrames: 0, rxBytes: 0 }
  settings: PathSettings
  /** Probes tell the peer the settings, since they are or were not the usual ones. */
  tellsWishes: boolean
  /** The carrier now. Undefined while there is none. */
  link: Link | undefined
  /** Largest frame to send over it now, bytes. At most what the link takes, less where the network under it takes less. */
  maxFrameBytes = 0
  /** Finds out what the network takes. Undefined where it cuts what is too large. */
  mtu: PathMtu | undefined
  /** Where the peer's frames come from: together with `peer` the address, as a number. */
  source: FrameSource | undefined
  peer = -1
  /** The link was full at the last flush; `onWritable` ends it. */
  blocked = false
  /** It was told that this path has no link; forgotten when it gets one or works. */
  isReportedUnlinked = false
  /** Rows at the front of `out` that are sealed. */
  sealed = 0
  /** Counter of the next frame sent. */
  txCounter = 0
  /** Which counters were received. They go on over all epochs of a session. */
  window: ReplayWindow = new ReplayWindow()
  readonly #shelf: BatchShelf
  /** From the shelf, as long as there is something in it. */
  #out: PacketBatch | undefined

  /** What is known of what was sent over it; made with the first packet that shares the session's paths. */
  sender: PathSender | undefined
  /** What is known of what came over it; likewise. */
  receiver: PathReceiver | undefined

  constructor(identity: PathIdentity, settings: PathSettings, parts: PathParts) {
    this.id = identity.id
    this.name = identity.name
    this.settings = settings
    this.tellsWishes = isSpecial(settings)
    this.owner = parts.owner
    this.prober = parts.prober
    this.#shelf = parts.shelf
  }

  /** Relative share of the bytes sent, > 0. */
  get weight(): number {
    return this.settings.weight
  }

  /** Frames for the link: those of the running batch, and what a full link left behind. To be flushed after each use. */
  get out(): PacketBatch {
    return (this.#out ??= this.#shelf.take())
  }

  /** Rows in `out`. */
  get waiting(): number {
    return this.#out?.count ?? 0
  }

  /** Data is sent over it. */
  handleActivity(nowMs: number): void {
    this.prober.handleActivity(nowMs)
    this.mtu?.handleActivity(nowMs)
  }

  /** Another session begins: its counters are its own. */
  beginAnew(): void {
    this.receiver = undefined
    this.txCounter = 0
    this.window = new ReplayWindow()
  }

  /** Seals what waits in `out` and gives it to the link, as far as that takes it. A full link is left alone until it is writable. */
  flush(): void {
    const out = this.#out
    if (out === undefined) return
    if (this.sealed < out.count) this.owner.seal(this, out, this.sealed)
    this.#send(out)
    this.sealed = out.count
    this.#putBack()
  }

  /** Seals and sends frames written just now, while none waits in `out`. @returns whether the link took all; the rest is the caller's. */
  sendAll(frames: PacketBatch): boolean {
    this.owner.seal(this, frames, 0)
    this.#send(frames)
    return frames.count === 0
  }

  /** Takes over sealed frames that the link did not take; those for which there is no room stay in `frames`. */
  keep(frames: PacketBatch): void {
    frames.dropFront(frames.copyRows(0, frames.count, this.out))
    this.sealed = this.out.count
  }

  /** Drops what waits in `out`: nobody will send it. */
  dropWaiting(drops: DropCounter, reason: string): void {
    if (this.#out !== undefined) drops.dropAll(this.#out, reason)
    this.sealed = 0
    this.#putBack()
  }

  /** Others may need the batch once it is empty. */
  #putBack(): void {
    const out = this.#out
    if (out === undefined || out.count > 0) return
    this.#out = undefined
    this.#shelf.put(out)
  }

  /** Gives sealed frames to the link, as far as that takes them. */
  #send(frames: PacketBatch): void {
    if (this.link === undefined || this.blocked || frames.count === 0) return
    const offeredBytes = frames.sumOfLengths()
    this.counters.txFrames += this.link.send(frames)
    this.counters.txBytes += offeredBytes - frames.sumOfLengths()
    this.blocked = frames.count > 0
  }
}
