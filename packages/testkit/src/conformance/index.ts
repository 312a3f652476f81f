/**
 * One suite per contract of `@mp/interface`. Whoever implements a contract runs its suite; a suite that all
 * implementations pass is what lets one take the place of another.
 *
 * Each function registers a vitest `describe`. It takes the name of the implementation and a factory that makes
 * one fixture per test. The fixture says how time passes there: {@link realWait} for sockets and devices of the
 * system, {@link simWait} for simulations. After each test the fixture is disposed and its pool must be empty.
 *
 * ```ts
 * import { testDatagramSocket, realWait } from '@mp/testkit/conformance'
 * import { Mempool } from '@mp/mempool'
 *
 * testDatagramSocket({
 *   name: 'dgram',
 *   create: () => {
 *     const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 512 }, { packetBytes: 65_536, slots: 4 }] })
 *     return { pool, wait: realWait(), tooBigBytes: 65_536, open: (options) => openDgramSocket({ pool, ...options }) }
 *   },
 *   skip: [{ test: 'sockets of IPv6 work the same', reason: 'the machine has no IPv6' }],
 * })
 * ```
 *
 * A test in `skip` is not run and stands with its reason in the title of the suite. A skip without a reason, or of
 * a test that does not exist, is an error.
 *
 * @packageDocumentation
 */
export { testBatchAead, type BatchAeadFixture } from './batch-aead.ts'
export { testDatagramSocket, type DatagramSocketFixture, type OpenSocket } from './datagram-socket.ts'
export { testFragmenter, type FragmenterFixture } from './fragmenter.ts'
export { testNetworkWatch, type NetworkWatchFixture } from './network-watch.ts'
export { testPacketPool, type PacketPoolFixture } from './packet-pool.ts'
export { testRuntime, type RuntimeFixture } from './runtime.ts'
export { testFairScheduler, testScheduler, type SchedulerFixture } from './scheduler.ts'
export type { Fixture, Skip, SuiteOptions } from './suite.ts'
export { testTransport, type TransportFixture } from './transport.ts'
export { testTunDevice, type TunDeviceFixture } from './tun-device.ts'
export { realWait, simWait, type Wait, type WaitOptions } from './wait.ts'
