/**
 * TUN devices: network interfaces whose packets a program reads and writes. {@link openTun} opens one, gives it
 * addresses, MTU and queue length, brings it up and routes networks into it; closing it removes what was made and
 * leaves alone what was there before.
 *
 * ```ts
 * import { openTun } from '@mp/tun'
 * import { Mempool } from '@mp/mempool'
 *
 * const pool = new Mempool()
 * const tun = await openTun({
 *   pool,
 *   name: 'demo0',
 *   addresses: [{ local: '10.8.0.1', peer: '10.8.0.2' }],
 *   routes: ['10.9.0.0/16'],
 * })
 * tun.start({
 *   onPackets: (batch) => {
 *     console.log(`${batch.count} packets for 10.9.0.0/16`)
 *     pool.releaseAll(batch)
 *   },
 *   onClose: () => {},
 * })
 * await tun.close()
 * ```
 *
 * Two backends do it. `native`, the default, is the addon of `@mp/native-io`: many packets per call, on Linux and
 * Darwin. `tuntap2` is an npm package for Linux that is used where the addon does not load and it is installed: one
 * packet per call, one thread of Node's pool per device.
 *
 * The settings are made with `ip` on Linux, `ifconfig` and `route` on Darwin, run with argument arrays and without a
 * shell. It needs root or CAP_NET_ADMIN. What goes wrong is a {@link TunError} with a `code` for programs and a message
 * for people.
 *
 * @packageDocumentation
 */
export { TunError } from './errors.ts'
export type { TunErrorCode } from './errors.ts'
export { openTun } from './open-tun.ts'
export type { Tun } from './open-tun.ts'
export type { TunAddress, TunBackend, TunOptions } from './options.ts'
