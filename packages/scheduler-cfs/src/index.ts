/**
 * Two schedulers that decide which of several network paths carries the next packet. Neither knows links, clocks or
 * I/O: ask with `peek`, send, then say with `charge` what was sent.
 *
 * ## By weight: `CfsScheduler`
 *
 * A Completely Fair Scheduler: each path gets its share of the bytes, whatever the packet sizes and whoever comes and
 * goes. It keeps one number per path, its *virtual bytes* (sent bytes ÷ weight), in a min-heap, and always serves the
 * smallest.
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
 * ## By what paths are like: `AdaptiveScheduler`
 *
 * Each packet goes where it is expected to arrive first. What paths can carry and how long they take is observed, and
 * nobody has to give rates; packets over unlike paths arrive nearly in order.
 *
 * ```ts
 * import { AdaptiveScheduler } from '@mp/scheduler-cfs'
 *
 * const dsl = { id: 'dsl', weight: 1 }
 * const fibre = { id: 'fibre', weight: 5 }
 * const line = { queueDelayMs: 0, lossRatio: 0, repairMs: 0, costMs: 0, role: 'primary' } as const
 * const limits = { queuedBytes: 0, maxPacketBytes: 1500, isExhausted: false }
 * const adaptive = new AdaptiveScheduler<typeof dsl>()
 * adaptive.add(dsl)
 * adaptive.add(fibre)
 * adaptive.observe(dsl, { ...line, ...limits, bytesPerSecond: 1_250_000, owdMinMs: 8 }, 0)
 * adaptive.observe(fibre, { ...line, ...limits, bytesPerSecond: 12_500_000, owdMinMs: 12 }, 0)
 *
 * const request = { lengthBytes: 1500, nowMs: 0, trafficClass: 0, flow: 1 } // one object for all packets
 * const path = adaptive.peek(request) // dsl, until 4 ms' worth of packets wait for it
 * if (path !== undefined) adaptive.charge(path, request.lengthBytes)
 * else adaptive.refusal // 'full': keep the packet and ask a little later
 * ```
 *
 * - **Roles.** Secondaries serve when every primary is full, backups when there is nothing else, and a path whose metered
 *   budget is used up does not serve.
 * - **Classes.** Critical packets do not wait behind others and may be copied to a second path. Each class has a mode:
 *   `aggregate`, `lowest-latency` or `redundant`.
 * - **Fairness.** `fairnessBytes` bounds how far a path may get ahead of its weight: 0 is CFS, `Infinity` no bound.
 * - **Runs.** On fast paths up to 63 KiB of a flow stay together for 1.5 ms, so that kernels can handle them as one.
 *
 * Both break ties by the order in which paths were added, so the same calls always give the same picks.
 *
 * @packageDocumentation
 */
export { AdaptiveScheduler } from './adaptive-scheduler.ts'
export type { AdaptivePathStats } from './adaptive-scheduler.ts'
export type { AdaptiveOptions } from './adaptive-options.ts'
export { CfsScheduler } from './cfs-scheduler.ts'
export type { CfsOptions, CfsPathStats } from './cfs-scheduler.ts'
