import type { Machine, PacketBatch } from '@mp/interface'
import { HeldPackets } from './held-packets.ts'
import { checkAtLeast, checkMs, settingsOf } from './options.ts'
import type { ResequencerOptions, Settings } from './options.ts'
import { PathEvidence } from './path-evidence.ts'
import { DELIVERED, HELD, MISSING, SequenceRing, SKIPPED } from './sequence-ring.ts'
import type { ResequencerStats } from './stats.ts'
import { Tally } from './tally.ts'
import type { DropReason, SkipReason } from './tally.ts'

/** What is known of the packets in a batch besides its columns; both arrays by row. */
export interface Arrivals {
  /** Global sequence numbers, whole: integers from 0 to 2^53-1. */
  readonly sequences: Float64Array
  /** How many numbers back the packet before in the same flow is; 0 = none within reach, no order to keep. */
  readonly flowDistances: Uint16Array
  readonly nowMs: number
}

const DEFAULT_HOLD_MS = 3
const MIN_LINGER_MS = 10
/** An inner TCP of Linux waits 200 ms over its RTT before it takes silence for loss. */
const DEFAULT_LINGER_MS = 160
const MAX_LINGER_MS = 500
const PATH_MASK = 255

/**
 * Puts packets of several paths back in order. A packet leaves when the one before it in its flow was delivered or
 * skipped. A missing number is skipped
 *
 * - as hopeless, when every active path had passed it for {@link setHoldMs} or, if longer, for as long as packets of
 *   these paths overtook each other within the last 10 s (up to 40 ms);
 * - after {@link setLingerMs} in any case; the paths that had not passed it are not waited for until heard again;
 * - by overflow, the oldest first, when the window or the room for held packets is used up, or more would be held than are
 *   free in the pool.
 *
 * A path is active when it was heard, or added, within the last 320 ms in which packets arrived at all.
 *
 * The cost per packet does not depend on how many are held, and no object is made for one. A number beyond the window moves it;
 * one more than a window beyond the highest skips all before it at once.
 */
export class Resequencer implements Machine<never, never> {
  readonly #settings: Settings
  readonly #ring: SequenceRing
  readonly #held: HeldPackets
  readonly #paths = new PathEvidence()
  readonly #tally = new Tally()
  readonly #out: PacketBatch
  readonly #isStrict: boolean
  #holdMs = DEFAULT_HOLD_MS
  #lingerMs = DEFAULT_LINGER_MS
  /** How late packets of the active paths came lately, ms. */
  #guardMs = 0
  /** The latest time told. Undefined at first, so that it stays the object it came as, and no call makes another one. */
  #now: number | undefined
  /** Paths can deliver less than when that was looked at. */
  #isStirred = false
  /** Numbers from here on are not taken: there are none, or, at 0, this is closed. */
  #endSequence = 2 ** 53

  /** Throws RangeError for options out of range. */
  constructor(options: ResequencerOptions) {
    this.#settings = settingsOf(options)
    const { pool, windowPackets, firstSequence, order, out } = this.#settings
    this.#isStrict = order === 'session'
    this.#ring = new SequenceRing(windowPackets, firstSequence)
    this.#held = new HeldPackets(pool, windowPackets)
    this.#out = out
    this.setHoldMs(options.holdMs ?? DEFAULT_HOLD_MS)
    this.setLingerMs(options.lingerMs ?? DEFAULT_LINGER_MS)
  }

  /**
   * Takes all packets of `batch` in the order of its rows, with their path ids in column `path`, and empties it. Their
   * slots are used up: passed on, held, or dropped and counted. Throws RangeError when `arrivals` are fewer than rows,
   * before anything changes.
   */
  handlePackets(batch: PacketBatch, arrivals: Arrivals): void {
    const { sequences, flowDistances, nowMs } = arrivals
    if (sequences.length < batch.count || flowDistances.length < batch.count) {
      throw new RangeError(`resequencer: ${batch.count} packets need as many sequences and flow distances`)
    }
    this.#now = nowMs
    this.#paths.tick(nowMs)
    const inOrder = this.#takeInOrder(batch, sequences)
    // Mostly all of them, and then the batch goes on as it came.
    if (inOrder < batch.count) {
      for (let row = 0; row < inOrder; row++) this.#copyOut(batch, row)
      for (let row = inOrder; row < batch.count; row++) this.#receive(batch, row, arrivals)
      this.#settle()
    } else if (inOrder > 0) {
      this.#settings.onPackets(batch)
    }
    batch.count = 0
  }

  pollTimeout(): number {
    if (this.#held.packets === 0) return Infinity
    const place = this.#ring.head
    return this.#isStirred ? this.#nowMs : Math.min(this.#hopelessDueMs(place), this.#lingerDueMs(place))
  }

  handleTimeout(nowMs: number): void {
    this.#now = nowMs
    this.#settle()
  }

  get #nowMs(): number {
    return this.#now ?? 0
  }

  pollTransmit(): undefined {}

  pollEvent(): undefined {}

  /** The path, 0…255, may bring packets from now on: it is waited for as if it was just heard. */
  addPath(pathId: number): void {
    this.#paths.add(pathId & PATH_MASK)
  }

  /** The path brings nothing any more. */
  removePath(pathId: number): void {
    this.#paths.remove(pathId & PATH_MASK)
    this.#isStirred = true
  }

  /**
   * The peer reports that of all numbers up to `sessionSequence` the highest it gave to the path is `lastSequenceSent`,
   * -1 for none. So a path that has nothing to send delays nothing. An older snapshot than the last is ignored.
   */
  setSnapshot(pathId: number, lastSequenceSent: number, sessionSequence: number): void {
    this.#paths.setSnapshot(pathId & PATH_MASK, lastSequenceSent, sessionSequence)
    this.#isStirred = true
  }

  /**
   * How long a hopeless number is waited for, ms: for packets that overtake each other on their path, or for the repair
   * of a lost one. Throws RangeError for a negative number or NaN.
   */
  setHoldMs(holdMs: number): void {
    checkMs('holdMs', holdMs)
    this.#holdMs = holdMs
  }

  /**
   * How long a number is waited for since it was overtaken, ms, brought into 10…500: more than the difference in delay
   * of the paths, or the slower one's packets come late. Throws RangeError for a negative number or NaN.
   */
  setLingerMs(lingerMs: number): void {
    checkMs('lingerMs', lingerMs)
    this.#lingerMs = Math.min(Math.max(lingerMs, MIN_LINGER_MS), MAX_LINGER_MS)
  }

  /** Passes on what is held and begins anew, with no paths: the peer has restarted. Throws RangeError as the constructor. */
  reset(firstSequence = 0): void {
    checkAtLeast('firstSequence', firstSequence, 0)
    this.#skipAll('reset')
    this.#flush()
    this.#ring.reset(firstSequence)
    this.#paths.clear()
    this.#isStirred = false
  }

  /** Allocates: for metrics, not for the packet path. */
  stats(): ResequencerStats {
    return this.#tally.snapshot(this.#held, this.#paths.orders(this.#nowMs))
  }

  /** Releases what is held, and from now on all that comes. Idempotent. */
  close(): void {
    this.#endSequence = 0
    const ring = this.#ring
    for (let delta = 0; delta < ring.span; delta++) {
      const place = ring.place(delta)
      if (ring.state[place] !== HELD) continue
      this.#held.take(place, this.#out)
      this.#drop(this.#out, 0, 'closed')
      this.#out.count = 0
    }
    ring.reset(ring.base)
  }

  /** Takes note of the rows at the front that bring the next numbers, if nothing is missing. @returns how many they are. */
  #takeInOrder({ count, path }: PacketBatch, sequences: Float64Array): number {
    const ring = this.#ring
    const { base } = ring
    const end = ring.span > 0 ? 0 : Math.min(count, this.#endSequence - base)
    let row = 0
    // Of each path the last one says all: numbers rise.
    for (; row < end && sequences[row] === base + row; row++) {
      if (row > 0 && path[row] !== path[row - 1])
        this.#paths.heard(path[row - 1]! & PATH_MASK, base + row - 1)
    }
    if (row === 0) return 0
    this.#paths.heard(path[row - 1]! & PATH_MASK, base + row - 1)
    ring.deliver(row)
    this.#tally.delivered += row
    return row
  }

  #receive(batch: PacketBatch, row: number, { sequences, flowDistances }: Arrivals): void {
    const sequence = sequences[row]!
    if (this.#endSequence === 0) return this.#drop(batch, row, 'closed')
    if (!(Number.isSafeInteger(sequence) && sequence >= 0)) return this.#drop(batch, row, 'bad-sequence')
    const ring = this.#ring
    const isInversion = this.#paths.heard(batch.path[row]! & PATH_MASK, sequence)
    if (sequence - ring.base >= ring.window) this.#makeRoom(sequence)
    const delta = sequence - ring.base
    if (delta < 0) return this.#receiveOld(batch, row, delta, isInversion)
    if (delta >= ring.span) {
      ring.overtake(delta, this.#nowMs)
    } else {
      if (ring.state[ring.place(delta)] !== MISSING) return this.#drop(batch, row, 'duplicate')
      this.#tally.reordered(ring.span - 1 - delta)
      if (isInversion) this.#learnGuard(batch.path[row]!, ring.place(delta))
    }
    this.#accept(batch, row, delta, this.#isStrict ? 1 : flowDistances[row]!)
  }

  /** A packet whose number was delivered or skipped before. */
  #receiveOld(batch: PacketBatch, row: number, delta: number, isInversion: boolean): void {
    const ring = this.#ring
    const place = ring.place(delta)
    if (!ring.remembers(delta)) return this.#drop(batch, row, 'stale')
    if (ring.state[place] !== SKIPPED) return this.#drop(batch, row, 'duplicate')
    if (this.#nowMs - ring.sinceMs[place]! > this.#settings.lateMs) return this.#drop(batch, row, 'stale')
    if (isInversion) this.#learnGuard(batch.path[row]!, place)
    ring.state[place] = DELIVERED
    this.#tally.late++
    this.#pass(batch, row)
  }

  /** A packet that is expected: passes it on if the one before it in its flow has left, or holds it until then. */
  #accept(batch: PacketBatch, row: number, delta: number, distance: number): void {
    const ring = this.#ring
    const place = ring.place(delta)
    const before = ring.place(delta - distance)
    if (distance === 0 || distance > delta || ring.state[before] === DELIVERED) {
      ring.state[place] = DELIVERED
      this.#pass(batch, row)
      this.#wake(place)
      this.#sweep()
      return
    }
    ring.state[place] = HELD
    ring.sinceMs[place] = this.#nowMs
    // Two packets that name the same predecessor are the peer's fault. The second leaves when base reaches it.
    if (ring.waiter[before] === 0) ring.waiter[before] = distance
    this.#held.put(place, batch, row)
    while (this.#isOverfull()) this.#skip('overflow')
  }

  /** No more is held than is free: so there always is room for others of the pool. */
  #isOverfull(): boolean {
    const { maxHeldPackets, maxHeldBytes, pool } = this.#settings
    const { packets, bytes } = this.#held
    return packets > Math.min(maxHeldPackets, pool.capacity - pool.inUse) || bytes > maxHeldBytes
  }

  /** Skips until `sequence`, which is beyond the window, is within. */
  #makeRoom(sequence: number): void {
    const ring = this.#ring
    if (sequence - ring.base - ring.span < ring.window) {
      while (sequence - ring.base >= ring.window) this.#skip('overflow')
      return
    }
    this.#skipAll('overflow')
    this.#tally.skipped.overflow += sequence - ring.base
    ring.jump(sequence, this.#nowMs)
  }

  /** Skips what need not be waited for any longer, and passes on what may leave. */
  #settle(): void {
    const ring = this.#ring
    this.#isStirred = false
    // Skipping may leave behind all that a path was still waited for, or give up on a path: then look again.
    for (let looked = -1; ring.span > 0 && ring.base > looked;) {
      looked = ring.base
      this.#lookAtPaths()
      this.#skipDue()
    }
    this.#flush()
  }

  #lookAtPaths(): void {
    const ring = this.#ring
    ring.noteHopeless(this.#paths.hopelessBelow(ring.base), this.#nowMs)
    this.#guardMs = this.#paths.guardMs(this.#nowMs)
  }

  #skipDue(): void {
    const ring = this.#ring
    while (ring.span > 0) {
      if (this.#nowMs >= this.#hopelessDueMs(ring.head)) {
        this.#skip('hopeless')
      } else if (this.#nowMs >= this.#lingerDueMs(ring.head)) {
        this.#paths.giveUpOn(ring.base)
        this.#skip('linger')
      } else return
    }
  }

  #hopelessDueMs(place: number): number {
    return this.#ring.hopelessMs[place]! + Math.max(this.#holdMs, this.#guardMs)
  }

  #lingerDueMs(place: number): number {
    return this.#ring.sinceMs[place]! + this.#lingerMs
  }

  #skipAll(reason: SkipReason): void {
    while (this.#ring.span > 0) this.#skip(reason)
  }

  /** Waits no longer for base, which is missing. */
  #skip(reason: SkipReason): void {
    const ring = this.#ring
    const place = ring.head
    ring.state[place] = SKIPPED
    ring.sinceMs[place] = this.#nowMs
    this.#tally.skipped[reason]++
    ring.advance()
    this.#wake(place)
    this.#sweep()
  }

  /** Passes on what waited for the number at `place`, and what waited for that. */
  #wake(place: number): void {
    const ring = this.#ring
    for (let at = place; ring.waiter[at] !== 0;) {
      const next = ring.ahead(at, ring.waiter[at]!)
      ring.waiter[at] = 0
      this.#release(next)
      at = next
    }
  }

  /** Moves base on to the next missing number. */
  #sweep(): void {
    const ring = this.#ring
    while (ring.span > 0 && ring.state[ring.head] !== MISSING) {
      const place = ring.head
      ring.advance()
      if (ring.state[place] !== HELD) continue
      this.#release(place)
      this.#wake(place)
    }
  }

  /** Passes on a held packet. */
  #release(place: number): void {
    const ring = this.#ring
    ring.state[place] = DELIVERED
    this.#tally.waited(this.#nowMs - ring.sinceMs[place]!)
    this.#tally.delivered++
    if (this.#out.count === this.#out.capacity) this.#flush()
    this.#held.take(place, this.#out)
  }

  #pass(batch: PacketBatch, row: number): void {
    this.#tally.delivered++
    this.#copyOut(batch, row)
  }

  #copyOut(batch: PacketBatch, row: number): void {
    if (this.#out.count === this.#out.capacity) this.#flush()
    batch.copyRow(row, this.#out)
  }

  #flush(): void {
    if (this.#out.count === 0) return
    this.#settings.onPackets(this.#out)
    this.#out.count = 0
  }

  #drop(batch: PacketBatch, row: number, reason: DropReason): void {
    this.#tally.drops[reason]++
    this.#settings.pool.release(batch.slot[row]!)
  }

  #learnGuard(pathId: number, place: number): void {
    const lateMs = this.#nowMs - this.#ring.hopelessMs[place]!
    if (lateMs > 0) this.#paths.learnGuard(pathId & PATH_MASK, lateMs, this.#nowMs)
  }
}
