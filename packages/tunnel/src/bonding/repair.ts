import type { PacketBatch, PacketPool } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import type { FrameFate } from '@mp/rate-control'
import type { TunnelPath } from '../path.ts'
import type { SessionTrace } from '../trace.ts'
import type { SealedPlaces } from './sealed-places.ts'
import { aliveBps, isAlive, minRttMs } from './usable-paths.ts'

export interface RepairParts {
  readonly pool: PacketPool
  readonly places: SealedPlaces
  readonly trace: SessionTrace
  readonly paths: PathManager<TunnelPath>
  /** A batch that is empty between calls, with room for one row. */
  readonly single: PacketBatch
  readonly nowMs: () => number
}

/** Counters of a {@link Repair}. */
export interface RepairStats {
  /** Frames called lost by the peer's reports, or given up with their path. */
  readonly lost: number
  /** Of those, sent a second time. */
  readonly repaired: number
}

/** Repairs may take this share of what a path carries, and so much at once, bytes. */
const BUDGET_RATIO = 0.1
const BURST_BYTES = 64 * 1024
/** What is under way on a path that falls silent is lost at once: as much as all paths carry in this time, ms. */
const BURST_MS = 100
/** Most frames that wait. */
const MAX_WAITING = 2048
/** Frames that wait are looked at this often, ms. */
const TICK_MS = 1
/** A path that loses more than this gets each repair twice, as long as so much of the budget is left, bytes. */
const DOUBLED_LOSS_RATIO = 0.002
const DOUBLED_FROM_BYTES = BURST_BYTES / 2
/** How much longer than a round trip it may take until a repair is reported, ms. */
const REPAIR_PATIENCE_MS = 15
/**
 * So much faster than all others, ms, the path that lost a frame has to be to get it again, as it may lose the next one, too; and
 * one with a longer queue than this lost it for getting too much.
 */
const OWN_PATH_MS = 10

/**
 * Sends lost frames a second time over the fastest path, mostly another one than the one they were lost on, and twice over one
 * that loses some itself. It is the very frame that was lost, sealed under the path and counter it had: so nothing is encrypted
 * or copied again, and the peer takes whichever comes first.
 */
export class Repair {
  readonly #parts: RepairParts
  /** Slots of frames that are lost, held by us, and the path each was lost on. */
  readonly #lost: number[] = []
  readonly #lostOn: TunnelPath[] = []
  #dueMs = Infinity
  #allowedBytes = BURST_BYTES
  #allowedMs = 0
  #lostFrames = 0
  #repairedFrames = 0

  constructor(parts: RepairParts) {
    this.#parts = parts
  }

  /** What becomes of the frames of one path. */
  fateOf(path: TunnelPath): FrameFate {
    return {
      onLost: (_counter, slot) => this.#lose(slot, path),
      onDone: (slot) => this.#parts.pool.release(slot),
    }
  }

  pollTimeout(): number {
    return this.#dueMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs >= this.#dueMs) this.#flush(nowMs)
  }

  stats(): RepairStats {
    return { lost: this.#lostFrames, repaired: this.#repairedFrames }
  }

  /** Forgets what waits: its session is over. */
  clear(): void {
    for (const slot of this.#lost) this.#parts.pool.release(slot)
    this.#shift(this.#lost.length)
  }

  /** @returns when a report must know of the repair, ms. */
  #lose(slot: number, path: TunnelPath): number {
    this.#lostFrames++
    if (slot < 0 || this.#lost.length === MAX_WAITING) return Infinity
    const nowMs = this.#parts.nowMs()
    const way = this.#wayFor(path, 0)
    if (way === undefined) return Infinity
    this.#parts.pool.retain(slot)
    this.#lost.push(slot)
    this.#lostOn.push(path)
    this.#dueMs = 0
    return nowMs + (way.sender?.tracker.smoothedRttMs ?? 0) + REPAIR_PATIENCE_MS
  }

  /** Sends what waits, as far as budget and paths allow. */
  #flush(nowMs: number): void {
    this.#earn(nowMs)
    let done = 0
    while (done < this.#lost.length && this.#send(this.#lost[done]!, this.#lostOn[done]!, nowMs)) done++
    this.#shift(done)
    this.#dueMs = this.#lost.length > 0 ? nowMs + TICK_MS : Infinity
    this.#parts.trace.handleRepairs(this.#lostFrames, this.#repairedFrames)
  }

  #shift(count: number): void {
    this.#lost.splice(0, count)
    this.#lostOn.splice(0, count)
  }

  #earn(nowMs: number): void {
    const bytesPerMs = aliveBps(this.#parts.paths.list) / 8000
    const earned = (nowMs - this.#allowedMs) * bytesPerMs * BUDGET_RATIO
    this.#allowedBytes = Math.min(Math.max(BURST_BYTES, bytesPerMs * BURST_MS), this.#allowedBytes + earned)
    this.#allowedMs = nowMs
  }

  /** @returns false when it has to wait for its turn on a path; else our hold on its slot has ended. */
  #send(slot: number, lostOn: TunnelPath, nowMs: number): boolean {
    const bytes = this.#parts.places.lengthOf(slot)
    const isAllowed = bytes > 0 && this.#allowedBytes >= bytes
    const path = isAllowed ? this.#wayFor(lostOn, bytes, nowMs) : undefined
    if (path !== undefined && this.#sendOver(path, slot)) {
      this.#repairedFrames++
      if (this.#isDoubled(path)) this.#sendOver(path, slot)
    } else if (isAllowed && this.#wayFor(lostOn, bytes) !== undefined) {
      return false
    }
    this.#parts.pool.release(slot)
    return true
  }

  /** A repair that is lost costs a round trip more, in which all behind it waits; where some are, two leave at once. */
  #isDoubled({ sender }: TunnelPath): boolean {
    const lossRatio = sender?.controller.lossRatio ?? 0
    return lossRatio > DOUBLED_LOSS_RATIO && this.#allowedBytes > DOUBLED_FROM_BYTES
  }

  /** Sends the frame in `slot`, which stays ours. False when the link is full. */
  #sendOver(path: TunnelPath, slot: number): boolean {
    const { places, single, pool } = this.#parts
    pool.retain(slot)
    places.recall(slot, single)
    const bytes = single.length[0]!
    const isSent = path.link?.send(single) === 1
    pool.releaseAll(single)
    if (!isSent) return false
    this.#allowedBytes -= bytes
    path.counters.txFrames++
    path.counters.txBytes += bytes
    path.sender?.pacer.spend(bytes)
    return true
  }

  /**
   * The fastest path that takes frames of `bytes`, with `nowMs` of those that can send so much now; be it of a quality that
   * data is kept from. The one it was lost on only when it is faster by far. When no other is left there is none: what the last
   * one loses it loses for getting too much.
   */
  #wayFor(lostOn: TunnelPath, bytes: number, nowMs?: number): TunnelPath | undefined {
    const { list } = this.#parts.paths
    if (!hasOther(list, lostOn, bytes)) return undefined
    let fastest: TunnelPath | undefined
    let fastestMs = Infinity
    for (const path of list) {
      const isOwn = path === lostOn
      if (!takes(path, bytes, nowMs) || (isOwn && queueOf(path) > OWN_PATH_MS)) continue
      const delayMs = minRttMs(path) / 2 + queueOf(path) + (isOwn ? OWN_PATH_MS : 0)
      if (delayMs >= fastestMs) continue
      fastest = path
      fastestMs = delayMs
    }
    return fastest
  }
}

/** Whether some path but `lostOn` answers and takes frames of `bytes`. */
function hasOther(paths: readonly TunnelPath[], lostOn: TunnelPath, bytes: number): boolean {
  for (const path of paths) if (path !== lostOn && takes(path, bytes)) return true
  return false
}

/** Whether `path` answers and takes frames of `bytes`; with `nowMs`, whether it can send so much now. */
function takes(path: TunnelPath, bytes: number, nowMs?: number): boolean {
  if (path.maxFrameBytes < bytes || !isAlive(path)) return false
  return nowMs === undefined || (!path.blocked && (path.sender?.budgetBytes(nowMs) ?? bytes) >= bytes)
}

/** What a frame waits for in queues of the network, ms. */
function queueOf({ sender }: TunnelPath): number {
  return sender?.controller.queueDelayMs ?? 0
}
