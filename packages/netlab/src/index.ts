/**
 * Small networks inside one Linux machine, for demos and for tests on the real system: network namespaces joined
 * by links of a set rate that can be cut in mid-transfer.
 *
 * ```ts
 * import { createLab } from '@mp/netlab'
 *
 * const lab = await createLab()
 * try {
 *   const client = await lab.namespace('client')
 *   const server = await lab.namespace('server')
 *   const line = await lab.link(client, server, {
 *     aAddress: '10.77.1.1/24',
 *     bAddress: '10.77.1.2/24',
 *     rateMbit: 20,
 *   })
 *   const iperf = server.spawn('iperf3', ['--server', '--one-off', '--forceflush'])
 *   await iperf.waitFor(/listening/)
 *   await client.run('ping', ['-c', '1', '10.77.1.2'])
 *   await line.cut() // packets vanish, nobody is told
 * } finally {
 *   await lab.dispose()
 * }
 * ```
 *
 * A link is a veth pair, so it has no delay of its own. {@link Lab.line} joins two namespaces by an emulated line instead,
 * with rate, queue, delay, jitter and loss for each direction, also where the kernel has no netem:
 *
 * ```ts
 * import { createLab } from '@mp/netlab'
 *
 * const lab = await createLab()
 * try {
 *   const home = await lab.namespace('home')
 *   const far = await lab.namespace('far')
 *   const lte = await lab.line(home, far, {
 *     aAddress: '10.77.2.1/24',
 *     bAddress: '10.77.2.2/24',
 *     profile: { rateMbit: 20, delayMs: 25, lossRatio: 0.01 },
 *   })
 *   await home.run('ping', ['-c', '3', '10.77.2.2']) // 50 ms
 *   await lte.set({ lossRatio: 0.5 }, 'b-to-a')
 *   await lte.cut()
 * } finally {
 *   await lab.dispose()
 * }
 * ```
 *
 * It needs root, `ip` and `tc` (iproute2), and `nft` for cuts and NAT. Nothing outside the lab's own namespaces is
 * touched, and all of it goes away with the process, however that ends.
 *
 * Tests ask {@link requires} what the machine lacks, so that they are skipped by name where they cannot run, and
 * fail where `MP_REQUIRE` says that they must.
 *
 * @packageDocumentation
 */
export { capabilities, requires } from './capabilities.ts'
export type { Capabilities, Capability } from './capabilities.ts'
export { createLab } from './lab.ts'
export type { Lab } from './lab.ts'
export type { LabLine, LineCounters, LineOptions, LineProfile } from './line.ts'
export type { Direction, EndCounters, LabLink, LinkOptions } from './link.ts'
export type { Namespace } from './namespace.ts'
export { natBetween } from './nat.ts'
export type { NatBetween, NatOptions } from './nat.ts'
export type { Finished, RunOptions, Running } from './process.ts'
