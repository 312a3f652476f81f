/**
 * Completely Fair Scheduler for network paths: decides which of several paths carries the next packet, so that each
 * gets its share of the bytes, whatever the packet sizes and whoever comes and goes.
 *
 * It keeps one number per path, its *virtual bytes* (sent bytes ÷ weight), in a min-heap, and always serves the
 * smallest. It knows nothing of links, time or I/O: ask with `peek`, send, then say with `charge` what was sent.
 *
 * ```ts
 * import { CfsScheduler } from '@mp/scheduler-cfs'
 *
 * const dsl = { id: 'dsl', weight: 1 }
 * const fibre = { id: 'fibre', weight: 5 }
 * const scheduler = new CfsScheduler<typeof dsl>()
 * scheduler.add(dsl)
 * scheduler.add(fibre)
 *
 * for (let sent = 0; sent < 600; sent++) {
 *   const path = scheduler.peek()
 *   if (path !== undefined) scheduler.charge(path, 1500)
 * }
 * scheduler.snapshot() // dsl sent 150 000 bytes, fibre 750 000
 *
 * scheduler.suspend(fibre) // lost its link: dsl carries all
 * scheduler.resume(fibre) // shares as before from here on, without a burst to catch up
 * scheduler.setWeight(dsl, 2) // acts from the next packet on
 * ```
 *
 * Paths of the same standing are picked in the order they were added, so the same calls always give the same picks.
 *
 * @packageDocumentation
 */
export { CfsScheduler } from './cfs-scheduler.ts'
export type { CfsOptions, CfsPathStats } from './cfs-scheduler.ts'
