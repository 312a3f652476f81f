/**
 * A queue for packets in front of lines that are slower than what comes in: flows share the line equally, whoever sends
 * how much, and a flow that listens (TCP does) keeps its own queue short. FQ-CoDel, RFC 8290 and RFC 8289, over the
 * packet descriptors of `@mp/interface`.
 *
 * - **Flows** are sorted into buckets by the hash in the column `flow`; buckets take turns, and one that has been silent goes
 *   first once, so that a request is not behind a download.
 * - **CoDel** in each bucket drops, or marks where the sender understands it, when packets wait too long for too long.
 *   Waiting up to `allowanceMs` does not count: several paths of unlike delay need it to be used together.
 * - **Critical** packets (bits of the column `flags`) go ahead of all, up to eight ninths of what leaves.
 * - **Bounds** on packets and bytes: beyond them the oldest packets of the fattest bucket go.
 *
 * No I/O and no clock: time is an argument.
 *
 * ```ts
 * import { FqCodel } from '@mp/fq-codel'
 * import { Mempool } from '@mp/mempool'
 *
 * const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 64 }] })
 * const queue = new FqCodel({ onDrop: (slot) => pool.release(slot) })
 *
 * const batch = pool.createBatch(1)
 * const slot = pool.acquire()
 * batch.push(slot, pool.offsetOf(slot), 1500)
 * queue.enqueue(batch, 0, 0) // at 0 ms
 *
 * const out = pool.createBatch(16)
 * queue.dequeue(out, 10_000, 1) // what may leave at 1 ms
 * out.count // 1
 * pool.releaseAll(out)
 * ```
 *
 * @packageDocumentation
 */
export { FqCodel } from './fq-codel.ts'
export type { FqCodelStats } from './fq-codel.ts'
export type { DropReason, FqCodelOptions } from './options.ts'
