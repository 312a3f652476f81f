import type { PacketBatch, PacketPool, TunDevice, TunHandler, TunStats } from '@mp/interface'
import { ChecksumCompleter, FLAG_PARTIAL_CHECKSUM } from '@mp/wire'
import { DropCounter } from '../drop-counter.ts'

/** What a memory TUN is like. */
export interface MemoryTunOptions {
  readonly pool: PacketPool
  /** Default 1400. */
  readonly mtuBytes?: number
  /** Default `mem0`. */
  readonly name?: string
  /** Packets that wait before the device is started; more are dropped as `queue-full`. Default 500. */
  readonly queuePackets?: number
  /** Packets in `received` at which `write` takes no more. Default 100 000. */
  readonly receiveLimitPackets?: number
}

/** A TUN whose kernel is the test. */
export interface MemoryTun extends TunDevice {
  /** Copies of the packets that were written, oldest first. Empty it to make room. */
  readonly received: Uint8Array[]
  /** The kernel sends a packet: the handler has it when this returns. Throws RangeError beyond the MTU. */
  inject(packet: Uint8Array): void
  /** The kernel sends packets, which come in batches as large as can be. Throws RangeError beyond the MTU. */
  injectBatch(packets: readonly Uint8Array[]): void
}

/** A TUN device in memory. */
export function memoryTun(options: MemoryTunOptions): MemoryTun {
  return new Tun(options)
}

const BATCH_PACKETS = 64

class Tun implements MemoryTun {
  readonly backend = 'memory'
  readonly name: string
  readonly mtuBytes: number
  readonly received: Uint8Array[] = []
  readonly #pool: PacketPool
  readonly #queuePackets: number
  readonly #receiveLimitPackets: number
  readonly #batch: PacketBatch
  readonly #checksums: ChecksumCompleter
  /** Packets from before the start. */
  #waiting: Uint8Array[] = []
  readonly #drops = new DropCounter()
  readonly #counts = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }
  #handler: TunHandler | undefined
  #closing: Promise<void> | undefined

  constructor(options: MemoryTunOptions) {
    const {
      pool,
      mtuBytes = 1400,
      name = 'mem0',
      queuePackets = 500,
      receiveLimitPackets = 100_000,
    } = options
    this.#pool = pool
    this.#checksums = new ChecksumCompleter(pool.arena)
    this.mtuBytes = mtuBytes
    this.name = name
    this.#queuePackets = queuePackets
    this.#receiveLimitPackets = receiveLimitPackets
    this.#batch = pool.createBatch(BATCH_PACKETS)
  }

  start(handler: TunHandler): void {
    this.#handler = handler
    this.injectBatch(this.#waiting.splice(0))
  }

  inject(packet: Uint8Array): void {
    this.injectBatch([packet])
  }

  injectBatch(packets: readonly Uint8Array[]): void {
    const tooBig = packets.find(({ length }) => length > this.mtuBytes)
    if (tooBig) throw new RangeError(`a packet of ${tooBig.length} bytes exceeds the MTU of ${this.mtuBytes}`)
    for (const packet of packets) this.#read(packet)
    this.#flush()
  }

  write(batch: PacketBatch): number {
    let taken = 0
    while (taken < batch.count && this.received.length < this.#receiveLimitPackets) {
      this.#take(batch, taken)
      this.#pool.release(batch.slot[taken] ?? -1)
      taken++
    }
    batch.dropFront(taken)
    return taken
  }

  stats(): TunStats {
    return { ...this.#counts, drops: this.#drops.snapshot() }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#handler?.onClose())
    return this.#closing
  }

  #read(packet: Uint8Array): void {
    if (this.#closing) return this.#drops.add('closed')
    if (!this.#handler) return this.#wait(packet)
    const slot = this.#pool.acquire(packet.length)
    if (slot < 0) return this.#drops.add('pool-empty')
    const offset = this.#pool.offsetOf(slot)
    this.#pool.arena.set(packet, offset)
    this.#batch.push(slot, offset, packet.length)
    this.#counts.rxPackets++
    this.#counts.rxBytes += packet.length
    if (this.#batch.count === BATCH_PACKETS) this.#flush()
  }

  #wait(packet: Uint8Array): void {
    if (this.#waiting.length < this.#queuePackets) this.#waiting.push(packet.slice())
    else this.#drops.add('queue-full')
  }

  #flush(): void {
    if (this.#batch.count > 0) this.#handler?.onPackets(this.#batch)
    this.#batch.count = 0
  }

  #take(batch: PacketBatch, row: number): void {
    const offset = batch.offset[row] ?? 0
    const lengthBytes = batch.length[row] ?? 0
    const isPartial = ((batch.flags[row] ?? 0) & FLAG_PARTIAL_CHECKSUM) !== 0
    if (isPartial && !this.#checksums.complete(offset, lengthBytes)) return this.#drops.add('malformed')
    const packet = this.#pool.arena.slice(offset, offset + lengthBytes)
    if (this.#closing) return this.#drops.add('closed')
    if (!looksLikeIp(packet)) return this.#drops.add('malformed')
    if (lengthBytes > this.mtuBytes) return this.#drops.add('too-big')
    this.received.push(packet)
    this.#counts.txPackets++
    this.#counts.txBytes += lengthBytes
  }
}

/** Whether the version is 4 or 6 and the header whole: a kernel checks no more before it takes a packet. */
function looksLikeIp(packet: Uint8Array): boolean {
  const version = (packet[0] ?? 0) >> 4
  return (version === 4 && packet.length >= 20) || (version === 6 && packet.length >= 40)
}
