/**
 * Restores the order of packets that came over several paths.
 *
 * Paths differ in delay, so what is shared among them arrives in disorder, which TCP takes for loss. Packets carry a
 * sequence number over all paths, and how many numbers back the packet before in the same flow is. A packet that
 * arrives too early is held until that one has left; so a loss delays its own flow and no other.
 *
 * What is lost must not be waited for. Numbers only rise on each path: when all active paths have passed a missing number,
 * it is hopeless, and skipped. A timer is there for the rest. Whoever receives reports of the peer about what
 * it sent where passes them on, so that paths without traffic delay nothing either.
 *
 * A packet that comes after it was skipped is passed on all the same (late is better than lost, for TCP too), one that
 * comes twice is dropped, and all that is held is bounded. No I/O and no clock: times are arguments.
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 * import { Resequencer } from '@mp/resequencer'
 *
 * const pool = new Mempool()
 * const resequencer = new Resequencer({
 *   pool,
 *   onPackets: (batch) => {
 *     console.log([...batch.flags.subarray(0, batch.count)])
 *     pool.releaseAll(batch)
 *   },
 * })
 * for (const pathId of [0, 1]) resequencer.addPath(pathId)
 *
 * const arrivals = { sequences: new Float64Array(64), flowDistances: new Uint16Array(64), nowMs: 0 }
 * const batch = pool.createBatch(64)
 * function arrive(sequence: number, pathId: number, nowMs: number): void {
 *   const slot = pool.acquire()
 *   const row = batch.push(slot, pool.offsetOf(slot), 100)
 *   batch.path[row] = pathId
 *   batch.flags[row] = sequence // only to see it again
 *   arrivals.sequences[row] = sequence
 *   arrivals.flowDistances[row] = 2 // two flows that take turns
 *   arrivals.nowMs = nowMs
 *   resequencer.handlePackets(batch, arrivals)
 * }
 *
 * arrive(0, 0, 1) // [0]
 * arrive(2, 0, 2) // [2]: it follows 0; that 1 is missing is of no concern to it
 * arrive(3, 0, 3) // held: it follows 1
 * arrive(1, 1, 9) // [1, 3]
 *
 * arrive(5, 0, 10) // [5]
 * arrive(6, 0, 11) // held: it follows 4, which path 1 could still bring
 * arrive(7, 1, 12) // [7]: and now no path can
 * resequencer.handleTimeout(resequencer.pollTimeout()) // [6], 3 ms later
 * console.log(resequencer.stats().skipped.hopeless) // 1
 * resequencer.close()
 * ```
 *
 * @packageDocumentation
 */
export type { ResequencerOptions } from './options.ts'
export { Resequencer } from './resequencer.ts'
export type { Arrivals } from './arrivals.ts'
export type { PathOrder, ResequencerStats, SkippedNumbers } from './stats.ts'
