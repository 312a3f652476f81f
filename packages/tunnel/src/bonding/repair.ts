import type { PacketBatch, PacketPool } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import type { FrameFate } from '@mp/rate-control'
import type { TunnelPath } from '../path.ts'
import type { SealedPlaces } from './sealed-places.ts'

export interface RepairParts {
  readonly pool: PacketPool
  readonly places: SealedPlaces
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
/** How much longer than a round trip it may take until a repair is reported, ms. */
const REPAIR_PATIENCE_MS = 15

/**
 * Sends lost frames a second time, once, over the fastest of the other paths. It is the very frame that was lost, sealed
 * under the path and counter it had: so nothing is encrypted or copied again, and the peer takes whichever comes first.
 */
export class Repair {
  readonly #parts: RepairParts
  /** Slots of frames that are lost, held by us, and the path each was lost on. */
  readonly #lost: number[] = []
  readonly #lostOn: TunnelPath[] = []
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
      onLost: (_sequence, slot) => this.#lose(slot, path),
      // A path that is given up never answered for its frames.
      onDone: (slot) =>
        path.sender?.isSuspect === true ? this.#take(slot, path) : this.#parts.pool.release(slot),
    }
  }

  /** Sends what was found lost since the last call, within the budget. */
  flush(nowMs: number): void {
    if (this.#lost.length === 0) return
    this.#earn(nowMs)
    for (let index = 0; index < this.#lost.length; index++)
      this.#send(this.#lost[index]!, this.#lostOn[index]!)
    this.#lost.length = 0
    this.#lostOn.length = 0
  }

  stats(): RepairStats {
    return { lost: this.#lostFrames, repaired: this.#repairedFrames }
  }

  close(): void {
    for (const slot of this.#lost) this.#parts.pool.release(slot)
    this.#lost.length = 0
    this.#lostOn.length = 0
  }

  /** @returns when a report must know of the repair, ms. */
  #lose(slot: number, path: TunnelPath): number {
    const other = slot < 0 ? undefined : this.#fastestBut(path)
    if (other === undefined) {
      this.#lostFrames++
      return Infinity
    }
    this.#parts.pool.retain(slot)
    this.#take(slot, path)
    return this.#parts.nowMs() + (other.sender?.tracker.smoothedRttMs ?? 0) + REPAIR_PATIENCE_MS
  }

  #take(slot: number, path: TunnelPath): void {
    this.#lostFrames++
    this.#lost.push(slot)
    this.#lostOn.push(path)
  }

  #earn(nowMs: number): void {
    let bytesPerMs = 0
    for (const { sender } of this.#parts.paths.list)
      bytesPerMs += (sender?.controller.capacityBps ?? 0) / 8000
    const earned = (nowMs - this.#allowedMs) * bytesPerMs * BUDGET_RATIO
    this.#allowedBytes = Math.min(Math.max(BURST_BYTES, bytesPerMs * 50), this.#allowedBytes + earned)
    this.#allowedMs = nowMs
  }

  #send(slot: number, lostOn: TunnelPath): void {
    const { places, single, pool } = this.#parts
    places.recall(slot, single)
    const bytes = single.length[0]!
    const path = bytes === 0 || this.#allowedBytes < bytes ? undefined : this.#fastestBut(lostOn, bytes)
    if (path?.link?.send(single) === 1) {
      this.#allowedBytes -= bytes
      path.counters.txFrames++
      path.counters.txBytes += bytes
      path.sender?.pacer.spend(bytes)
      this.#repairedFrames++
    }
    pool.releaseAll(single)
  }

  /**
   * Never the path itself: there the frame would be one that was overtaken by all others, and the peer would learn that
   * this path needs more patience.
   */
  #fastestBut(lostOn: TunnelPath, bytes = 0): TunnelPath | undefined {
    const { paths } = this.#parts
    let fastest: TunnelPath | undefined
    let fastestMs = Infinity
    for (const path of paths.list) {
      if (path === lostOn || path.blocked || path.maxFrameBytes < bytes || paths.state(path.id) !== 'active')
        continue
      const delayMs = (path.sender?.tracker.rttMinMs ?? 0) / 2 + (path.sender?.controller.queueDelayMs ?? 0)
      if (delayMs >= fastestMs) continue
      fastest = path
      fastestMs = delayMs
    }
    return fastest
  }
}
