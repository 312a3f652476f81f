import type { PacketBatch, PacketPool } from '@mp/interface'
import { DecodeError, FragmentHeader, FrameCodec } from '@mp/wire'
import { PartialPacket } from './partial-packet.ts'

export interface ReassemblyOptions {
  readonly pool: PacketPool
  /** Most packets waiting for pieces. */
  readonly maxPending: number
  /** Most pool memory in waiting pieces, bytes. */
  readonly maxHeldBytes: number
  /** How long a packet waits for its last piece, ms. */
  readonly timeoutMs: number
  /** Largest packet put together, bytes. */
  readonly maxPacketBytes: number
}

/** Pieces dropped by their reasons, at the start. */
export const NO_PIECE_DROPS = {
  malformed: 0,
  duplicate: 0,
  mismatch: 0,
  'too-large': 0,
  evicted: 0,
  expired: 0,
  'pool-empty': 0,
  'batch-full': 0,
  closed: 0,
} as const

/** Why pieces were dropped. */
type Reason = keyof typeof NO_PIECE_DROPS

/**
 * Puts packets together again from pieces in any order. Pieces carry an index and no offset, so they cannot overlap,
 * and lie in their own slots until all are there. A packet is looked for by scanning those that wait: with at most
 * 64 of them that costs less than a hash.
 */
export class Reassembler {
  readonly #options: ReassemblyOptions
  readonly #codec: FrameCodec
  readonly #header = new FragmentHeader()
  /** Oldest first. */
  readonly #waiting: PartialPacket[] = []
  /** Made when they are first needed: sessions are cheap to begin, and most never join a packet. */
  readonly #spare: PartialPacket[] = []
  #heldBytes = 0
  /** Packets put together. */
  joined = 0
  /** Counted in pieces. */
  readonly drops: Record<Reason, number> = { ...NO_PIECE_DROPS }

  constructor(options: ReassemblyOptions) {
    this.#options = options
    this.#codec = new FrameCodec(options.pool.arena)
  }

  /** Packets waiting for pieces. */
  get pending(): number {
    return this.#waiting.length
  }

  /** As `Fragmenter.join` of the contract. */
  join(batch: PacketBatch, row: number, to: PacketBatch, nowMs: number): void {
    this.handleTimeout(nowMs)
    const packet = this.#accept(batch, row, nowMs)
    if (packet === undefined) return
    if (packet.payloadBytes > this.#options.maxPacketBytes) this.#discard(packet, 'too-large')
    else if (packet.held === packet.count) this.#finish(packet, batch, row, to)
    else if (this.#heldBytes > this.#options.maxHeldBytes) this.#discard(this.#waiting[0]!, 'evicted')
  }

  /** When the oldest packet expires, ms; Infinity when none waits. */
  pollTimeout(): number {
    const oldest = this.#waiting[0]
    return oldest === undefined ? Infinity : oldest.sinceMs + this.#options.timeoutMs
  }

  handleTimeout(nowMs: number): void {
    while (nowMs >= this.pollTimeout()) this.#discard(this.#waiting[0]!, 'expired')
  }

  close(): void {
    while (this.#waiting.length > 0) this.#discard(this.#waiting[0]!, 'closed')
  }

  /** Puts a piece to its packet, or drops it. */
  #accept(batch: PacketBatch, row: number, nowMs: number): PartialPacket | undefined {
    const slot = batch.slot[row]!
    if (this.#codec.readFragment(batch.offset[row]!, batch.length[row]!, this.#header) !== DecodeError.none) {
      return this.#drop(slot, 'malformed')
    }
    const { packetId, index, count } = this.#header
    const key = ((batch.path[row]! & 0xff) << 16) | packetId
    const known = this.#find(key)
    if (known !== undefined && known.count !== count) return this.#drop(slot, 'mismatch')
    if (known?.has(index) === true) return this.#drop(slot, 'duplicate')
    const packet = known ?? this.#open(key, count, nowMs)
    this.#heldBytes -= packet.heldBytes
    packet.hold(index, batch, row)
    this.#heldBytes += packet.heldBytes
    return packet
  }

  #find(key: number): PartialPacket | undefined {
    for (const packet of this.#waiting) if (packet.key === key) return packet
    return undefined
  }

  /** Begins a packet; when too many wait, the oldest makes room, as the least likely to be completed. */
  #open(key: number, count: number, nowMs: number): PartialPacket {
    const { maxPending, pool } = this.#options
    if (this.#waiting.length === maxPending) this.#discard(this.#waiting[0]!, 'evicted')
    const packet = this.#spare.pop() ?? new PartialPacket(pool)
    packet.open(key, count, nowMs)
    this.#waiting.push(packet)
    return packet
  }

  /** Copies a packet whose pieces are all there to a slot of its own. Its other columns are those of the last piece. */
  #finish(packet: PartialPacket, batch: PacketBatch, row: number, to: PacketBatch): void {
    const { pool } = this.#options
    const lengthBytes = packet.payloadBytes
    const room = to.count < to.capacity
    const slot = room ? pool.acquire(lengthBytes) : -1
    if (slot < 0) return this.#discard(packet, room ? 'pool-empty' : 'batch-full')
    const offset = pool.offsetOf(slot)
    packet.copyTo(offset)
    batch.copyRow(row, to)
    const joined = to.count - 1
    to.slot[joined] = slot
    to.offset[joined] = offset
    to.length[joined] = lengthBytes
    this.#forget(packet)
    this.joined++
  }

  #drop(slot: number, reason: Reason): undefined {
    this.#options.pool.release(slot)
    this.drops[reason]++
  }

  #discard(packet: PartialPacket, reason: Reason): void {
    this.drops[reason] += packet.held
    this.#forget(packet)
  }

  #forget(packet: PartialPacket): void {
    this.#heldBytes -= packet.heldBytes
    packet.clear()
    const { length } = this.#waiting
    for (let at = this.#waiting.indexOf(packet) + 1; at < length; at++) {
      this.#waiting[at - 1] = this.#waiting[at]!
    }
    this.#waiting.pop()
    this.#spare.push(packet)
  }
}
