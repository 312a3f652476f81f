import type { PacketBatch, PacketPool, Runtime, TunDevice, TunHandler, TunStats } from '@mp/interface'
import { DropCounter } from '../drop-counter.ts'
import { Alarm } from './alarm.ts'
import { IPV4_HEADER_BYTES, ipv4Number, TCP, UDP, writeIpv4 } from './ipv4.ts'

/** What an inner host is like. */
export interface InnerHostOptions {
  readonly runtime: Runtime
  /** Where its packets are written, and where those that it gets come from. */
  readonly pool: PacketPool
  /** Its IPv4 address. */
  readonly address: string
  /** Default 1400. */
  readonly mtuBytes?: number
  /** Default `inner0`. */
  readonly name?: string
}

/** One end of a flow at a host: gets the packets that are for it. */
export interface InnerEndpoint {
  /** A packet lies in the arena, its transport header at `offset`, until this returns. */
  onPacket(offset: number, lengthBytes: number, nowMs: number): void
}

const BATCH_PACKETS = 64
/** Packets that may wait for the reader of the TUN; a kernel keeps the flows themselves back long before. */
const QUEUE_PACKETS = 8192

/**
 * A host that uses a tunnel: a TUN device behind which flows run. Packets are real down to their headers; there is
 * nothing in their payload, and TCP and UDP have no checksum, which neither a tunnel nor these hosts look at.
 * What a flow sends while it is given a packet leaves in a turn of its own, as from a kernel.
 */
export class InnerHost implements TunDevice {
  readonly backend = 'inner'
  readonly name: string
  readonly mtuBytes: number
  readonly runtime: Runtime
  readonly view: DataView
  /** Its address, as in {@link ipv4Number}. */
  readonly address: number
  readonly #pool: PacketPool
  readonly #endpoints = new Map<number, InnerEndpoint>()
  readonly #queue: PacketBatch
  readonly #batch: PacketBatch
  readonly #turn: Alarm
  readonly #drops = new DropCounter()
  readonly #counts = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }
  #handler: TunHandler | undefined
  #nextId = 0
  #closing: Promise<void> | undefined

  /** Throws RangeError when the address is not IPv4. */
  constructor({ runtime, pool, address, mtuBytes = 1400, name = 'inner0' }: InnerHostOptions) {
    this.runtime = runtime
    this.name = name
    this.mtuBytes = mtuBytes
    this.address = ipv4Number(address)
    this.view = new DataView(pool.arena.buffer, pool.arena.byteOffset, pool.arena.byteLength)
    this.#pool = pool
    this.#queue = pool.createBatch(QUEUE_PACKETS)
    this.#batch = pool.createBatch(BATCH_PACKETS)
    this.#turn = new Alarm(runtime, () => this.#flush())
  }

  /** From now on packets of `protocol` to `port` are for `endpoint`. ICMP has no ports: say 0. */
  bind(protocol: number, port: number, endpoint: InnerEndpoint): void {
    this.#endpoints.set(keyOf(protocol, port), endpoint)
  }

  /**
   * Sends a packet of `payloadBytes` behind its IP header to the host `dst`.
   * @returns where to write what is behind the IP header, -1 when it was dropped.
   */
  send(protocol: number, dst: number, payloadBytes: number): number {
    const lengthBytes = IPV4_HEADER_BYTES + payloadBytes
    const slot = this.#closing ? -1 : this.#pool.acquire(lengthBytes)
    if (slot < 0) return this.#drop('pool-empty')
    const offset = this.#pool.offsetOf(slot)
    if (this.#queue.push(slot, offset, lengthBytes) < 0) {
      this.#pool.release(slot)
      return this.#drop('queue-full')
    }
    writeIpv4(this.view, offset, { src: this.address, dst }, { lengthBytes, protocol, id: this.#nextId++ })
    this.#turn.set(this.runtime.nowMs())
    return offset + IPV4_HEADER_BYTES
  }

  start(handler: TunHandler): void {
    this.#handler = handler
  }

  write(batch: PacketBatch): number {
    const { count } = batch
    const nowMs = this.runtime.nowMs()
    for (let row = 0; row < count; row++) this.#receive(batch.offset[row]!, batch.length[row]!, nowMs)
    this.#pool.releaseAll(batch)
    return count
  }

  stats(): TunStats {
    return { ...this.#counts, drops: this.#drops.snapshot() }
  }

  close(): Promise<void> {
    this.#pool.releaseAll(this.#queue)
    this.#closing ??= Promise.resolve().then(() => this.#handler?.onClose())
    return this.#closing
  }

  #receive(offset: number, lengthBytes: number, nowMs: number): void {
    this.#counts.txPackets++
    this.#counts.txBytes += lengthBytes
    const protocol = this.view.getUint8(offset + 9)
    const transport = offset + IPV4_HEADER_BYTES
    const port = protocol === TCP || protocol === UDP ? this.view.getUint16(transport + 2) : 0
    const endpoint = this.#endpoints.get(keyOf(protocol, port))
    if (endpoint === undefined) this.#drops.add('no-endpoint')
    else endpoint.onPacket(transport, lengthBytes - IPV4_HEADER_BYTES, nowMs)
  }

  #flush(): void {
    const queue = this.#queue
    const count = queue.count
    // A handler may not make this host send at once, so the rows of the queue stay what they are.
    for (let from = 0; from < count; from += BATCH_PACKETS)
      this.#hand(from, Math.min(count, from + BATCH_PACKETS))
    queue.count = 0
  }

  #hand(from: number, to: number): void {
    const batch = this.#batch
    for (let row = from; row < to; row++) {
      this.#queue.copyRow(row, batch)
      this.#counts.rxBytes += batch.length[row - from]!
    }
    this.#counts.rxPackets += to - from
    if (this.#handler === undefined) this.#pool.releaseAll(batch)
    else this.#handler.onPackets(batch)
    batch.count = 0
  }

  #drop(reason: string): -1 {
    this.#drops.add(reason)
    return -1
  }
}

const keyOf = (protocol: number, port: number): number => protocol * 65_536 + port
