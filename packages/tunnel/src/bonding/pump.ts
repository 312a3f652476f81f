import type { Fragmenter, PacketBatch, PacketPool, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import {
  CLASS_MASK,
  ECN_MASK,
  FLAG_FRAGMENT,
  FRAGMENT_HEADER_BYTES,
  HEADER_BYTES,
  MAX_FRAGMENTS,
  MAX_OVERHEAD_BYTES,
  TrafficClass,
} from '@mp/wire'
import type { DropCounter } from '../drop-counter.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { refreshGate } from '../path-gate.ts'
import type { TunnelPath } from '../path.ts'
import { FLAG_COPIED } from '../row-flags.ts'
import type { Scratch } from '../scratch.ts'
import { BulkQueue } from './bulk-queue.ts'
import { Copies } from './copies.ts'
import { PathChoice, endOfRun } from './path-choice.ts'
import { hasPlenty } from './path-sender.ts'
import type { PathSender } from './path-sender.ts'
import { RowQueue } from './row-queue.ts'
import { isOpen, leastBusy } from './usable-paths.ts'

export interface PumpParts {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly scheduler: Scheduler<TunnelPath>
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly writer: FrameWriter
  readonly drops: DropCounter
  readonly randomBytes: (into: Uint8Array) => void
  /** The sending side of a path, made when it is first needed. */
  readonly senderOf: (path: TunnelPath) => PathSender
}

/** Most urgent packets that wait for a path to be chosen. */
const MAX_QUEUED = 4096
/** What may wait there: as much as all paths carry in this time, but at least so much, bytes. */
const QUEUE_MS = 60
const MIN_QUEUE_BYTES = 192 * 1024
const MAX_QUEUE_BYTES = 8 * 1024 * 1024
/** All paths are looked at anew this often while packets wait, ms: finer than a timer of the system is. */
const TICK_MS = 1
/** Path ids on the wire have 8 bits. */
const PATH_IDS = 256

/**
 * Gives packets to paths no faster than the paths carry them. What has no path yet waits here, where urgent packets
 * overtake others and what is too much is dropped; what has one waits for its turn on the path. A packet gets its
 * number when it is bound to a path, and a counter of the path when it leaves.
 */
export class Pump {
  readonly #parts: PumpParts
  readonly #urgent = new RowQueue(MAX_QUEUED)
  readonly #bulk: BulkQueue
  readonly #one: PacketBatch
  readonly #pieces: PacketBatch
  readonly #choice: PathChoice
  /**
   * Time of the run. Undefined at first, so that it stays the object it came as: from a field of numbers alone each use as
   * an argument would make a new one.
   */
  #nowMs: number | undefined
  /** By path id, bytes that it may still send in this run; 0 between runs. */
  readonly #budgets = new Float64Array(PATH_IDS)
  /** Where the last packet went that came to the pump and got a path; undefined when that was none. */
  #bound: TunnelPath | undefined
  /** Made with the first packet that may take several paths. */
  #copies: Copies | undefined
  #limitBytes = MIN_QUEUE_BYTES
  #dueMs = Infinity

  constructor(parts: PumpParts) {
    this.#parts = parts
    this.#choice = new PathChoice(parts.scheduler, parts.paths)
    this.#bulk = new BulkQueue(parts, MIN_QUEUE_BYTES)
    this.#one = parts.pool.createBatch(1)
    this.#pieces = parts.scratch.pieces
  }

  /** Packets that have no path yet. */
  get waiting(): number {
    return this.#urgent.count + this.#bulk.count
  }

  /**
   * Takes inspected packets and empties the batch. What may leave now does, straight from its row to the batch of its
   * path; the rest waits.
   */
  send(batch: PacketBatch, nowMs: number): void {
    this.#begin(nowMs)
    this.#bindUrgent()
    for (let row = 0; row < batch.count; row++) if (isUrgent(batch.flags[row]!)) this.#takeUrgent(batch, row)
    this.#releaseAll()
    this.#bindBulk(nowMs)
    for (let row = 0; row < batch.count;)
      row = isUrgent(batch.flags[row]!) ? row + 1 : this.#takeBulk(batch, row, nowMs)
    batch.count = 0
    this.#end(nowMs)
  }

  /** What all paths carry has changed: as much may wait as leaves soon. */
  setCapacity(bps: number): void {
    const bytes = (bps / 8000) * QUEUE_MS
    this.#limitBytes = Math.min(MAX_QUEUE_BYTES, Math.max(MIN_QUEUE_BYTES, bytes))
    this.#bulk.setLimit(this.#limitBytes)
  }

  /**
   * A path does not carry anything for now: what waits for it takes others, with the numbers it has, and by them its place
   * among those that wait there. Whoever gets it waits for it: also where others are as full as they should be.
   */
  rebind(path: TunnelPath): void {
    const { drops, paths } = this.#parts
    const one = this.#one
    if (path.sender?.next === undefined) return path.sender?.handleRebound()
    const others = paths.list.filter((each) => each !== path)
    for (const { sender } of others) sender?.queue.beginMerge()
    while (path.sender.next?.shift(one) === 0) {
      // All of them as one flow: what it was split by is behind them.
      one.flow[0] = 0
      const other = this.#choice.pathFor(one, 0) ?? leastBusy(paths, one.length[0]! + MAX_OVERHEAD_BYTES)
      if (!isUrgent(one.flags[0]!)) other?.sender?.queue.makeWay(one.sequence[0]!)
      if (other === undefined || other === path || !this.#line(one, 0, other)) {
        drops.drop(one.slot[0]!, 'path-left')
      }
      one.count = 0
      this.wake()
    }
    for (const { sender } of others) sender?.queue.endMerge()
    path.sender.handleRebound()
  }

  /** A path takes packets again: what waits is looked at as soon as may be. */
  wake(): void {
    this.#dueMs = 0
  }

  /** Sends over `path`, the only one that is left, all that waits, whatever the path may carry: nothing is paced any more. */
  drain(path: TunnelPath, nowMs: number): void {
    this.#parts.writer.setTime(nowMs)
    this.#nowMs = this.#choice.request.nowMs = nowMs
    while (this.#urgent.shift(this.#one) === 0) this.#bindTo(path, this.#one)
    for (let next = this.#bulk.next(nowMs); next !== undefined; next = this.#bulk.next(nowMs))
      this.#bindTo(path, next)
    this.#budgets[path.id] = Infinity
    this.#release(path)
    this.#budgets[path.id] = 0
    if (path.waiting > 0) this.#flush(path)
    this.#dueMs = Infinity
  }

  pollTimeout(): number {
    return this.#dueMs
  }

  handleTimeout(nowMs: number): void {
    // Nothing new: the batch for one packet is empty between calls.
    if (nowMs >= this.#dueMs) this.send(this.#one, nowMs)
  }

  /** Drops what waits for a path. */
  close(): void {
    this.#dropAll(this.#urgent, 'closed')
    this.#bulk.clear()
  }

  /** Drops what waits for one path. */
  dropQueue(queue: RowQueue, reason: string): void {
    this.#dropAll(queue, reason)
  }

  #dropAll(queue: RowQueue, reason: string): void {
    while (queue.shift(this.#one) === 0) this.#parts.drops.dropAll(this.#one, reason)
  }

  #begin(nowMs: number): void {
    this.#nowMs = this.#choice.request.nowMs = nowMs
    this.#parts.writer.setTime(nowMs)
    for (const { id, sender } of this.#parts.paths.list) this.#budgets[id] = sender?.budgetBytes(nowMs) ?? 0
  }

  /** Sends what has a path, and says when there is more to do. */
  #end(nowMs: number): void {
    this.#releaseAll()
    this.#dueMs = this.waiting > 0 ? nowMs + TICK_MS : Infinity
    for (const path of this.#parts.paths.list) {
      this.#budgets[path.id] = 0
      if (path.prober.state === 'lost') path.prober.handleActivity(nowMs)
      if (path.waiting > 0) this.#flush(path)
      const { sender } = path
      if (sender?.next === undefined || !isOpen(path)) continue
      const dueMs = Math.max(nowMs + TICK_MS, sender.pacer.nextMs(sender.next.headLength + HEADER_BYTES))
      this.#dueMs = Math.min(this.#dueMs, dueMs)
    }
  }

  #takeUrgent(batch: PacketBatch, row: number): void {
    const queue = this.#urgent
    if (queue.count === 0 && this.#bind(batch, row)) return
    const isFull = queue.bytes + batch.length[row]! > this.#limitBytes
    if (isFull || !queue.push(batch, row)) this.#parts.drops.drop(batch.slot[row]!, 'queue-full')
  }

  /** What finds nobody waiting goes past the queue, and others with it. @returns the row after those taken. */
  #takeBulk(batch: PacketBatch, row: number, nowMs: number): number {
    this.#bound = undefined
    if (this.#bulk.count > 0 || !this.#bind(batch, row)) this.#bulk.push(batch, row, nowMs)
    return this.#bound === undefined ? row + 1 : this.#follow(batch, row, this.#bound)
  }

  /**
   * What comes behind the packet in row `first` and belongs to it takes `path`, too, all at once, as far as the scheduler
   * would say so for each. Only what may leave now: where something waits, each packet has its turn.
   */
  #follow(batch: PacketBatch, first: number, path: TunnelPath): number {
    const { scheduler, writer } = this.#parts
    const { sender } = path
    const from = first + 1
    if (sender === undefined || sender.next !== undefined || path.waiting === 0) return from
    const { out } = path
    const roomBytes = Math.min(scheduler.runBytes ?? 0, this.#budgets[path.id]!)
    const most = Math.min(batch.count, from + out.capacity - out.count)
    const to = endOfRun(batch, first, most, roomBytes)
    if (to === from) return from
    writer.numberRun(batch, from, to)
    sender.handleBound(writer.sequence)
    const row = out.count
    batch.copyRows(from, to, out)
    scheduler.charge(path, this.#leave(path, row))
    return to
  }

  #bindUrgent(): void {
    const queue = this.#urgent
    const one = this.#one
    while (queue.first(one) === 0) {
      const isBound = this.#bind(one, 0)
      one.count = 0
      if (!isBound) return
      queue.dropFirst()
    }
  }

  #bindBulk(nowMs: number): void {
    for (let next = this.#bulk.next(nowMs); next !== undefined; next = this.#bulk.next(nowMs)) {
      if (!this.#bind(next, 0)) return
      next.count = 0
    }
  }

  /** Gives a packet its path and number. False when all paths are full: it has to wait. */
  #bind(batch: PacketBatch, row: number): boolean {
    const { scheduler, writer, drops } = this.#parts
    const path = this.#choice.pathFor(batch, row)
    if (path === undefined) {
      if (scheduler.refusal === 'full') return false
      drops.drop(batch.slot[row]!, this.#choice.whyNone())
      return true
    }
    this.#bound = this.#ready(path)
    writer.number(batch, row)
    // A class that takes one path each pays for no more than this look.
    if (((scheduler.copiedClasses ?? 0) >> this.#choice.request.trafficClass) & 1) this.#copy(batch, row)
    if (!this.#line(batch, row, path)) drops.drop(batch.slot[row]!, 'queue-full')
    return true
  }

  /**
   * Sends copies of the packet just numbered over further paths, as many as the scheduler says; the first to arrive
   * counts. One that finds no room is let go without a count: the packet itself has its place.
   */
  #copy(batch: PacketBatch, row: number): void {
    const { scheduler, writer, pool } = this.#parts
    const { lengthBytes } = this.#choice.request
    // An urgent packet in pieces, which hardly is one, has no length for the budget.
    if (!hasPlenty(pool) || (lengthBytes === 0 && isUrgent(batch.flags[row]!))) return
    const { paths } = (this.#copies ??= new Copies(pool))
    const count = scheduler.copies(this.#choice.request, paths)
    if (count === 0) return
    writer.numberCopied(batch, row)
    batch.flags[row]! |= FLAG_COPIED
    for (let each = 0; each < count; each++) {
      const copy = this.#copies.of(batch, row)
      if (copy === undefined) return
      if (!this.#line(copy, 0, this.#ready(paths[each]!))) pool.release(copy.slot[0]!)
      copy.count = 0
    }
  }

  /** A path that was not used before has a budget from now on. */
  #ready(path: TunnelPath): TunnelPath {
    if (path.sender === undefined)
      this.#budgets[path.id] = this.#parts.senderOf(path).budgetBytes(this.#choice.request.nowMs)
    return path
  }

  /** Gives the packet in `one` to `path`, and empties the batch. */
  #bindTo(path: TunnelPath, one: PacketBatch): void {
    const { writer, drops } = this.#parts
    if (isOpen(path)) writer.number(one, 0)
    if (!isOpen(path)) drops.drop(one.slot[0]!, this.#choice.whyNone())
    else if (!this.#line(one, 0, path)) drops.drop(one.slot[0]!, 'queue-full')
    one.count = 0
  }

  /** Puts a numbered packet in line for a path, whole or in pieces. False when that cannot be; the slot is the caller's. */
  #line(batch: PacketBatch, row: number, path: TunnelPath): boolean {
    const { scheduler, writer, senderOf } = this.#parts
    const sender = senderOf(path)
    const isHurried = isUrgent(batch.flags[row]!)
    if (!isHurried) sender.handleBound(writer.wholeSequence(batch.sequence[row]!))
    const queue = isHurried ? sender.urgent : sender.queue
    const { maxFrameBytes } = path
    const lengthBytes = batch.length[row]!
    scheduler.charge(path, lengthBytes + HEADER_BYTES)
    const isWhole = lengthBytes + MAX_OVERHEAD_BYTES <= maxFrameBytes
    const isNext = queue.count === 0 && (queue === sender.urgent || sender.urgent.count === 0)
    if (isWhole && isNext && this.#mayLeave(path, lengthBytes)) {
      batch.copyRow(row, path.out)
      this.#leave(path, path.out.count - 1)
      return true
    }
    sender.handleQueued(this.#nowMs ?? 0)
    if (isWhole) return queue.push(batch, row)
    return this.#linePieces(batch, row, queue, maxFrameBytes - MAX_OVERHEAD_BYTES)
  }

  /** Whether a packet may leave over `path` now, for which there is room then. */
  #mayLeave(path: TunnelPath, lengthBytes: number): boolean {
    if (lengthBytes + HEADER_BYTES > this.#budgets[path.id]!) return false
    // A flush may change the batch of the path for another.
    if (path.waiting > 0 && path.out.count === path.out.capacity) this.#flush(path)
    return isOpen(path)
  }

  #linePieces(batch: PacketBatch, row: number, queue: RowQueue, pieceBytes: number): boolean {
    const { fragmenter, drops } = this.#parts
    const pieces = this.#pieces
    // A piece that has to leave its path for one of smaller frames: the other end joins no pieces of pieces.
    if ((batch.flags[row]! & FLAG_FRAGMENT) !== 0) return false
    if (batch.length[row]! > MAX_FRAGMENTS * (pieceBytes - FRAGMENT_HEADER_BYTES)) return false
    if (!fragmenter.split(batch, row, pieceBytes, pieces)) return false
    for (let piece = 0; piece < pieces.count; piece++) {
      pieces.flags[piece] = (pieces.flags[piece]! & ~ECN_MASK) | FLAG_FRAGMENT
      if (!queue.push(pieces, piece)) drops.drop(pieces.slot[piece]!, 'queue-full')
    }
    pieces.count = 0
    return true
  }

  #releaseAll(): void {
    for (const path of this.#parts.paths.list) if (path.sender?.next !== undefined) this.#release(path)
  }

  /** Hands a path what waits for it and may leave now. */
  #release(path: TunnelPath): void {
    for (let next = path.sender?.next; next !== undefined; next = path.sender?.next) {
      if (!this.#mayLeave(path, next.headLength)) return
      const row = path.out.count
      next.shiftRun(path.out, this.#budgets[path.id]!)
      this.#leave(path, row)
    }
  }

  /** Makes the rows of `path.out` from `from` on frames of the path. @returns their length together, bytes. */
  #leave(path: TunnelPath, from: number): number {
    const { writer } = this.#parts
    const { out, sender } = path
    for (let row = from; row < out.count; row++)
      if (!isUrgent(out.flags[row]!)) sender!.handleLeft(writer.wholeSequence(out.sequence[row]!))
    const bytes = writer.writeRun(out, from, path)
    this.#budgets[path.id]! -= bytes
    return bytes
  }

  #flush(path: TunnelPath): void {
    if (isOpen(path)) path.handleActivity(this.#choice.request.nowMs)
    path.flush()
    if (path.blocked) refreshGate(this.#parts.paths)
  }
}

function isUrgent(flags: number): boolean {
  return (flags & CLASS_MASK) === TrafficClass.critical
}
