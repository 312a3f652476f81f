/**
 * Watches network paths: sends probes, measures and predicts the round-trip time, and tells good paths from bad and
 * dead ones. It does no I/O and looks at no clock: it is told the time and what arrived, and says what to send, so
 * it runs the same in production and in a simulation.
 *
 * A path is `initializing` until its first reply, then `normal`; `unstable` when it loses probes or a queue stands on
 * it, `lost` when nothing comes back. From everywhere it recovers by itself as soon as replies come. How long a
 * reply may take follows from the RTT that is predicted (Holt's double exponential smoothing) and from how well that
 * worked so far; how many misses make a path lost, from the loss it has anyway.
 *
 * ```ts
 * import { Prober } from '@mp/prober'
 *
 * let lastNonce = 0
 * const prober = new Prober({ nextNonce: () => ++lastNonce }) // random numbers in production
 * prober.start(0)
 *
 * // The peer echoes every probe after 20 ms, for one second.
 * for (let nowMs = 0; nowMs < 1000; nowMs = prober.pollTimeout()) {
 *   prober.handleTimeout(nowMs)
 *   const probe = prober.pollTransmit(nowMs)
 *   if (probe) prober.handleReply(probe.nonce, nowMs + 20)
 *   for (let event = prober.pollEvent(); event; event = prober.pollEvent()) {
 *     console.log(`${event.from} -> ${event.to}: ${event.reason}`) // initializing -> normal: first-reply
 *   }
 * }
 * console.log(prober.stats().smoothedRttMs) // 20
 * ```
 *
 * Thousands of probers share one timer in a {@link ProberManager}.
 *
 * @packageDocumentation
 */
export type { RttEstimator } from './estimator.ts'
export { HoltSmoothing } from './holt.ts'
export type { HoltOptions } from './holt.ts'
export type { ProberOptions } from './options.ts'
export { Prober } from './prober.ts'
export { ProberManager } from './prober-manager.ts'
export type { ProbeMachine, ProberManagerOptions } from './prober-manager.ts'
export { Rfc6298 } from './rfc6298.ts'
export { PROBER_STATE_VALUES } from './state.ts'
export type { ProberState, StateReason } from './state.ts'
export type { Probe, ProberEvent, ProberStats, ReplyVerdict } from './types.ts'
