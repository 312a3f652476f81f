/**
 * Many sessions and paths on one UDP port.
 *
 * {@link udpMux} is a transport: `listen` opens one socket for everybody, `dial` one socket per link. A server tells
 * its clients apart by where their frames come from, answers each from the port it listens at (so answers pass NATs
 * and firewalls), and remembers remote addresses in a table of fixed size: a flood of strangers makes no more state
 * than that. Frames travel in batches of slots of a packet pool; who the tunnel's sessions and paths are is for the
 * content of the frames to say.
 *
 * Below is one of two backends. `native` sends and receives many datagrams with one system call; `dgram` (node:dgram)
 * runs wherever Node does. `auto` takes the first where it loads, and `transport.backendReason` says what happened.
 *
 * A listener at all addresses of a machine (`0.0.0.0`, `[::]`) must answer from the very address it was asked at; NATs
 * and the sockets of `dial` drop what comes from another. Only `native` on Linux can. With `dgram` let a machine with
 * several addresses listen at one of them: answers leave from the address that its routes prefer.
 *
 * ```ts
 * import type { Link } from '@mp/interface'
 * import { Mempool } from '@mp/mempool'
 * import { udpMux } from '@mp/udpmux'
 *
 * const pool = new Mempool()
 * const quiet = { onWritable: () => {}, onUnreachable: () => {}, onClose: () => {} }
 *
 * const links = new Map<number, Link>()
 * const server = udpMux({
 *   pool,
 *   // Once per remote address: the place to make a link to it, and to hang a prober on that.
 *   onPeer: (source, { peer, address }) => {
 *     const back = source.link(peer)
 *     if (back !== undefined) links.set(peer, back)
 *     console.log('heard of', address)
 *   },
 * })
 * const listener = await server.listen('127.0.0.1:0', {
 *   ...quiet,
 *   // An echo, as the answering side of a prober: out of the listening port, back where the frame came from.
 *   onFrames: (batch) => {
 *     links.get(batch.peer[0]!)?.send(batch)
 *     pool.releaseAll(batch)
 *   },
 * })
 *
 * const link = await udpMux({ pool }).dial(listener.localAddress, {
 *   handler: {
 *     ...quiet,
 *     onFrames: (batch) => {
 *       console.log(batch.count, 'frame back over', link.remoteAddress)
 *       pool.releaseAll(batch)
 *       link.close()
 *       void listener.close()
 *     },
 *   },
 * })
 * const frame = pool.createBatch(1)
 * const slot = pool.acquire()
 * pool.arena.set(new TextEncoder().encode('a frame of 8 bytes at least'), pool.offsetOf(slot))
 * frame.push(slot, pool.offsetOf(slot), 27)
 * link.send(frame)
 * ```
 *
 * The second export is the {@link fragmenter}: it cuts packets that are larger than a path carries, and joins them.
 *
 * @packageDocumentation
 */
export { udpSocket } from './backend.ts'
export { dgramSocket } from './dgram-socket.ts'
export { sumOfDrops } from './drops.ts'
export { UdpError } from './errors.ts'
export type { UdpErrorCode } from './errors.ts'
export { fragmenter } from './fragmenter.ts'
export type { FragmenterOptions } from './fragmenter.ts'
export { udpMux } from './mux.ts'
export type { UdpListener } from './listener.ts'
export type { UdpMux, UdpMuxOptions } from './mux.ts'
export type { PeerInfo } from './peer-tracker.ts'
export type { ResolveHost } from '@mp/runtime-node'
export type { SocketFactory, SocketOptions } from './socket-options.ts'
