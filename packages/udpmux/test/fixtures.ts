import type { FrameHandler, FrameSource, Link, PacketBatch, PacketPool } from '@mp/interface'
import { MemoryNetwork, simRuntime } from '@mp/testkit'
import type { MemorySocketOptions, SimRuntime } from '@mp/testkit'
import { udpMux } from '@mp/udpmux'
import type { SocketFactory, UdpMux, UdpMuxOptions } from '@mp/udpmux'

/** Frames as text, with where they came from. */
export interface Heard {
  readonly text: string
  readonly peer: number
  readonly source: FrameSource
}

/** Remembers what it is told and gives the slots back. */
export class Recorder implements FrameHandler {
  readonly heard: Heard[] = []
  readonly writable: Link[] = []
  readonly unreachable: [link: Link, code: string][] = []
  readonly closed: [link: Link, error: Error | undefined][] = []
  readonly #pool: PacketPool

  constructor(pool: PacketPool) {
    this.#pool = pool
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    for (let row = 0; row < batch.count; row++) {
      const offset = batch.offset[row]!
      const bytes = this.#pool.arena.subarray(offset, offset + batch.length[row]!)
      this.heard.push({ text: Buffer.from(bytes).toString(), peer: batch.peer[row]!, source })
    }
    this.#pool.releaseAll(batch)
  }

  onWritable(link: Link): void {
    this.writable.push(link)
  }

  onUnreachable(link: Link, code: string): void {
    this.unreachable.push([link, code])
  }

  onClose(link: Link, error?: Error): void {
    this.closed.push([link, error])
  }
}

/** For the end of a test: throws when it lost slots. */
export function expectNoneOut({ inUse }: PacketPool): void {
  if (inUse !== 0) throw new Error(`${inUse} slots are still out at the end of the test`)
}

/** A batch with one packet per text. */
export function batchOfTexts(pool: PacketPool, texts: readonly string[]): PacketBatch {
  const batch = pool.createBatch(Math.max(1, texts.length))
  for (const text of texts) {
    const slot = pool.acquire(Math.max(1, text.length))
    pool.arena.set(Buffer.from(text), pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), text.length)
  }
  return batch
}

/** Sends texts and says how many were taken; the rest is released. */
export function sendTexts(pool: PacketPool, link: Link, ...texts: readonly string[]): number {
  const batch = batchOfTexts(pool, texts)
  const taken = link.send(batch)
  pool.releaseAll(batch)
  return taken
}

/** A mux in a simulated world, and the world. */
export interface SimulatedMux {
  readonly mux: UdpMux
  readonly runtime: SimRuntime
  readonly network: MemoryNetwork
}

/** A mux over sockets in memory. */
export function simulatedMux(
  options: Omit<UdpMuxOptions, 'socketFactory' | 'runtime'>,
  socket: Partial<MemorySocketOptions> = {},
): SimulatedMux {
  const runtime = simRuntime()
  const network = new MemoryNetwork({ runtime })
  return {
    mux: udpMux({ ...options, runtime, socketFactory: memorySockets(network, socket) }),
    runtime,
    network,
  }
}

/** Opens sockets of a memory network; those without an address of their own are at 10.0.0.1. */
export function memorySockets(
  network: MemoryNetwork,
  more: Partial<MemorySocketOptions> = {},
): SocketFactory {
  return ({ pool, local = '10.0.0.1:0', remote, peerCapacity }) => {
    const socket = network.open(local, { pool, ...(peerCapacity && { maxPeers: peerCapacity }), ...more })
    if (remote !== undefined) socket.connect(remote)
    return socket
  }
}
