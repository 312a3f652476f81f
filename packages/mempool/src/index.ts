/**
 * Packet memory: one arena cut into slots, and batches of packet descriptors over it.
 *
 * A program that moves packets must not allocate per packet. Here all packets live in one `Uint8Array` made at
 * start; a packet is a slot number with an offset and a length, and many of them travel together in a
 * {@link Batch} of plain 32-bit columns that native code can read too. Every slot keeps room in front of the packet
 * for headers and behind it for an authentication tag, so that neither ever makes a copy necessary.
 *
 * The pool is bounded: when no slot is left, `acquire` says -1 and the caller drops the packet and counts it.
 * Releasing a slot twice throws at once, before anything changes.
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 *
 * const pool = new Mempool({
 *   classes: [
 *     { packetBytes: 1920, slots: 4096 },
 *     { packetBytes: 65_536, slots: 64 },
 *   ],
 * })
 * const batch = pool.createBatch(64)
 *
 * const slot = pool.acquire()
 * if (slot >= 0) {
 *   const offset = pool.offsetOf(slot)
 *   pool.arena.set([1, 2, 3], offset)
 *   batch.push(slot, offset, 3)
 * }
 * // A header in front of the packet costs no copy: the headroom is there for it.
 * batch.offset[0]! -= 16
 * batch.length[0]! += 16
 *
 * pool.releaseAll(batch)
 * console.log(pool.inUse) // 0
 * ```
 *
 * @packageDocumentation
 */
export { Batch } from './batch.ts'
export { Mempool } from './pool.ts'
export type { ClassStats, MempoolStats } from './pool.ts'
export type { MempoolOptions, SizeClass } from './options.ts'
