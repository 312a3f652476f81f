/**
 * A world without sockets, devices and clocks, for tests: what takes an hour on a real line takes a moment here, and
 * the same seed gives the same hour again.
 *
 * - {@link simRuntime}: a clock that moves only when told to, timers, and chance from a seed.
 * - {@link netem}: one direction of a line, with rate, queue, delay, jitter, loss, duplication and reordering.
 * - {@link MemoryNetwork}: hosts and lines between them, with {@link memorySocket} and {@link memoryTransport}; lines
 *   can be changed, cut and restored, and a NAT can forget who is behind it.
 * - {@link memoryTun}: a TUN device whose kernel is the test, with {@link udpPacket} and {@link tcpPacket} to feed it.
 * - {@link InnerHost}: a TUN device behind which flows run, made of real packets: {@link TcpSender} with {@link Cubic} or
 *   {@link Bbr}, {@link QuicSender}, {@link SteadyFlow}, {@link Ping}; {@link InnerWire} joins two hosts without a tunnel.
 * - {@link roundRobin}: the simplest scheduler.
 * - {@link parseMetrics}: reads the text format of Prometheus, strictly.
 * - `@mp/testkit/conformance`: one suite per contract, for every implementation of it.
 *
 * ```ts
 * import type { FrameHandler } from '@mp/interface'
 * import { Mempool } from '@mp/mempool'
 * import { MemoryNetwork, memoryTransport, simRuntime } from '@mp/testkit'
 *
 * const runtime = simRuntime({ seed: 7 })
 * const network = new MemoryNetwork({ runtime })
 * network.path('10.0.1.1', '10.9.0.1').set({ rateBps: 20e6, delayMs: 15, loss: 0.01 })
 *
 * const pool = new Mempool()
 * const handler: FrameHandler = {
 *   onFrames: (batch) => {
 *     console.log(`${batch.count} frames at ${runtime.nowMs()} ms`)
 *     pool.releaseAll(batch)
 *   },
 *   onWritable: () => {},
 *   onUnreachable: () => {},
 *   onClose: () => {},
 * }
 * const listener = await memoryTransport(network, { pool }).listen('10.9.0.1:443', handler)
 * const link = await memoryTransport(network, { pool, host: '10.0.1.1' }).dial(listener.localAddress, { handler })
 *
 * const batch = pool.createBatch(1)
 * const slot = pool.acquire()
 * batch.push(slot, pool.offsetOf(slot), 1200)
 * link.send(batch)
 * runtime.runFor(1000) // 1 frames at 15.4912 ms
 * ```
 *
 * @packageDocumentation
 */
export * from './inner/index.ts'
export * from './ip/index.ts'
export * from './memory/index.ts'
export { parseMetrics, type MetricFamily, type MetricSample } from './metrics-text.ts'
export * from './netem/index.ts'
export { seededRandom, type Random } from './random.ts'
export { roundRobin } from './round-robin.ts'
export { simRuntime, type SimRuntime, type SimRuntimeOptions } from './sim-runtime.ts'
