/**
 * Frames over TCP, for networks that block or throttle UDP.
 *
 * {@link tcpTransport} has the same contract as the UDP transport; a link is a connection. On the stream each frame
 * follows its length in two bytes, high byte first, and nothing else is there. A batch goes out in one write, without
 * delay. What cannot be sent soon is not taken: `send` leaves frames to the caller, who knows better what to do with them
 * than a queue does. A length that cannot be ends the connection.
 *
 * Below is one of two backends. `native` sends and receives many frames with one system call, mostly without a copy, has
 * the kernel hold no more unsent than leaves in 4 ms, asks for BBR, and binds to devices; a frame that is larger than the
 * first class of slots of the pool is dropped. `net` (node:net) runs wherever Node does; beyond
 * {@link TcpTransportOptions.highWaterBytes} the kernel holds what its buffer takes. `auto` takes the first where it loads,
 * and `transport.backendReason` says what happened. Connections that are dead end by keep-alive after some 25 s, natively
 * also when what was sent is not acknowledged for 20 s.
 *
 * ```ts
 * import { Mempool } from '@mp/mempool'
 * import { dialPersistently } from '@mp/path-manager'
 * import { systemRuntime } from '@mp/runtime-node'
 * import { tcpTransport } from '@mp/tcp-transport'
 *
 * const pool = new Mempool()
 * const transport = tcpTransport({ pool })
 * const quiet = { onWritable: () => {}, onUnreachable: () => {}, onClose: () => {} }
 *
 * const listener = await transport.listen('127.0.0.1:0', {
 *   ...quiet,
 *   onFrames: (batch, source) => {
 *     // Without a link a connection that came in is closed after a while; with one it is ours.
 *     console.log(batch.count, 'frame from', source.link(batch.peer[0]!)?.remoteAddress)
 *     pool.releaseAll(batch)
 *     persistent.close()
 *     void listener.close()
 *   },
 * })
 *
 * const persistent = dialPersistently(transport, listener.localAddress, {
 *   runtime: systemRuntime(),
 *   handler: { ...quiet, onFrames: (batch) => pool.releaseAll(batch) },
 *   onDown: (error) => console.log('no link, trying on:', error?.message),
 *   onUp: (link) => {
 *     const frame = pool.createBatch(1)
 *     const slot = pool.acquire()
 *     pool.arena.set([1, 2, 3], pool.offsetOf(slot))
 *     frame.push(slot, pool.offsetOf(slot), 3)
 *     link.send(frame)
 *   },
 * })
 * ```
 *
 * {@link FrameDecoder} and {@link FrameEncoder} do no I/O and can be used alone.
 *
 * @packageDocumentation
 */
export { TcpError } from './errors.ts'
export type { TcpErrorCode } from './errors.ts'
export { FrameDecoder, FrameEncoder, LENGTH_BYTES, MAX_FRAME_BYTES } from './framing.ts'
export type { FrameDecoderDrops, FrameDecoderOptions } from './framing.ts'
export { tcpTransport } from './transport.ts'
export type { TcpTransportOptions } from './options.ts'
export type { TcpTransport } from './transport.ts'
