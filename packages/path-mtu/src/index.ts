/**
 * Finds the largest packet that a network path takes, in one direction, with probes alone: DPLPMTUD, RFC 8899. Routers
 * that drop large packets without a word, or whose word is dropped by others, are found out as well as honest ones.
 *
 * - **Search**: the largest size that can be first, since most lines take it; then those that lines usually have, halving
 *   them; then what lies between two of those, to less than 8 bytes.
 * - **Confirmation**: while packets are sent, the size in use is asked for every 5 s, and sooner when there is a doubt. When it
 *   passes no more, all is searched anew from the base up.
 * - **Raising**: after ten minutes larger sizes are tried again.
 *
 * What the system or a router says of a size is a reason to ask, never an answer. No I/O and no clock: time is an argument.
 *
 * ```ts
 * import { PathMtu } from '@mp/path-mtu'
 *
 * let nonce = 0
 * const path = new PathMtu({ nextNonce: () => nonce++, timeoutMs: () => 300 })
 * path.start(1500, 0)
 * path.mtuBytes // 1280: what every path takes, until more is known
 *
 * const probe = path.pollTransmit(0) // 1500 bytes: pad a packet to this size, do not let it be fragmented
 * path.handleReply(probe!.nonce, 25) // the peer received it
 * path.mtuBytes // 1500
 * path.pollEvent() // { type: 'found', mtuBytes: 1500, atMs: 25 }
 * ```
 *
 * @packageDocumentation
 */
export { PathMtu } from './path-mtu.ts'
export type { PathMtuEvent, PathMtuOptions, SizeProbe } from './options.ts'
