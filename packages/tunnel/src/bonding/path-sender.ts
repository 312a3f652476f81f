import type { PacketBatch, PacketPool, SealRun } from '@mp/interface'
import { CapacityController, FlightTracker, Pacer } from '@mp/rate-control'
import type { FrameFate, SentFrames } from '@mp/rate-control'
import { FLAG_CONTROL, FLAG_COPIED, FLAG_UNANSWERED } from '../row-flags.ts'
import { RowQueue } from './row-queue.ts'

/** What is believed of a path at first, bit/s: flows begin slowly, so they hardly flood a line that carries less before it shows; with half of it they ended their slow start too soon. */
export const START_BPS = 32_000_000
/** Least patience with a path on top of an RTO, ms. */
const MIN_PATIENCE_MS = 80
/** Changes of capacity that are remembered for who begins to trace. */
const MAX_EVENTS = 16
/** Most packets that wait for one path. */
const MAX_QUEUED = 4096
/** What makes frames differ that are sent together. */
const NOTED_FLAGS = FLAG_CONTROL | FLAG_COPIED | FLAG_UNANSWERED

/** Frames are kept for a repair, and packets copied, while this share of the pool is free. */
const KEEP_FREE_RATIO = 0.25

export interface SenderParts {
  readonly pool: PacketPool
  /** What becomes of the frames whose slots are kept. */
  readonly fate: FrameFate
  /** Most that is sent, bit/s. */
  readonly maxBps: number
  /** The largest frame there may be, bytes: one that the pacer could never let go would hold up all after it. */
  readonly maxFrameBytes: number
}

/** The sending side of a path in use: what waits for it, what is under way, and how fast it may go. */
export class PathSender {
  /** Packets that are bound to the path and have their number, but no counter of the path yet. */
  readonly queue: RowQueue = new RowQueue(MAX_QUEUED)
  /** The same, of urgent packets: they leave first. */
  readonly urgent: RowQueue = new RowQueue(MAX_QUEUED)
  readonly tracker: FlightTracker
  readonly controller: CapacityController
  readonly pacer: Pacer
  /** The highest number of a packet that was bound to it, whether it left or waits; -1 before the first. */
  lastSequence = -1
  /** The highest of those that left. */
  #leftSequence = -1
  /** Nothing was heard of its frames for an RTO: it carries nothing until its probes are answered. */
  isSuspect = false
  /** When the last data frame left, ms. */
  #dataMs = 0
  readonly #pool: PacketPool
  readonly #sent: SentFrames = {
    counter: 0,
    frames: 0,
    from: 0,
    bytes: new Int32Array(0),
    slots: undefined,
    appLimited: false,
    isReport: false,
  }

  constructor({ pool, fate, maxBps, maxFrameBytes }: SenderParts) {
    this.#pool = pool
    this.tracker = new FlightTracker(fate)
    this.controller = new CapacityController({ startBps: START_BPS, maxBps, maxEvents: MAX_EVENTS })
    this.pacer = new Pacer(this.controller.capacityBps, { maxFrameBytes })
  }

  /** When to suspect the path, ms: its oldest frame is silent for two RTOs, since reports come in intervals of their own. */
  get suspectAtMs(): number {
    return this.tracker.suspectAtMs + Math.max(MIN_PATIENCE_MS, this.tracker.rtoMs)
  }

  /** Sends no more than `maxBps` from now on. */
  setMax(maxBps: number, nowMs: number): void {
    this.controller.setMax(maxBps)
    this.pacer.setRate(this.controller.capacityBps, nowMs)
  }

  /** Where the packet that leaves next is; undefined when none waits. */
  get next(): RowQueue | undefined {
    if (this.urgent.count > 0) return this.urgent
    return this.queue.count > 0 ? this.queue : undefined
  }

  /** Bytes that wait for the path. */
  get queuedBytes(): number {
    return this.queue.bytes + this.urgent.bytes
  }

  /**
   * What a frame that leaves now waits for in queues of the network, ms: what the last ones waited for, without what has
   * drained since. A path that is left for its queue would never be found to be empty again.
   */
  queueDelayMs(nowMs: number): number {
    return Math.max(0, this.controller.queueDelayMs - (nowMs - this.#dataMs))
  }

  /** Bytes that may leave now. */
  budgetBytes(nowMs: number): number {
    const inFlight = this.controller.inFlightLimitBytes - this.tracker.inFlightBytes
    return Math.min(this.pacer.budgetBytes(nowMs), inFlight)
  }

  /** The packet with the number `sequence` waits for the path now. */
  handleBound(sequence: number): void {
    if (sequence > this.lastSequence) this.lastSequence = sequence
  }

  /** The packet with the number `sequence` leaves. */
  handleLeft(sequence: number): void {
    if (sequence > this.#leftSequence) this.#leftSequence = sequence
  }

  /** What waited for the path was bound to others. */
  handleRebound(): void {
    this.lastSequence = this.#leftSequence
  }

  /** A packet has to wait: what left at `nowMs` was not all there was. */
  handleQueued(nowMs: number): void {
    this.tracker.handleQueued(nowMs)
  }

  /** The frames of `run`, not sealed yet, leave. Slots of data are kept for a repair while there are enough. */
  handleFrames(batch: PacketBatch, { from, to, firstCounter }: SealRun, nowMs: number): void {
    const sent = this.#sent
    const slots = hasPlenty(this.#pool) ? batch.slot : undefined
    let dataBytes = 0
    sent.bytes = batch.length
    sent.appLimited = this.next === undefined
    for (let row = from; row < to; row += sent.frames) {
      const flags = batch.flags[row]!
      sent.counter = firstCounter + (row - from)
      sent.from = row
      sent.frames = endOfAlike(batch.flags, row, to) - row
      sent.isReport = (flags & FLAG_UNANSWERED) !== 0
      // What takes several paths is not repaired: when one dies, repairs of all that the others brought would hold them up.
      sent.slots = (flags & (FLAG_CONTROL | FLAG_COPIED)) === 0 ? slots : undefined
      this.#keep(sent)
      const bytes = this.tracker.handleSent(sent, nowMs)
      if ((flags & FLAG_CONTROL) === 0) dataBytes += bytes
    }
    if (dataBytes === 0) return
    this.#dataMs = nowMs
    this.pacer.spend(dataBytes)
  }

  #keep({ slots, from, frames }: SentFrames): void {
    if (slots === undefined) return
    for (let row = from; row < from + frames; row++) this.#pool.retain(slots[row]!)
  }
}

/** The row before `to` where the frames end that are noted in the same way as the one in `row`. */
function endOfAlike(flags: Int32Array, row: number, to: number): number {
  let end = row + 1
  while (end < to && ((flags[end]! ^ flags[row]!) & NOTED_FLAGS) === 0) end++
  return end
}

/** Whether so many slots are free that some may be held for longer. */
export function hasPlenty(pool: PacketPool): boolean {
  return pool.capacity - pool.inUse > KEEP_FREE_RATIO * pool.capacity
}
