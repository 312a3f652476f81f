import type { Drops } from '@mp/interface'
import { DropCounter } from '../drop-counter.ts'
import { EventHeap, type HeapEvent } from '../event-heap.ts'
import type { Random } from '../random.ts'
import { LossState } from './loss.ts'
import { lineOf, type Line, type LineOptions } from './options.ts'

/** What a line does with packets it does not just carry. */
export interface ItemOwner {
  /** `item` goes no further: `queue-full`, `too-big`, `blackhole`, `random-loss` or `burst-loss`. */
  onDrop(item: number, reason: string): void
  /** Makes a second item like `item`; -1 when there is no room for one. Needed for `duplicateRatio`. */
  duplicate?(item: number): number
}

/** Where the packets of a line are, and what became of the others. */
export interface LineStats {
  /** Packets pushed, and their length without overhead. */
  readonly inPackets: number
  readonly inBytes: number
  /** Packets popped, and their length without overhead. */
  readonly outPackets: number
  readonly outBytes: number
  /** Packets that wait for transmission now, and their bytes with overhead. */
  readonly queuedPackets: number
  readonly queuedBytes: number
  /** Packets on the wire now. */
  readonly flyingPackets: number
  /** Packets that were doubled. */
  readonly duplicated: number
  /** Packets that were held back to be overtaken. */
  readonly reordered: number
  readonly drops: Drops
}

interface Packet extends HeapEvent {
  readonly item: number
  readonly lengthBytes: number
  readonly wireBytes: number
  /** Packets that shall still overtake it. */
  overtakers: number
}

/**
 * One direction of an emulated line, without clock and without I/O: a bounded queue, a transmitter with a rate, and
 * a wire with delay on which packets get lost, doubled and reordered. It carries numbers that mean packets to its
 * owner.
 *
 * `push` in, `pop` out, and look again at `pollTimeout`. Times must not go back. What happens does not depend on
 * how often it is asked, only on the options, the random numbers and the times of `push` and `set`.
 */
export class EmulatedLink {
  readonly #owner: ItemOwner
  readonly #random: Random
  #options: LineOptions
  #line: Line
  readonly #lossState = new LossState()
  readonly #queue: Packet[] = []
  #queuedBytes = 0
  /** When the first of the queue is transmitted. */
  #headDoneMs = 0
  readonly #wire = new EventHeap<Packet>()
  #held: Packet[] = []
  #lastDueMs = 0
  /** The jitter of now as a share of the most there is, and until when it holds. */
  #jitter01 = 0
  #jitterEndMs = 0
  #order = 0
  readonly #drops = new DropCounter()
  readonly #counts = { inPackets: 0, inBytes: 0, outPackets: 0, outBytes: 0, duplicated: 0, reordered: 0 }

  /** Throws RangeError for an option out of range. */
  constructor(options: LineOptions, random: Random, owner: ItemOwner) {
    this.#options = options
    this.#line = lineOf(options)
    this.#random = random
    this.#owner = owner
  }

  /** What the line is like now. */
  get line(): Line {
    return this.#line
  }

  /** Bytes that wait for transmission, overhead and the packet in transmission included. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Takes over `item`, a packet of `lengthBytes`. */
  push(item: number, lengthBytes: number, nowMs: number): void {
    this.#transmit(nowMs)
    this.#counts.inPackets++
    this.#counts.inBytes += lengthBytes
    const wireBytes = lengthBytes + this.#line.overheadBytes
    if (this.#line.blackhole) return this.#drop(item, 'blackhole')
    if (lengthBytes > this.#line.mtuBytes) return this.#drop(item, 'too-big')
    const full = this.#queue.length > 0 && this.#queuedBytes + wireBytes > this.#line.queueBytes
    if (full) return this.#drop(item, 'queue-full')
    const packet = { item, lengthBytes, wireBytes, overtakers: 0, atMs: 0, order: 0, index: -1 }
    this.#queue.push(packet)
    this.#queuedBytes += wireBytes
    if (this.#queue.length === 1) this.#headDoneMs = nowMs + this.#transmissionMs(packet)
    this.#transmit(nowMs)
  }

  /** When `pop` is worth asking, ms; `Infinity` = nothing is under way. It may then still have nothing to give. */
  pollTimeout(): number {
    const arrivalMs = this.#wire.peek()?.atMs ?? Infinity
    return Math.min(this.departureMs + this.#line.delayMs, arrivalMs)
  }

  /** When the next packet leaves the queue, ms; `Infinity` = none waits. */
  get departureMs(): number {
    return this.#queue.length > 0 ? this.#headDoneMs : Infinity
  }

  /** Brings queue and counters up to `nowMs`, as `push` and `pop` do by themselves. */
  advance(nowMs: number): void {
    this.#transmit(nowMs)
  }

  /** The next item that has arrived, now its caller's; -1 when there is none. */
  pop(nowMs: number): number {
    this.#transmit(nowMs)
    const next = this.#wire.peek()
    if (!next || next.atMs > nowMs) return -1
    this.#wire.remove(next)
    this.#counts.outPackets++
    this.#counts.outBytes += next.lengthBytes
    return next.item
  }

  /**
   * Changes the line from now on. A packet in transmission goes on with the new rate; what is on the wire already
   * arrives as it would have. Throws RangeError for a value out of range, and then nothing has changed.
   */
  set(changes: LineOptions, nowMs: number): void {
    const options = { ...this.#options, ...changes }
    const line = lineOf(options)
    this.#transmit(nowMs)
    const slower = this.#line.rateBps / line.rateBps
    this.#options = options
    this.#line = line
    if (this.#queue.length > 0) this.#headDoneMs = nowMs + (this.#headDoneMs - nowMs) * slower
    this.#transmit(nowMs)
  }

  stats(): LineStats {
    return {
      ...this.#counts,
      queuedPackets: this.#queue.length,
      queuedBytes: this.#queuedBytes,
      flyingPackets: this.#wire.size,
      drops: this.#drops.snapshot(),
    }
  }

  #transmissionMs(packet: Packet): number {
    return (packet.wireBytes * 8000) / this.#line.rateBps
  }

  /** Moves what is transmitted by `nowMs` from the queue to the wire. */
  #transmit(nowMs: number): void {
    while (this.#headDoneMs <= nowMs) {
      const packet = this.#queue.shift()
      if (!packet) return
      const doneMs = this.#headDoneMs
      this.#queuedBytes -= packet.wireBytes
      const next = this.#queue[0]
      if (next) this.#headDoneMs = doneMs + this.#transmissionMs(next)
      this.#enterWire(packet, doneMs)
    }
  }

  #enterWire(packet: Packet, atMs: number): void {
    const { blackhole, loss, duplicateRatio } = this.#line
    if (blackhole) return this.#drop(packet.item, 'blackhole')
    const lost = this.#lossState.next(loss, this.#random)
    if (lost) return this.#drop(packet.item, lost)
    this.#fly(packet, atMs)
    if (this.#happens(duplicateRatio)) this.#flyAgain(packet, atMs)
  }

  #flyAgain(packet: Packet, atMs: number): void {
    const item = this.#owner.duplicate?.(packet.item) ?? -1
    if (item < 0) return
    this.#counts.duplicated++
    this.#fly({ ...packet, item, index: -1 }, atMs)
  }

  #fly(packet: Packet, atMs: number): void {
    const { delayMs, jitterReorders, reorderRatio, reorderPackets, reorderHoldMs } = this.#line
    const soonestMs = atMs + delayMs + this.#jitter(atMs)
    const dueMs = jitterReorders ? soonestMs : Math.max(soonestMs, this.#lastDueMs)
    if (this.#happens(reorderRatio)) {
      this.#counts.reordered++
      packet.overtakers = reorderPackets
      this.#held.push(packet)
      this.#schedule(packet, dueMs + reorderHoldMs)
      return
    }
    this.#lastDueMs = Math.max(dueMs, this.#lastDueMs)
    this.#schedule(packet, dueMs)
    if (this.#held.length > 0) this.#overtake(dueMs)
  }

  #jitter(atMs: number): number {
    const { jitterMs, jitterEveryMs } = this.#line
    if (jitterMs === 0) return 0
    if (atMs >= this.#jitterEndMs) {
      this.#jitter01 = this.#random()
      this.#jitterEndMs = jitterEveryMs > 0 ? (Math.floor(atMs / jitterEveryMs) + 1) * jitterEveryMs : 0
    }
    return jitterMs * this.#jitter01
  }

  /** A packet that arrives at `dueMs` passes all that are held back. */
  #overtake(dueMs: number): void {
    for (const packet of this.#held) {
      packet.overtakers--
      if (packet.overtakers > 0 || packet.index < 0 || packet.atMs < dueMs) continue
      this.#wire.remove(packet)
      this.#schedule(packet, dueMs)
    }
    this.#held = this.#held.filter(({ overtakers, index }) => overtakers > 0 && index >= 0)
  }

  #schedule(packet: Packet, atMs: number): void {
    packet.atMs = atMs
    packet.order = this.#order++
    this.#wire.push(packet)
  }

  #happens(ratio: number): boolean {
    return ratio > 0 && this.#random() < ratio
  }

  #drop(item: number, reason: string): void {
    this.#drops.add(reason)
    this.#owner.onDrop(item, reason)
  }
}
