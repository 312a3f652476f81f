/**
 * A multipath tunnel without its operating system: what happens between a TUN device and the links to a peer.
 *
 * Outwards, each packet is checked, classified, given to the path that the scheduler names and sent with a frame
 * header in front. Inwards, frames find their session and their path, control stays here and packets go to the TUN.
 * Probers watch every path; a path whose link is full or whose probes go unanswered leaves the choice until it is
 * well again. {@link TunnelClient} dials and greets, {@link TunnelServer} listens and follows; all else is the same code.
 *
 * Clock, timers, randomness, TUN, transports, scheduler and memory are arguments, so the whole of it runs in memory:
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 * import { CfsScheduler } from '@mp/scheduler-cfs'
 * import { TunnelClient } from '@mp/tunnel'
 *
 * const client = new TunnelClient({
 *   runtime,
 *   pool: new Mempool(),
 *   tun,
 *   createScheduler: () => new CfsScheduler(),
 *   createFragmenter: () => fragmenter({ pool }),
 *   paths: [
 *     { name: 'dsl', transport: udp, endpoint: 'vpn.example.net:7000', localAddress: '192.168.1.10' },
 *     { name: 'lte', transport: udp, endpoint: 'vpn.example.net:7000', localAddress: '192.168.8.10', weight: 2 },
 *   ],
 * })
 * client.start()
 * ```
 *
 * @packageDocumentation
 */
export { TunnelClient } from './client.ts'
export type { ClientPath, TunnelClientOptions } from './client.ts'
export type { TunnelOptions } from './core.ts'
export type { TunnelEvent } from './events.ts'
export type { PathCounters, PathIdentity, PathOwner, TunnelPath } from './path.ts'
export { TunnelServer } from './server.ts'
export type { TunnelServerOptions } from './server.ts'
export { MAX_PATHS } from './session.ts'
export type { PathStats, SessionStats, TunnelStats } from './stats.ts'
