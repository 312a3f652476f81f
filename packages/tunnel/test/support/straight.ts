import type {
  DialOptions,
  FrameHandler,
  FrameSource,
  Link,
  LinkStats,
  Listener,
  ListenerStats,
  PacketBatch,
  Transport,
  TunDevice,
  TunHandler,
  TunStats,
} from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { simRuntime, tcpPacket } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import { TunnelClient } from '../../src/client.ts'
import { TunnelServer } from '../../src/server.ts'

/** Packets a TUN hands over at once: some super-packets. */
export const BATCH_PACKETS = 256
const SLOTS = 8192
/** Large, so that sums of bytes are soon beyond the integers that cost nothing. */
const PACKET_BYTES = 2800
const HEADER_BYTES = 40
const NOTHING = { drops: {}, rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }

/** A TUN whose packets are all of one flow, and which counts what is written to it. */
class FlowTun implements TunDevice {
  readonly name = 'flow'
  readonly backend = 'memory'
  readonly mtuBytes = PACKET_BYTES
  written = 0
  readonly #pool: Mempool
  readonly #batch: PacketBatch
  readonly #headers: Uint8Array
  #handler: TunHandler | undefined

  constructor(pool: Mempool) {
    this.#pool = pool
    this.#batch = pool.createBatch(BATCH_PACKETS)
    const payload = new Uint8Array(PACKET_BYTES - HEADER_BYTES)
    this.#headers = tcpPacket({
      src: '10.1.0.1',
      dst: '10.1.0.2',
      srcPort: 5000,
      dstPort: 6000,
      payload,
    }).slice(0, HEADER_BYTES)
  }

  start(handler: TunHandler): void {
    this.#handler = handler
  }

  /** Reads a full batch, as far as there are slots. */
  read(): void {
    const batch = this.#batch
    for (let row = 0; row < batch.capacity; row++) {
      const slot = this.#pool.acquire()
      if (slot < 0) break
      const offset = this.#pool.offsetOf(slot)
      this.#pool.arena.set(this.#headers, offset)
      batch.push(slot, offset, PACKET_BYTES)
    }
    this.#handler!.onPackets(batch)
    batch.count = 0
  }

  write(batch: PacketBatch): number {
    const { count } = batch
    this.written += count
    this.#pool.releaseAll(batch)
    return count
  }

  stats(): TunStats {
    return NOTHING
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** One direction of a path: frames lie in it until they are delivered. */
class Lane implements Link {
  readonly transport = 'memory'
  readonly localAddress = 'here'
  readonly remoteAddress = 'there'
  readonly maxFrameBytes = 3000
  readonly #frames: PacketBatch
  readonly #peer: number
  readonly #handler: FrameHandler
  readonly #source: FrameSource

  /** @param back Lanes the other way, by number: `peer` is how this one is known there. */
  constructor(
    pool: Mempool,
    peer: number,
    to: { readonly handler: FrameHandler; readonly back: readonly Lane[] },
  ) {
    this.#frames = pool.createBatch(16 * BATCH_PACKETS)
    this.#peer = peer
    this.#handler = to.handler
    this.#source = {
      link: (number) => to.back[number],
      address: () => 'there',
      reply: (batch) => void to.back[batch.peer[0]!]!.send(batch),
    }
  }

  send(batch: PacketBatch): number {
    const { count } = batch
    for (let row = 0; row < count; row++) {
      batch.peer[row] = this.#peer
      if (!batch.copyRow(row, this.#frames)) throw new Error('the lane is longer than it has to be')
    }
    batch.count = 0
    return count
  }

  deliver(): void {
    if (this.#frames.count > 0) this.#handler.onFrames(this.#frames, this.#source)
    this.#frames.count = 0
  }

  stats(): LinkStats {
    return { txFrames: 0, txBytes: 0, backlogBytes: 0, drops: {} }
  }

  close(): void {}
}

const noStats = (): ListenerStats => ({ rxFrames: 0, rxBytes: 0, peers: 0, drops: {} })

/**
 * A client and a server in one process and one pool, over paths that pass on slots: nothing between them but the tunnel
 * itself, so that what it costs, or leaves on the heap, is its own.
 */
export class Straight {
  readonly pool: Mempool = new Mempool({ classes: [{ packetBytes: 3000, slots: SLOTS }] })
  readonly from: FlowTun = new FlowTun(this.pool)
  readonly to: FlowTun = new FlowTun(this.pool)
  /** Times have fractions, as real ones do. */
  readonly #runtime = simRuntime({ seed: 1, startMs: 1000.3 })
  readonly #there: Lane[] = []
  readonly #back: Lane[] = []
  readonly #client: TunnelClient
  readonly #server: TunnelServer
  #listener: FrameHandler | undefined

  constructor(paths: number) {
    const transport = this.#transport()
    const options = {
      runtime: this.#runtime,
      pool: this.pool,
      isAdaptive: true,
      createScheduler: () => new AdaptiveScheduler<never>(),
      createFragmenter: () => fragmenter({ pool: this.pool }),
    }
    this.#server = new TunnelServer({ ...options, tun: this.to, listen: [{ transport, endpoint: 'there' }] })
    const names = Array.from({ length: paths }, (_, path) => ({
      name: `path ${path}`,
      transport,
      endpoint: 'there',
    }))
    this.#client = new TunnelClient({ ...options, tun: this.from, paths: names })
  }

  /** Ready to carry packets. */
  async start(): Promise<void> {
    await this.#server.start()
    this.#client.start()
    for (let turn = 0; turn < 1000; turn++) {
      await this.#runtime.advance(1)
      this.#deliver()
    }
  }

  /** Sends so many full batches, one a millisecond. */
  carry(batches: number): void {
    for (let batch = 0; batch < batches; batch++) {
      this.from.read()
      this.#deliver()
      this.#runtime.runFor(1)
      this.#deliver()
    }
  }

  /** Lets go of everything. @returns slots that nobody gave back. */
  async close(): Promise<number> {
    await this.#client.close()
    this.#deliver()
    await this.#server.close()
    this.#deliver()
    return this.pool.inUse
  }

  #deliver(): void {
    for (const lane of this.#there) lane.deliver()
    for (const lane of this.#back) lane.deliver()
  }

  #transport(): Transport {
    return {
      name: 'memory',
      dial: async (_endpoint, { handler }: DialOptions) => {
        const number = this.#there.length
        const there = new Lane(this.pool, number, { handler: this.#listener!, back: this.#back })
        this.#there.push(there)
        this.#back.push(new Lane(this.pool, number, { handler, back: this.#there }))
        return there
      },
      listen: async (_endpoint, handler): Promise<Listener> => {
        this.#listener = handler
        return { localAddress: 'there', stats: noStats, close: async () => {} }
      },
    }
  }
}
