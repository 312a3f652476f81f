import type { Fragmenter, PacketBatch, PacketPool, PickRequest, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import {
  CLASS_MASK,
  FLAG_FRAGMENT,
  FRAGMENT_HEADER_BYTES,
  HEADER_BYTES,
  MAX_FRAGMENTS,
  MAX_OVERHEAD_BYTES,
  TAG_BYTES,
  TrafficClass,
} from '@mp/wire'
import type { DropCounter } from '../drop-counter.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { refreshGate } from '../path-gate.ts'
import type { TunnelPath } from '../path.ts'
import type { Scratch } from '../scratch.ts'
import type { PathSender } from './path-sender.ts'
import { RowQueue } from './row-queue.ts'

export interface PumpParts {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly scheduler: Scheduler<TunnelPath>
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly writer: FrameWriter
  readonly drops: DropCounter
  /** The sending side of a path, made when it is first needed. */
  readonly senderOf: (path: TunnelPath) => PathSender
}

/** Most packets that wait for a path to be chosen, of each class. */
const MAX_QUEUED = 4096
/** What may wait there: as much as all paths carry in this time, but at least so much, bytes. */
const QUEUE_MS = 60
const MIN_QUEUE_BYTES = 192 * 1024
const MAX_QUEUE_BYTES = 8 * 1024 * 1024
/** All paths are looked at anew this often while packets wait, ms: finer than a timer of the system is. */
const TICK_MS = 1
/** Packets are kept for a repair while this share of the pool is free. */
const KEEP_FREE_RATIO = 0.25

/**
 * Gives packets to paths no faster than the paths carry them. What has no path yet waits here, where urgent packets
 * overtake others and what is too much is dropped; what has one waits for its turn on the path. A packet gets its
 * number when it is bound to a path, and a counter of the path when it leaves.
 */
export class Pump {
  readonly #parts: PumpParts
  readonly #urgent = new RowQueue(MAX_QUEUED)
  readonly #bulk = new RowQueue(MAX_QUEUED)
  readonly #one: PacketBatch
  readonly #pieces: PacketBatch
  readonly #request: PickRequest = { lengthBytes: 0, nowMs: 0, trafficClass: 0, flow: 0 }
  #limitBytes = MIN_QUEUE_BYTES
  #dueMs = Infinity

  constructor(parts: PumpParts) {
    this.#parts = parts
    this.#one = parts.pool.createBatch(1)
    this.#pieces = parts.scratch.pieces
  }

  /** Packets that have no path yet. */
  get waiting(): number {
    return this.#urgent.count + this.#bulk.count
  }

  /** Takes an inspected packet; its slot is used up. */
  enqueue(batch: PacketBatch, row: number): void {
    const queue = isUrgent(batch.flags[row]!) ? this.#urgent : this.#bulk
    const isFull = queue.bytes + batch.length[row]! > this.#limitBytes
    if (isFull || !queue.push(batch, row)) this.#parts.drops.drop(batch.slot[row]!, 'queue-full')
  }

  /** Binds what paths have room for, and sends what may leave now. */
  run(nowMs: number): void {
    this.#request.nowMs = nowMs
    this.#parts.writer.setTime(nowMs)
    this.#bindAll(this.#urgent)
    this.#bindAll(this.#bulk)
    this.#dueMs = this.waiting > 0 ? nowMs + TICK_MS : Infinity
    const keeps = this.#keepsFrames()
    for (const path of this.#parts.paths.list) this.#release(path, nowMs, keeps)
  }

  /** What all paths carry has changed: as much may wait as leaves soon. */
  setCapacity(bps: number): void {
    const bytes = (bps / 8000) * QUEUE_MS
    this.#limitBytes = Math.min(MAX_QUEUE_BYTES, Math.max(MIN_QUEUE_BYTES, bytes))
  }

  /** A path does not carry anything for now: what waits for it takes others, with the numbers it has. */
  rebind(path: TunnelPath): void {
    const one = this.#one
    while (path.sender?.next?.shift(one) === 0) {
      this.#ask(one.length[0]!, one.flags[0]!, 0)
      const other = this.#choose()
      if (other === undefined || other === path || !this.#bind(one, other)) {
        this.#parts.drops.drop(one.slot[0]!, 'path-left')
      }
      one.count = 0
      this.wake()
    }
  }

  /** A path takes packets again: what waits is looked at as soon as may be. */
  wake(): void {
    this.#dueMs = 0
  }

  /** Sends over `path`, the only one that is left, all that waits, whatever the path may carry: nothing is paced any more. */
  drain(path: TunnelPath, nowMs: number): void {
    this.#parts.writer.setTime(nowMs)
    for (const queue of [this.#urgent, this.#bulk]) this.#bindAllTo(path, queue)
    for (let next = path.sender?.next; next !== undefined && isOpen(path); next = path.sender?.next) {
      const row = next.shift(path.out)
      if (row < 0) this.#flush(path)
      else this.#leave(path, row, nowMs, false)
    }
    if (path.waiting > 0) this.#flush(path)
    this.#dueMs = Infinity
  }

  pollTimeout(): number {
    return this.#dueMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs >= this.#dueMs) this.run(nowMs)
  }

  /** Drops what waits for a path. */
  close(): void {
    for (const queue of [this.#urgent, this.#bulk]) this.#dropAll(queue, 'closed')
  }

  /** Drops what waits for one path. */
  dropQueue(queue: RowQueue, reason: string): void {
    this.#dropAll(queue, reason)
  }

  #dropAll(queue: RowQueue, reason: string): void {
    while (queue.shift(this.#one) === 0) this.#parts.drops.dropAll(this.#one, reason)
  }

  #ask(lengthBytes: number, flags: number, flow: number): void {
    const request = this.#request
    request.lengthBytes = lengthBytes + HEADER_BYTES
    request.trafficClass = flags & CLASS_MASK
    request.flow = flow
  }

  /** A path that takes the packet asked for whole. When those have no room, or there is none, one that takes it in pieces. */
  #choose(): TunnelPath | undefined {
    const { scheduler, paths } = this.#parts
    const request = this.#request
    const path = scheduler.peek(request)
    if (path !== undefined || scheduler.refusal === 'no-path') return path
    const frameBytes = request.lengthBytes + TAG_BYTES
    if (!paths.list.some(({ maxFrameBytes }) => frameBytes > maxFrameBytes)) return undefined
    request.lengthBytes = 0
    return scheduler.peek(request)
  }

  #bindAll(queue: RowQueue): void {
    const { scheduler, writer, drops } = this.#parts
    const one = this.#one
    while (queue.count > 0) {
      this.#ask(queue.headLength, queue.headFlags, queue.headFlow)
      const path = this.#choose()
      if (path === undefined && scheduler.refusal === 'full') return
      queue.shift(one)
      if (path === undefined) {
        drops.drop(one.slot[0]!, this.#whyNoPath())
      } else {
        writer.number(one, 0)
        if (!this.#bind(one, path)) drops.drop(one.slot[0]!, 'queue-full')
      }
      one.count = 0
    }
  }

  #bindAllTo(path: TunnelPath, queue: RowQueue): void {
    const { writer, drops } = this.#parts
    const one = this.#one
    while (queue.shift(one) === 0) {
      if (!isOpen(path)) {
        drops.drop(one.slot[0]!, this.#whyNoPath())
      } else {
        writer.number(one, 0)
        if (!this.#bind(one, path)) drops.drop(one.slot[0]!, 'queue-full')
      }
      one.count = 0
    }
  }

  /** Puts a numbered packet in line for a path, whole or in pieces. False when that cannot be; the slot is the caller's. */
  #bind(one: PacketBatch, path: TunnelPath): boolean {
    const { scheduler, senderOf } = this.#parts
    const sender = senderOf(path)
    const queue = isUrgent(one.flags[0]!) ? sender.urgent : sender.queue
    const { maxFrameBytes } = path
    scheduler.charge(path, one.length[0]! + HEADER_BYTES)
    if (one.length[0]! + MAX_OVERHEAD_BYTES <= maxFrameBytes) return queue.push(one, 0)
    return this.#bindPieces(one, queue, maxFrameBytes - MAX_OVERHEAD_BYTES)
  }

  #bindPieces(one: PacketBatch, queue: RowQueue, pieceBytes: number): boolean {
    const { fragmenter, drops } = this.#parts
    const pieces = this.#pieces
    // A piece that has to leave its path for one of smaller frames: the other end joins no pieces of pieces.
    if ((one.flags[0]! & FLAG_FRAGMENT) !== 0) return false
    if (one.length[0]! > MAX_FRAGMENTS * (pieceBytes - FRAGMENT_HEADER_BYTES)) return false
    if (!fragmenter.split(one, 0, pieceBytes, pieces)) return false
    for (let piece = 0; piece < pieces.count; piece++) {
      pieces.flags[piece]! |= FLAG_FRAGMENT
      if (!queue.push(pieces, piece)) drops.drop(pieces.slot[piece]!, 'queue-full')
    }
    pieces.count = 0
    return true
  }

  /** Hands a path what it may send now, and says when it may send more. */
  #release(path: TunnelPath, nowMs: number, keeps: boolean): void {
    const { sender } = path
    if (sender?.next === undefined || !isOpen(path)) return
    path.handleActivity(nowMs)
    let budget = sender.budgetBytes(nowMs)
    for (let next = sender.next; next !== undefined && isOpen(path); next = sender.next) {
      if (next.headLength + HEADER_BYTES > budget) break
      // A flush may have changed the batch of the path for another.
      const { out } = path
      const row = next.shift(out)
      if (row < 0) {
        this.#flush(path)
        continue
      }
      budget -= out.length[row]! + HEADER_BYTES
      this.#leave(path, row, nowMs, keeps)
    }
    if (path.waiting > 0) this.#flush(path)
    if (sender.next === undefined || !isOpen(path)) return
    const dueMs = Math.max(nowMs + TICK_MS, sender.pacer.nextMs(sender.next.headLength + HEADER_BYTES))
    this.#dueMs = Math.min(this.#dueMs, dueMs)
  }

  /** Makes row `row` of `path.out` a frame of the path. */
  #leave(path: TunnelPath, row: number, nowMs: number, keeps: boolean): void {
    const sender = path.sender!
    const { out } = path
    const { frame } = sender
    frame.counter = path.txCounter
    frame.sequence = isUrgent(out.flags[row]!) ? -1 : this.#parts.writer.wholeSequence(out.sequence[row]!)
    this.#parts.writer.writeData(out, row, path)
    frame.bytes = out.length[row]!
    frame.slot = keeps ? out.slot[row]! : -1
    if (keeps) this.#parts.pool.retain(frame.slot)
    sender.handleData(nowMs)
  }

  #flush(path: TunnelPath): void {
    path.flush()
    if (path.blocked) refreshGate(this.#parts.paths)
  }

  #keepsFrames(): boolean {
    const { pool } = this.#parts
    return pool.capacity - pool.inUse > KEEP_FREE_RATIO * pool.capacity
  }

  #whyNoPath(): string {
    return this.#parts.paths.list.some((path) => path.blocked) ? 'link-full' : 'no-path'
  }
}

function isUrgent(flags: number): boolean {
  return (flags & CLASS_MASK) === TrafficClass.critical
}

/** Its link takes frames, as far as is known. */
function isOpen({ link, blocked }: TunnelPath): boolean {
  return link !== undefined && !blocked
}
