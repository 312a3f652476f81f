/**
 * The real world for packages that must not know it: clock, timers and randomness of Node.js behind the `Runtime`
 * contract of `@mp/interface`, and the cryptography of node:crypto behind the `Crypto` and `BatchAead` contracts. Simulations pass
 * `simRuntime()` of `@mp/testkit` instead of the former.
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
export { checkOpenRun, checkSealRun, copyAeadKey, wipedKeyError } from './aead-run.ts'
export { EndpointError, errnoCode, explainFault, formatEndpoint, parseEndpoint } from './endpoint.ts'
export type { Endpoint, EndpointFault } from './endpoint.ts'
export { nodeCrypto } from './node-crypto.ts'
export { pollingWatch } from './polling-watch.ts'
export type { PollingWatchOptions } from './polling-watch.ts'
export { nodeAead, portableAead, sodiumAead } from './portable-aead.ts'
export type { AeadOptions } from './portable-aead.ts'
export { resolveAddresses } from './resolve.ts'
export type { ResolveHost, ResolveOptions } from './resolve.ts'
export { systemRuntime } from './system-runtime.ts'
