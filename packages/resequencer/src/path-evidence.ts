import type { PathOrder } from './stats.ts'

const PATHS = 256
/** A pause of the whole session counts as this much of its time at most, ms. */
const MAX_PAUSE_MS = 20
/** A path that brings nothing for so long, while others do, is not waited for, ms. */
const SILENT_MS = 320
/** How long an inversion is remembered, ms. */
const GUARD_MEMORY_MS = 10_000
/** A repair that came too late looks like an inversion; it must not make everything wait for as long, ms. */
const MAX_GUARD_MS = 40

/**
 * What the paths can still deliver. On each of them numbers only rise, so once a number was seen, those below it will
 * not come there any more; nor will those that the peer's snapshot says it did not give to the path.
 *
 * Only paths that were heard of late count. Their time is that of the session: it stands still while nothing arrives, so
 * after a pause the slow paths are still waited for.
 */
export class PathEvidence {
  /** Per path the highest number seen, -1 for none. */
  readonly #highest = new Float64Array(PATHS)
  /** Per path when it was last heard, by `#busyMs`. */
  readonly #heardMs = new Float64Array(PATHS)
  /** The newest snapshot of each path: the last number it was given, of all numbers up to the second. */
  readonly #lastSent = new Float64Array(PATHS)
  readonly #sessionSent = new Float64Array(PATHS)
  readonly #guardMs = new Float64Array(PATHS)
  readonly #guardFromMs = new Float64Array(PATHS)
  readonly #inversions = new Float64Array(PATHS)
  readonly #known = new Uint8Array(PATHS)
  /** The paths that are waited for, `#active` of them, and 1 for each path that is among them. */
  readonly #list = new Uint8Array(PATHS)
  readonly #listed = new Uint8Array(PATHS)
  #active = 0
  /** Time in which packets arrived, ms. */
  #busyMs = 0
  #lastBusyMs = -Infinity

  constructor() {
    this.clear()
  }

  /** Packets arrive now. */
  tick(nowMs: number): void {
    this.#busyMs += Math.max(0, Math.min(nowMs - this.#lastBusyMs, MAX_PAUSE_MS))
    this.#lastBusyMs = nowMs
  }

  /**
   * `sequence` came on a path.
   * @returns true for an inversion: a higher one came there before.
   */
  heard(pathId: number, sequence: number): boolean {
    this.#heardMs[pathId] = this.#busyMs
    if (this.#listed[pathId] === 0) this.#enlist(pathId)
    const highest = this.#highest[pathId]!
    if (sequence > highest) {
      this.#highest[pathId] = sequence
      return false
    }
    if (sequence === highest) return false
    this.#inversions[pathId]!++
    return true
  }

  /** No number above `sequence`, which came there, was seen on the path. */
  isHighest(pathId: number, sequence: number): boolean {
    return this.#highest[pathId] === sequence
  }

  /** The path may bring packets from now on. */
  add(pathId: number): void {
    this.#heardMs[pathId] = this.#busyMs
    if (this.#listed[pathId] === 0) this.#enlist(pathId)
  }

  remove(pathId: number): void {
    if (this.#listed[pathId] === 1) this.#unlist(this.#list.indexOf(pathId))
    this.#forget(pathId)
  }

  /** Snapshots may overtake each other: an older one changes nothing. */
  setSnapshot(pathId: number, lastSequenceSent: number, sessionSequence: number): void {
    if (!(sessionSequence > this.#sessionSent[pathId]!)) return
    this.#lastSent[pathId] = lastSequenceSent
    this.#sessionSent[pathId] = sessionSequence
  }

  /** Numbers from `base` to below this come on no path any more, if they are FIFO. Infinity when there is no path. */
  hopelessBelow(base: number): number {
    let below = Infinity
    for (let i = this.#active - 1; i >= 0; i--) {
      const pathId = this.#list[i]!
      if (this.#busyMs - this.#heardMs[pathId]! > SILENT_MS) this.#unlist(i)
      else below = Math.min(below, this.#passed(pathId, base))
    }
    return below
  }

  /** Waits no longer for paths that had not passed `base` in time, until they are heard again. */
  giveUpOn(base: number): void {
    for (let i = this.#active - 1; i >= 0; i--) {
      if (this.#passed(this.#list[i]!, base) <= base) this.#unlist(i)
    }
  }

  /** A packet came so long after its path and all others had passed its number. */
  learnGuard(pathId: number, lateMs: number, nowMs: number): void {
    const guardMs = Math.min(lateMs, MAX_GUARD_MS)
    if (guardMs < this.#guardOf(pathId, nowMs)) return
    this.#guardMs[pathId] = guardMs
    this.#guardFromMs[pathId] = nowMs
  }

  /** The longest such time of all paths that are waited for, ms. */
  guardMs(nowMs: number): number {
    let guardMs = 0
    for (let i = 0; i < this.#active; i++) guardMs = Math.max(guardMs, this.#guardOf(this.#list[i]!, nowMs))
    return guardMs
  }

  clear(): void {
    this.#active = 0
    this.#listed.fill(0)
    for (let pathId = 0; pathId < PATHS; pathId++) this.#forget(pathId)
  }

  orders(nowMs: number): PathOrder[] {
    const orders: PathOrder[] = []
    for (let pathId = 0; pathId < PATHS; pathId++) {
      if (this.#known[pathId] === 0) continue
      orders.push({
        pathId,
        inversions: this.#inversions[pathId]!,
        guardMs: this.#guardOf(pathId, nowMs),
      })
    }
    return orders
  }

  #passed(pathId: number, base: number): number {
    const highest = this.#highest[pathId]!
    const lastSent = this.#lastSent[pathId]!
    // All it was given up to the snapshot came, or is of no interest any more.
    const isThrough = highest >= lastSent || lastSent < base
    return isThrough ? Math.max(highest, this.#sessionSent[pathId]! + 1) : highest
  }

  #guardOf(pathId: number, nowMs: number): number {
    return nowMs - this.#guardFromMs[pathId]! > GUARD_MEMORY_MS ? 0 : this.#guardMs[pathId]!
  }

  #enlist(pathId: number): void {
    this.#known[pathId] = 1
    this.#listed[pathId] = 1
    this.#list[this.#active++] = pathId
  }

  #unlist(index: number): void {
    this.#listed[this.#list[index]!] = 0
    this.#list[index] = this.#list[--this.#active]!
  }

  #forget(pathId: number): void {
    this.#known[pathId] = 0
    this.#highest[pathId] = -1
    this.#lastSent[pathId] = -1
    this.#sessionSent[pathId] = -1
    this.#guardMs[pathId] = 0
    this.#guardFromMs[pathId] = -Infinity
    this.#inversions[pathId] = 0
  }
}
