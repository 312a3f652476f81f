import type { PacketBatch, PacketPool } from '@mp/interface'
import { FRAGMENT_HEADER_BYTES, MAX_FRAGMENTS, TooBigWriter, mustStayWhole } from '@mp/wire'
import type { DropCounter } from './drop-counter.ts'
import type { PathSizes } from './path-sizes.ts'
import type { Scratch } from './scratch.ts'

export interface TooBigParts {
  readonly pool: PacketPool
  readonly drops: DropCounter
  readonly sizes: PathSizes
  /** Whether packets that must stay whole are cut too, where no path takes them whole: the other end joins them again. */
  readonly cutsAll: boolean
  readonly scratch: Scratch
  /** Takes packets for the host or network at this end, and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
}

/** Answers a second, and how many at once (RFC 4443 §2.4 (f), RFC 1812 §4.3.2.8). */
const ANSWERS_PER_MS = 0.1
const BURST_ANSWERS = 10
/** Every link of IPv6 takes packets of this size, bytes (RFC 8200 §5). */
const IPV6_MTU_FLOOR = 1280

/** Answers packets that must stay whole and cannot: their sender learns what passes and sends smaller ones. */
export class TooBig {
  readonly #parts: TooBigParts
  readonly #writer: TooBigWriter
  #allowed = BURST_ANSWERS
  #allowedMs = -Infinity

  constructor(parts: TooBigParts) {
    this.#parts = parts
    this.#writer = new TooBigWriter(parts.pool.arena)
  }

  /** Packets up to so many bytes go out, whatever they are. */
  get limitBytes(): number {
    const { sizes, cutsAll } = this.#parts
    return cutsAll ? MAX_FRAGMENTS * (sizes.mostBytes - FRAGMENT_HEADER_BYTES) : sizes.mostBytes
  }

  /**
   * Takes the packet in `row`, which is larger than {@link limitBytes}.
   * @returns false when it may be cut all the same, and then nothing has happened.
   */
  refuse(batch: PacketBatch, row: number, nowMs: number): boolean {
    const { limitBytes } = this
    const { pool, drops } = this.#parts
    const offset = batch.offset[row]!
    const length = batch.length[row]!
    const isV6 = pool.arena[offset]! >>> 4 === 6
    if (!mustStayWhole(pool.arena, offset) || (isV6 && length <= IPV6_MTU_FLOOR)) return false
    this.#answer({ offset, length }, isV6 ? Math.max(IPV6_MTU_FLOOR, limitBytes) : limitBytes, nowMs)
    drops.drop(batch.slot[row]!, 'too-big')
    return true
  }

  #answer(
    packet: { readonly offset: number; readonly length: number },
    mtuBytes: number,
    nowMs: number,
  ): void {
    const { pool, deliver } = this.#parts
    const { single } = this.#parts.scratch
    if (!this.#isAllowed(nowMs)) return
    const slot = pool.acquire(IPV6_MTU_FLOOR)
    if (slot < 0) return
    const into = pool.offsetOf(slot)
    const lengthBytes = this.#writer.write(packet, into, mtuBytes)
    if (lengthBytes === 0) return pool.release(slot)
    single.push(slot, into, lengthBytes)
    deliver(single)
  }

  #isAllowed(nowMs: number): boolean {
    this.#allowed = Math.min(BURST_ANSWERS, this.#allowed + (nowMs - this.#allowedMs) * ANSWERS_PER_MS)
    this.#allowedMs = nowMs
    if (this.#allowed < 1) return false
    this.#allowed--
    return true
  }
}
