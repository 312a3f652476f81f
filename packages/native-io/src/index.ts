/**
 * UDP sockets, TCP connections, TUN devices and encryption that work in batches: one system call carries many datagrams, and one
 * call crosses from C to JavaScript, whatever their number. A small addon in plain C (Node-API, so one build serves all
 * versions of Node) does it; received packets land directly in the slots of a packet pool.
 *
 * Not every machine can load it. {@link loadNativeIo} says so instead of throwing, and what to do; the portable
 * backends of `@mp/udpmux` and `@mp/tun` implement the same contracts.
 *
 * ```ts
 * import { loadNativeIo } from '@mp/native-io'
 * import { Mempool } from '@mp/mempool'
 *
 * const native = loadNativeIo()
 * if (native.io === undefined) throw new Error(native.reason)
 *
 * const pool = new Mempool()
 * const socket = native.io.openSocket({ pool, local: '127.0.0.1:0' })
 * socket.start({
 *   // An echo server: what came in goes back to its peer.
 *   onDatagrams: (batch) => {
 *     socket.send(batch)
 *     pool.releaseAll(batch)
 *   },
 *   onWritable: () => {},
 *   onUnreachable: (peer, code) => console.log(socket.peerAddress(peer), code),
 *   onClose: () => console.log('closed'),
 * })
 * console.log(socket.localAddress)
 * await socket.close()
 * ```
 *
 * A socket bound to all addresses of the machine (`0.0.0.0`, `[::]`) answers each peer from the address that peer wrote
 * to; else NATs and connected sockets would drop the answers. The kernel tells it with each datagram, on Linux only:
 * elsewhere the routing table chooses, so listen at one address where a machine has several.
 *
 * Where the kernel can (Linux 5.0), datagrams of one size to one peer go to it as one message of up to 64, which it or
 * the network card cuts (UDP_SEGMENT, "GSO"), and come from it as one (UDP_GRO). A test over loopback has to prove once
 * per process that this works; where a device refuses later, it is switched off without loss, which {@link onOffloadLoss}
 * tells of. The options `gso` and `gro` switch it off from the start, and `socket.offloads()` says what is in use, and
 * why not.
 *
 * `connectStream` and `listenForStreams` carry frames over TCP: read straight into slots where frames come in runs of one
 * length, sent from where they lie, and never more unsent in the kernel than leaves in 4 ms.
 *
 * The offloads of TUN devices are tested once per process, too, by packets of known bytes through a device in a network
 * namespace of its own. That takes root (CAP_SYS_ADMIN); without it they are used untested. `tun.offloads()` says which
 * act.
 *
 * How it works: libuv polls the descriptor; one wake-up is one call into JavaScript, which asks for up to four batches,
 * and for none after 256 packets, before timers and other sockets get their turn. Slots to receive into are taken from
 * the pool beforehand: 32 of them by an idle socket, more as it gets busy, and `batchSize` by a TUN device. When the pool
 * has none, packets are taken from the kernel all the same and counted as `pool-empty`, for a full queue in the kernel
 * would drop them uncounted.
 *
 * Encryption is worth a batch too: OpenSSL's functions are called where the running program has them, so that 64 packets
 * cost one crossing, and nothing is allocated. {@link chooseAead} takes that, or the best there is without it:
 *
 * ```ts
 * import { chooseAead } from '@mp/native-io'
 * import { Mempool } from '@mp/mempool'
 *
 * const pool = new Mempool()
 * const { aead, reason } = chooseAead({ pool })
 * console.log(aead.cipher, reason)
 *
 * const key = aead.createKey(new Uint8Array(32)) // a real one comes out of a handshake
 * const batch = pool.createBatch(64)
 * const slot = pool.acquire()
 * batch.push(slot, pool.offsetOf(slot), 8 + 1400) // 8 bytes stay clear
 * key.seal(batch, { from: 0, to: 1, pathId: 0, firstCounter: 0 })
 * console.log(batch.length[0]) // 1424: the tag has 16
 * pool.releaseAll(batch)
 * ```
 *
 * What becomes of the network interfaces of the machine is told by {@link chooseNetworkWatch}: a netlink socket on Linux,
 * so that a line that goes down is known within a millisecond; elsewhere by looking every two seconds.
 *
 * Linux is tested; Darwin (utun, loops instead of recvmmsg and sendmmsg) compiles from the same sources.
 *
 * @packageDocumentation
 */
export type { NativeAeadResult } from './aead.ts'
export { chooseAead, measureCiphers } from './choose-aead.ts'
export type { ChooseAeadOptions, ChosenAead } from './choose-aead.ts'
export { chooseNetworkWatch } from './choose-network-watch.ts'
export type { ChooseNetworkWatchOptions } from './choose-network-watch.ts'
export { NativeIoError, tunAdvice } from './errors.ts'
export { loadNativeIo } from './load.ts'
export { onOffloadLoss } from './offload-loss.ts'
export type { OffloadLoss } from './offload-loss.ts'
export type { NativeIo, NativeIoResult } from './load.ts'
export type { PrivilegeOptions } from './privileges.ts'
export type { NativeSocket, NativeSocketOptions, Offloads } from './socket.ts'
export type { NativeConnectOptions, NativeStreamOptions } from './stream.ts'
export type { NativeListenOptions, NativeStreamListener } from './stream-listener.ts'
export type { NativeTun, NativeTunOptions, TunOffloads, TunOffloadsInUse } from './tun.ts'
