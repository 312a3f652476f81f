/**
 * Carries UDP flows of other programs through a tunnel, without a TUN device and without root: WireGuard, Tailscale or
 * a game sends its datagrams to a port of this machine, and they come out at the other end of the tunnel, bonded over
 * all lines, and go on to where that program would have sent them.
 *
 * To the tunnel each end is a `TunDevice`: datagrams travel as IPv4 packets between the tunnel's own addresses, so that
 * scheduling, order, repair and the rules who may send what apply to them as to all others.
 *
 * - {@link relayEntry} is the end that programs talk to. Every local address that sends to it is a flow.
 * - {@link relayExit} is the other end: each flow has a socket there that is connected to one fixed target.
 *
 * A packet is 28 bytes larger inside the tunnel than its datagram. What then does not fit a line is cut in pieces by the
 * tunnel; a program that can send smaller ones should (for WireGuard over lines of 1500 bytes: `MTU = 1340`).
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 * import { relayEntry } from '@mp/relay'
 * import { udpSocket } from '@mp/udpmux'
 *
 * const entry = await relayEntry({
 *   pool: new Mempool(),
 *   openSocket: udpSocket,
 *   listen: '127.0.0.1:0',
 *   localAddress: '10.99.0.2',
 *   remoteAddress: '10.99.0.1',
 * })
 * console.log('send datagrams to', entry.localAddress)
 * // new TunnelClient({ tun: entry, … }) takes it from here
 * await entry.close()
 * ```
 *
 * @packageDocumentation
 */
export { relayEntry } from './entry.ts'
export type { RelayEntry, RelayEntryOptions } from './entry.ts'
export { relayExit } from './exit.ts'
export type { RelayExit, RelayExitOptions } from './exit.ts'
export type { RelayOptions } from './relay-device.ts'
