import type { PacketBatch } from '@mp/interface'
import { Codel } from './codel.ts'
import { checkedOptions } from './options.ts'
import type { CheckedOptions, DropReason, FqCodelOptions } from './options.ts'
import { PacketLists } from './packet-lists.ts'
import { Turns } from './turns.ts'

/** Low bits of the flags: the traffic class. */
const CLASS_MASK = 3
const CRITICAL = 2
/** Spreads neighbouring hashes over all buckets: 2³² ÷ the golden ratio. */
const MIX = 0x9e37_79b1
/** What critical packets may take in a row before a waiting flow sends one, quanta: whatever they do, a ninth is left. */
const LANE_QUANTA = 8
/** Most packets dropped at once when a bound is reached: looking for the fattest bucket then costs little per packet. */
const DROP_AT_ONCE = 64

/** Counters of an {@link FqCodel}. */
export interface FqCodelStats {
  /** Packets that wait now. */
  readonly packets: number
  readonly bytes: number
  /** Packets marked instead of dropped since the start. */
  readonly marks: number
}

/**
 * A queue in which flows do not get into each other's way and that does not stay long (FQ-CoDel, RFC 8290).
 *
 * Packets wait in buckets by flow. Buckets take turns; each is watched by a CoDel of its own, which looks at how long
 * packets wait beyond {@link FqCodel.allowanceMs}. Critical packets wait in a lane of their own and go first.
 *
 * Memory grows with the packets that wait, up to the bound, and nothing else is allocated after the constructor. `enqueue` and `dequeue` are O(1) but for what a reached bound costs.
 */
export class FqCodel {
  /**
   * Waiting that is meant to be and no sign of congestion, ms, >= 0: what makes packets on a fast path as late as those on a
   * slow one. The owner keeps it up to date.
   */
  allowanceMs = 0
  /** Most bytes that wait now, at most the option `maxBytes` and at first that. The owner may change it. */
  limitBytes: number
  readonly #options: CheckedOptions
  readonly #lists: PacketLists
  readonly #turns: Turns
  readonly #codel: Codel
  /** The bucket of the critical lane, behind those of the flows. */
  readonly #lane: number
  readonly #shift: number
  readonly #laneBytes: number
  /** What the lane has sent since a flow did. */
  #laneSentBytes = 0
  #marks = 0

  /** Throws RangeError for an option out of its range. */
  constructor(options: FqCodelOptions) {
    this.#options = checkedOptions(options)
    const { buckets, maxPackets, maxBytes, quantumBytes, targetMs, intervalMs } = this.#options
    this.limitBytes = maxBytes
    this.#lane = buckets
    this.#shift = 32 - Math.log2(buckets)
    this.#laneBytes = LANE_QUANTA * quantumBytes
    // One more packet than the bound fits, as the packet that goes over it comes in before others go.
    this.#lists = new PacketLists(maxPackets + 1, buckets + 1)
    this.#turns = new Turns(buckets, quantumBytes)
    this.#codel = new Codel(buckets, targetMs, intervalMs)
  }

  get packets(): number {
    return this.#lists.packets
  }

  get bytes(): number {
    return this.#lists.bytes
  }

  stats(): FqCodelStats {
    return { packets: this.packets, bytes: this.bytes, marks: this.#marks }
  }

  /**
   * Takes row `row` of `batch`, with its flow hash, its class and its slot; the row itself stays in the batch. When that
   * exceeds a bound, the oldest packets of the fattest bucket are dropped.
   */
  enqueue(batch: PacketBatch, row: number, nowMs: number): void {
    const isCritical = (batch.flags[row]! & CLASS_MASK) === CRITICAL
    const bucket = isCritical ? this.#lane : this.#bucketOf(batch.flow[row]!)
    this.#lists.append(bucket, batch, row, nowMs)
    if (!isCritical) this.#turns.join(bucket)
    const { maxPackets } = this.#options
    while (this.#lists.packets > maxPackets || this.#lists.bytes > this.limitBytes) this.#dropFromFattest()
  }

  /**
   * Appends packets to `out` until it is full, nothing waits, or `budgetBytes` are reached; the last packet may go over it. Their
   * slots belong to the caller.
   * @returns the bytes of these packets.
   */
  dequeue(out: PacketBatch, budgetBytes: number, nowMs: number): number {
    let bytes = 0
    while (bytes < budgetBytes && out.count < out.capacity) {
      const place = this.#takeNext(nowMs)
      if (place < 0) break
      bytes += this.#lists.lengthOf(place)
      this.#lists.copyTo(out, place)
    }
    return bytes
  }

  /** Drops everything as `closed`. */
  clear(): void {
    for (let bucket = 0; bucket <= this.#lane; bucket++) {
      while (!this.#lists.isEmpty(bucket)) this.#drop(bucket, 'closed')
    }
  }

  #bucketOf(flow: number): number {
    // A shift by 32, with one bucket, would be none at all.
    return this.#lane === 1 ? 0 : Math.imul(flow ^ this.#options.salt, MIX) >>> this.#shift
  }

  #takeNext(nowMs: number): number {
    if (!this.#lists.isEmpty(this.#lane) && this.#laneSentBytes < this.#laneBytes) return this.#takeCritical()
    const place = this.#takeOfFlows(nowMs)
    this.#laneSentBytes = 0
    return place < 0 && !this.#lists.isEmpty(this.#lane) ? this.#takeCritical() : place
  }

  #takeCritical(): number {
    const place = this.#lists.takeFirst(this.#lane)
    this.#laneSentBytes += this.#lists.lengthOf(place)
    return place
  }

  #takeOfFlows(nowMs: number): number {
    for (;;) {
      const bucket = this.#turns.current()
      if (bucket < 0) return bucket
      const place = this.#takeGood(bucket, nowMs)
      if (place >= 0) {
        this.#turns.spend(bucket, this.#lists.lengthOf(place))
        return place
      }
      this.#codel.rest(bucket)
      this.#turns.leave(bucket)
    }
  }

  /** The first packet of a bucket that is not dropped, or -1. */
  #takeGood(bucket: number, nowMs: number): number {
    const lists = this.#lists
    while (!lists.isEmpty(bucket)) {
      const place = lists.takeFirst(bucket)
      // Less than a packet behind it is no queue, however long it waited.
      const isQueue = lists.bytesOf[bucket]! > this.#options.quantumBytes
      const waitMs = isQueue ? nowMs - lists.cameAtMsOf(place) - this.allowanceMs : 0
      if (!this.#codel.strikes(bucket, waitMs, nowMs) || this.#mark(place)) return place
      this.#options.onDrop(lists.slotOf(place), 'codel')
    }
    return -1
  }

  #mark(place: number): boolean {
    if (!this.#options.mark(this.#lists.offsetOf(place), this.#lists.lengthOf(place))) return false
    this.#marks++
    return true
  }

  /** Half of what the fattest bucket holds goes, and its oldest first: their senders learn of it soonest. */
  #dropFromFattest(): void {
    const { bytesOf } = this.#lists
    let fattest = 0
    for (let bucket = 1; bucket <= this.#lane; bucket++) {
      if (bytesOf[bucket]! > bytesOf[fattest]!) fattest = bucket
    }
    const enoughBytes = bytesOf[fattest]! / 2
    let packets = 0
    do this.#drop(fattest, 'queue-full')
    while (++packets < DROP_AT_ONCE && bytesOf[fattest]! > enoughBytes)
  }

  #drop(bucket: number, reason: DropReason): void {
    this.#options.onDrop(this.#lists.slotOf(this.#lists.takeFirst(bucket)), reason)
  }
}
