/**
 * Registry of the network paths of one session: which there are, which of them may carry packets now, and who is told
 * when that changes.
 *
 * A path is any object with an `id`. It is appended, suspended and resumed as its link fails and recovers, and removed
 * for good. Whoever notices something (a prober, a link, the configuration) moves the path; whoever must act on it (the
 * scheduler, a log, the status output) subscribes.
 *
 * ```ts
 * import { connectScheduler, PathManager } from '@mp/path-manager'
 * import { CfsScheduler } from '@mp/scheduler-cfs'
 *
 * interface Line {
 *   readonly id: string
 *   readonly weight: number
 * }
 *
 * const paths = new PathManager<Line>({ maxPaths: 8 })
 * const scheduler = new CfsScheduler<Line>()
 * const disconnect = connectScheduler(paths, scheduler)
 * paths.subscribe((event) => {
 *   if (event.type === 'suspend') {
 *     // tell the user: event.path.id is out of use, event.reason says why
 *   }
 * })
 *
 * paths.append({ id: 'dsl', weight: 1 })
 * paths.append({ id: 'lte', weight: 2 }, { suspended: true, reason: 'not probed yet' })
 * scheduler.peek() // dsl
 *
 * paths.resume('lte', 'probes answered') // true: from here on it takes its share
 * paths.suspend('dsl', 'no reply for 300 ms')
 * paths.suspend('dsl') // false: refused, and counted in paths.stats().refused
 * disconnect()
 * ```
 *
 * {@link dialPersistently} keeps a link under a path, whatever its transport: it dials again when the link ends, with
 * the growing, jittered delays of {@link Backoff}. A {@link FallbackTransport} under it makes one transport of two.
 *
 * @packageDocumentation
 */
export { Backoff } from './backoff.ts'
export type { BackoffOptions } from './backoff.ts'
export { connectScheduler } from './connect-scheduler.ts'
export { FallbackTransport } from './fallback.ts'
export type { FallbackOptions } from './fallback.ts'
export type { PathEvent, PathListener, PathState } from './path-event.ts'
export { PathManager } from './path-manager.ts'
export type { AppendOptions, PathManagerOptions, PathManagerStats, PathRefusal } from './path-manager.ts'
export { dialPersistently } from './persistent.ts'
export type { PersistentDialOptions, PersistentLink } from './persistent.ts'
