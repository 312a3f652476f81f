import { FqCodel } from '@mp/fq-codel'
import type { PacketBatch, PacketPool } from '@mp/interface'
import { markCongestion } from '@mp/wire'
import type { DropCounter } from '../drop-counter.ts'

export interface BulkQueueParts {
  readonly pool: PacketPool
  readonly drops: DropCounter
  readonly randomBytes: (into: Uint8Array) => void
}

/**
 * Waiting that is no fault of the flows, ms: while what a path carries is measured, less is sent for a moment than it
 * carries. Without this a flow alone loses up to 8 % on lines that change.
 */
const ALLOWANCE_MS = 20
/** Buckets of flows. As many as a household's busy flows hardly meet in, and few enough for thousands of sessions. */
const BUCKETS = 256

/**
 * Packets that are not urgent and have no path yet. Each flow has its turn, and one whose queue stands too long is told,
 * by a mark or a drop (FQ-CoDel). What finds nothing waiting is not put in here at all, so no memory is taken and nothing
 * is paid before a queue stands.
 */
export class BulkQueue {
  readonly #parts: BulkQueueParts
  /** Both are made with the first packet that waits. In `#head` is the one whose turn it is and that found no path yet. */
  #queue: FqCodel | undefined
  #head: PacketBatch | undefined
  #limitBytes: number

  constructor(parts: BulkQueueParts, limitBytes: number) {
    this.#parts = parts
    this.#limitBytes = limitBytes
  }

  /** Packets that wait. */
  get count(): number {
    return (this.#head?.count ?? 0) + (this.#queue?.packets ?? 0)
  }

  /** No more bytes than these may wait: the fattest flow loses what exceeds them. */
  setLimit(bytes: number): void {
    this.#limitBytes = bytes
    if (this.#queue !== undefined) this.#queue.limitBytes = bytes
  }

  /** Takes row `row` of `batch`; the row stays. What there is no room for is dropped, this packet or others. */
  push(batch: PacketBatch, row: number, nowMs: number): void {
    this.#head ??= this.#parts.pool.createBatch(1)
    this.#queue ??= this.#createQueue()
    this.#queue.enqueue(batch, row, nowMs)
  }

  /** A batch with the packet whose turn it is, the same until it is taken out. Undefined when none waits. */
  next(nowMs: number): PacketBatch | undefined {
    const head = this.#head
    if (head?.count === 0) this.#queue!.dequeue(head, 1, nowMs)
    return head?.count === 1 ? head : undefined
  }

  /** Drops all of it. */
  clear(): void {
    if (this.#head !== undefined) this.#parts.drops.dropAll(this.#head, 'closed')
    this.#queue?.clear()
  }

  #createQueue(): FqCodel {
    const { pool, drops, randomBytes } = this.#parts
    const salt = new Int32Array(1)
    randomBytes(new Uint8Array(salt.buffer))
    const queue = new FqCodel({
      buckets: BUCKETS,
      salt: salt[0]!,
      onDrop: (slot, reason) => drops.drop(slot, reason),
      mark: (offset) => markCongestion(pool.arena, offset),
    })
    queue.allowanceMs = ALLOWANCE_MS
    queue.limitBytes = this.#limitBytes
    return queue
  }
}
