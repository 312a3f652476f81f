/**
 * A multipath tunnel without its operating system: what happens between a TUN device and the links to a peer.
 *
 * Outwards, each packet is checked, classified, given to the path that the scheduler names and sent with a frame
 * header in front. Inwards, frames find their session and their path, control stays here and packets go to the TUN.
 * With `isAdaptive` and several paths, packets wait until a path carries them, the two ends report to each other what
 * came, lost frames are sent again over another path, and each flow is put back in order.
 * Probers watch every path; a path whose link is full, or that does not answer, leaves the choice until it is
 * well again. {@link TunnelClient} dials and greets, {@link TunnelServer} listens and follows; all else is the same code.
 *
 * Clock, timers, randomness, TUN, transports, scheduler and memory are arguments, so the whole of it runs in memory:
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 * import { CfsScheduler } from '@mp/scheduler-cfs'
 * import { MemoryNetwork, memoryTransport, memoryTun, simRuntime, udpPacket } from '@mp/testkit'
 * import { TunnelClient, TunnelServer } from '@mp/tunnel'
 * import type { TunnelPath } from '@mp/tunnel'
 * import { fragmenter } from '@mp/udpmux'
 *
 * const runtime = simRuntime({ seed: 1 })
 * const pool = new Mempool()
 * const transport = memoryTransport(new MemoryNetwork({ runtime }), { pool })
 * const tuns = { client: memoryTun({ pool }), server: memoryTun({ pool }) }
 * const common = {
 *   runtime,
 *   pool,
 *   createScheduler: () => new CfsScheduler<TunnelPath>(),
 *   createFragmenter: () => fragmenter({ pool }),
 * }
 * const endpoint = '10.0.0.2:7000'
 * const server = new TunnelServer({ ...common, tun: tuns.server, listen: [{ transport, endpoint }] })
 * const paths = [
 *   { name: 'dsl', transport, endpoint, localAddress: '10.0.1.1' },
 *   { name: 'lte', transport, endpoint, localAddress: '10.0.2.1', weight: 2 },
 * ]
 * const client = new TunnelClient({ ...common, tun: tuns.client, paths })
 *
 * await server.start()
 * client.start()
 * await runtime.advance(1000) // both paths are probed by now
 * tuns.client.inject(udpPacket({ src: '10.99.0.1', dst: '10.99.0.2', srcPort: 1, dstPort: 2, payload: new Uint8Array(9) }))
 * await runtime.advance(10)
 * console.log(tuns.server.received.length) // 1
 * ```
 *
 * @packageDocumentation
 */
export type { BondingStats } from './bonding/bonding.ts'
export type { PathBondingStats } from './bonding/path-stats.ts'
export { TunnelClient } from './client.ts'
export type { TunnelClientOptions } from './client.ts'
export type { ClientPath } from './client-path.ts'
export type { TunnelOptions } from './core.ts'
export type { ServerPeer } from './door.ts'
export type { TunnelEvent } from './events.ts'
export type { Encryption } from './frame-guard.ts'
export type { PathSettings } from './path-settings.ts'
export type { PathCounters, PathIdentity, PathOwner, TunnelPath } from './path.ts'
export type { ClientSecurity, Security } from './security.ts'
export { TunnelServer } from './server.ts'
export type { ServerSecurity, TunnelServerOptions } from './server.ts'
export { MAX_PATHS } from './session.ts'
export type { TappedPacket, TraceEntry, TraceSwitch } from './trace.ts'
export type { PathStats, SessionStats, TunnelStats } from './stats.ts'
