import type { Fragmenter, PacketBatch, PacketPool, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import { Resequencer } from '@mp/resequencer'
import type { Arrivals, ResequencerStats } from '@mp/resequencer'
import { MAX_OVERHEAD_BYTES } from '@mp/wire'
import type { DropCounter } from '../drop-counter.ts'
import type { Wakeable } from '../driver.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { PartDrops } from '../part-drops.ts'
import { isReplaceable, refreshGate } from '../path-gate.ts'
import type { TunnelPath } from '../path.ts'
import type { Scratch } from '../scratch.ts'
import type { SessionTrace } from '../trace.ts'
import { Feedback } from './feedback.ts'
import { PathSender } from './path-sender.ts'
import { Pump } from './pump.ts'
import { Repair } from './repair.ts'
import type { RepairStats } from './repair.ts'
import type { SealedPlaces } from './sealed-places.ts'
import { aliveBps } from './usable-paths.ts'

export interface BondingParts {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly places: SealedPlaces
  readonly scheduler: Scheduler<TunnelPath>
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly writer: FrameWriter
  readonly drops: DropCounter
  readonly trace: SessionTrace
  /** Largest packet of the TUN, bytes. */
  readonly tunMtuBytes: number
  readonly nowMs: () => number
  readonly randomBytes: (into: Uint8Array) => void
  /** Takes inner packets and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
}

/** What bonding counts in a session. */
export interface BondingStats {
  /** Packets that wait for a path. */
  readonly waiting: number
  readonly repair: RepairStats
  /** Undefined before the first packet came. */
  readonly resequencer: ResequencerStats | undefined
}

/** Which end of a path found out that it leads nowhere. */
export type DownEnd = 'here' | 'there'

/** Why a path gets nothing more, but sends what waits for it: it works, or will in a moment. */
const STILL_SENDS: ReadonlySet<string | undefined> = new Set(['link full', 'backup', 'exhausted'])
/** A path that is suspect although none is better is looked at again after this long, ms. */
const LOOK_AGAIN_MS = 50

/**
 * All that makes several paths of a session one good line: packets leave no faster than paths carry them, the two ends
 * tell each other what came, what is lost is sent again over another path, and the receiver restores order.
 *
 * Nothing of it costs memory before a session carries data, and pacing and reports begin with the second path.
 */
export class Bonding implements Wakeable {
  readonly pump: Pump
  readonly feedback: Feedback
  readonly #parts: BondingParts
  readonly #repair: Repair
  #resequencer: Resequencer | undefined
  /** Of the resequencer there is now. */
  #orderDrops: PartDrops
  #nowMs = 0
  /** The path that is just being left as it is cut at our end. */
  #cutHere: TunnelPath | undefined
  #isClosed = false

  constructor(parts: BondingParts) {
    this.#parts = parts
    this.#orderDrops = new PartDrops(parts.drops)
    this.#repair = new Repair({ ...parts, single: parts.scratch.single })
    this.pump = new Pump({ ...parts, senderOf: (path) => this.#senderOf(path) })
    this.feedback = new Feedback({
      ...parts,
      arena: parts.pool.arena,
      pump: this.pump,
      resequencer: () => this.#resequencer,
      onOverdue: (path, nowMs) => this.#suspect(path, nowMs),
      onWritten: (path) => path.flush(),
    })
    parts.paths.subscribe(({ type, path, reason }) => {
      if (type === 'suspend' && !STILL_SENDS.has(reason)) this.#leave(path)
      else if (type === 'resume') this.feedback.observe(path, this.#nowMs)
      else if (type === 'append') this.#resequencer?.addPath(path.id)
      else if (type === 'remove') this.#removePath(path)
    })
  }

  /** There are paths to choose from, or the only one has a limit: packets are paced, and what comes is reported. */
  get isShared(): boolean {
    const { list } = this.#parts.paths
    return list.length > 1 || (list.length === 1 && list[0]!.settings.maxSendBps < Infinity)
  }

  /** The peer is told what comes. */
  get isReporting(): boolean {
    return this.isShared || this.feedback.isAsked
  }

  /** Puts packets in order and hands them on; empties the batch. */
  resequence(packets: PacketBatch, arrivals: Arrivals): void {
    // What came in one batch with the end of the session: nobody would look after it if it had to wait.
    if (this.#isClosed) return this.#parts.deliver(packets)
    this.#resequencer ??= this.#createResequencer()
    this.#resequencer.handlePackets(packets, arrivals)
  }

  /** A link takes frames again. */
  handleWritable(): void {
    if (this.isShared) this.pump.wake()
  }

  /** A probe of a path was answered: whatever was suspected of it, it works. */
  handleReply(path: TunnelPath): void {
    if (path.sender?.isSuspect !== true) return
    path.sender.isSuspect = false
    path.sender.tracker.clear()
    refreshGate(this.#parts.paths)
  }

  /** A path is to be used in another way, or may carry more or less than before. */
  handleSettings(path: TunnelPath): void {
    const nowMs = this.#parts.nowMs()
    path.sender?.setMax(path.settings.maxSendBps, nowMs)
    this.feedback.observe(path, nowMs)
    this.pump.wake()
    if (path.sender !== undefined) this.#endSharing()
  }

  /** A path carries nothing more: what was under way on it need not be waited for. */
  handleDown(path: TunnelPath, end: DownEnd, nowMs: number): void {
    if (end === 'here') this.#cutHere = path
    this.#suspect(path, nowMs)
    this.#cutHere = undefined
  }

  pollTimeout(): number {
    let dueMs = Math.min(this.pump.pollTimeout(), this.feedback.pollTimeout(), this.#repair.pollTimeout())
    if (this.#resequencer !== undefined) dueMs = Math.min(dueMs, this.#resequencer.pollTimeout())
    for (const { sender } of this.#parts.paths.list) {
      if (sender !== undefined && !sender.isSuspect) dueMs = Math.min(dueMs, this.#suspicionMs(sender))
    }
    return dueMs
  }

  handleTimeout(nowMs: number): void {
    this.#nowMs = nowMs
    for (const path of this.#parts.paths.list) {
      if (path.sender !== undefined && nowMs >= path.sender.suspectAtMs) this.#suspect(path, nowMs)
    }
    this.feedback.handleTimeout(nowMs)
    this.#repair.handleTimeout(nowMs)
    this.pump.handleTimeout(nowMs)
    this.#resequencer?.handleTimeout(nowMs)
  }

  /** Another session begins with the peer: all numbers are new. */
  beginAnew(): void {
    for (const path of this.#parts.paths.list) this.#forget(path)
    this.#endOrder()
    this.feedback.beginAnew()
    this.#repair.clear()
    refreshGate(this.#parts.paths)
  }

  stats(): BondingStats {
    const resequencer = this.#resequencer?.stats()
    if (resequencer !== undefined) this.#orderDrops.count(resequencer.drops)
    return { waiting: this.pump.waiting, repair: this.#repair.stats(), resequencer }
  }

  close(): void {
    this.#isClosed = true
    this.beginAnew()
    this.pump.close()
  }

  /** When to look at a path that has not answered. While no other path works that changes nothing, and is done rarely. */
  #suspicionMs({ suspectAtMs }: PathSender): number {
    return suspectAtMs > this.#nowMs ? suspectAtMs : this.#nowMs + LOOK_AGAIN_MS
  }

  /** A path does not answer while others work. */
  #suspect(path: TunnelPath, nowMs: number): void {
    const { sender } = path
    if (sender === undefined || sender.isSuspect) return
    const { paths } = this.#parts
    if (!isReplaceable(path, paths)) return
    sender.isSuspect = true
    path.mtu?.handleDoubt(nowMs)
    const wasLeft = paths.state(path.id) !== 'active'
    refreshGate(paths)
    if (wasLeft) this.#leave(path)
  }

  /** A path carries nothing for now: what waits for it and what is under way on it is sent over others. */
  #leave(path: TunnelPath): void {
    this.pump.setCapacity(aliveBps(this.#parts.paths.list))
    this.pump.rebind(path)
    path.sender?.tracker.giveUp(path === this.#cutHere ? 'newest-first' : 'oldest-first')
  }

  #senderOf(path: TunnelPath): PathSender {
    path.sender ??= new PathSender({
      pool: this.#parts.pool,
      fate: this.#repair.fateOf(path),
      maxBps: path.settings.maxSendBps,
      maxFrameBytes: this.#parts.tunMtuBytes + MAX_OVERHEAD_BYTES,
    })
    return path.sender
  }

  #createResequencer(): Resequencer {
    const { pool, paths, deliver, scratch } = this.#parts
    const resequencer = new Resequencer({ pool, onPackets: deliver, out: scratch.ordered })
    for (const { id } of paths.list) resequencer.addPath(id)
    return resequencer
  }

  #endOrder(): void {
    const resequencer = this.#resequencer
    if (resequencer === undefined) return
    this.#resequencer = undefined
    resequencer.close()
    this.#orderDrops.count(resequencer.stats().drops)
    this.#orderDrops = new PartDrops(this.#parts.drops)
  }

  #removePath(path: TunnelPath): void {
    this.#resequencer?.removePath(path.id)
    this.#forget(path)
    this.#endSharing()
  }

  /** What waits for the only path that is left need not wait any more. */
  #endSharing(): void {
    const { paths, nowMs } = this.#parts
    const [last] = paths.list
    if (last === undefined || this.isShared || this.#isClosed) return
    this.pump.drain(last, nowMs())
    this.#forget(last)
    this.feedback.beginAnew()
  }

  #forget(path: TunnelPath): void {
    const { sender } = path
    path.receiver = undefined
    if (sender === undefined) return
    for (const queue of [sender.urgent, sender.queue]) this.pump.dropQueue(queue, 'path-closed')
    sender.tracker.clear()
    path.sender = undefined
  }
}
