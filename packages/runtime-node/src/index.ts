/**
 * The real world for packages that must not know it: clock, timers and randomness of Node.js behind the `Runtime`
 * contract of `@mp/interface`. Simulations pass `simRuntime()` of `@mp/testkit` instead.
 *
 * ```ts
 * import { systemRuntime } from '@mp/runtime-node'
 *
 * const runtime = systemRuntime()
 * const timer = runtime.setTimer(runtime.nowMs() + 250, () => {})
 * timer.cancel()
 * ```
 *
 * @packageDocumentation
 */
export { errnoCode, explainFault, formatEndpoint, parseEndpoint } from './endpoint.ts'
export type { Endpoint, EndpointFault } from './endpoint.ts'
export { systemRuntime } from './system-runtime.ts'
