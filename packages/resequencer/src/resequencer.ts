import type { Machine, PacketBatch } from '@mp/interface'
import { endOfRun } from './arrivals.ts'
import type { Arrivals } from './arrivals.ts'
import { HeldPackets } from './held-packets.ts'
import type { Rows } from './held-packets.ts'
import { checkAtLeast, settingsOf } from './options.ts'
import type { ResequencerOptions, Settings } from './options.ts'
import { Outlet } from './outlet.ts'
import { PathEvidence } from './path-evidence.ts'
import { Patience } from './patience.ts'
import { DELIVERED, HELD, MISSING, SequenceRing, SKIPPED } from './sequence-ring.ts'
import type { ResequencerStats } from './stats.ts'
import { Tally } from './tally.ts'
import type { DropReason, SkipReason } from './tally.ts'

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
  readonly #outlet: Outlet
  readonly #isStrict: boolean
  readonly #patience: Patience
  /** The latest time told. Undefined at first, so that it stays the object it came as, and no call makes another one. */
  #now: number | undefined
  /** Paths can deliver less than when that was looked at. */
  #isStirred = false
  /** Rows at hand. */
  readonly #rows = { from: 0, to: 0 }
  /** Numbers from here on are not taken: there are none, or, at 0, this is closed. */
  #endSequence = 2 ** 53

  /** Throws RangeError for options out of range. */
  constructor(options: ResequencerOptions) {
    this.#settings = settingsOf(options)
    const { windowPackets, firstSequence, order, out, onPackets } = this.#settings
    this.#isStrict = order === 'session'
    this.#ring = new SequenceRing(windowPackets, firstSequence)
    this.#held = new HeldPackets(this.#settings)
    this.#outlet = new Outlet(out, onPackets)
    this.#patience = new Patience(this.#ring, options)
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
      this.#outlet.copy(batch, { from: 0, to: inOrder })
      for (let row = inOrder; row < batch.count;)
        row = this.#receive(batch, row, arrivals) ? this.#follow(batch, row, arrivals) : row + 1
      this.#settle()
    } else if (inOrder > 0) {
      this.#settings.onPackets(batch)
    }
    batch.count = 0
  }

  pollTimeout(): number {
    if (this.#held.packets === 0) return Infinity
    const place = this.#ring.head
    return this.#isStirred
      ? this.#nowMs
      : Math.min(this.#patience.hopelessDueMs(place), this.#patience.lingerDueMs(place))
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
    this.#patience.setHoldMs(holdMs)
  }

  /**
   * How long a number is waited for since it was overtaken, ms, brought into 10…500: more than the difference in delay
   * of the paths, or the slower one's packets come late. Throws RangeError for a negative number or NaN.
   */
  setLingerMs(lingerMs: number): void {
    this.#patience.setLingerMs(lingerMs)
  }

  /** Passes on what is held and begins anew, with no paths: the peer has restarted. Throws RangeError as the constructor. */
  reset(firstSequence = 0): void {
    checkAtLeast('firstSequence', firstSequence, 0)
    this.#skipAll('reset')
    this.#outlet.flush()
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
      this.#drop(this.#held.forget(place), 'closed')
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
    ring.deliver(0, row)
    this.#tally.delivered += row
    return row
  }

  /** Whether the packet was expected: it left, or is held. */
  #receive(batch: PacketBatch, row: number, { sequences, flowDistances }: Arrivals): boolean {
    const sequence = sequences[row]!
    if (this.#endSequence === 0) return this.#drop(batch.slot[row]!, 'closed')
    if (!(Number.isSafeInteger(sequence) && sequence >= 0))
      return this.#drop(batch.slot[row]!, 'bad-sequence')
    const ring = this.#ring
    const isInversion = this.#paths.heard(batch.path[row]! & PATH_MASK, sequence)
    if (sequence - ring.base >= ring.window) this.#makeRoom(sequence)
    const delta = sequence - ring.base
    if (delta < 0) return this.#receiveOld(batch, row, delta, isInversion)
    if (delta >= ring.span) {
      ring.overtake(delta, this.#nowMs)
    } else {
      if (ring.state[ring.place(delta)] !== MISSING) return this.#drop(batch.slot[row]!, 'duplicate')
      this.#tally.reordered(ring.span - 1 - delta)
      if (isInversion) this.#learnGuard(batch.path[row]!, ring.place(delta))
    }
    this.#accept(batch, row, delta, this.#isStrict ? 1 : flowDistances[row]!)
    return true
  }

  /**
   * The rows behind `first`, which was just received, that come next in number, in its flow and on its path share its fate:
   * they leave if it left, and are held if it is. @returns the row after them.
   */
  #follow(batch: PacketBatch, first: number, arrivals: Arrivals): number {
    const ring = this.#ring
    const sequence = arrivals.sequences[first]!
    const pathId = batch.path[first]! & PATH_MASK
    if (!this.#paths.isHighest(pathId, sequence)) return first + 1
    const delta = sequence - ring.base + 1
    const isHeld = ring.state[ring.place(delta - 1)] === HELD
    const rows = this.#rows
    rows.from = first + 1
    rows.to = rows.from + ring.countNew(delta, endOfRun(batch, first, arrivals) - rows.from)
    if (isHeld) this.#held.limit(batch, rows)
    const packets = rows.to - rows.from
    if (packets === 0) return rows.to
    this.#paths.heard(pathId, sequence + packets)
    for (let at = delta; at < Math.min(ring.span, delta + packets); at++)
      this.#tally.reordered(ring.span - 1 - at)
    if (isHeld) {
      this.#held.put(ring.place(delta), batch, rows)
      ring.hold(delta, packets, this.#nowMs)
    } else {
      this.#tally.delivered += packets
      this.#outlet.copy(batch, rows)
      ring.deliver(delta, packets)
      this.#sweep()
    }
    return first + 1 + packets
  }

  /** A packet whose number was delivered or skipped before. @returns false: what follows it has a place of its own. */
  #receiveOld(batch: PacketBatch, row: number, delta: number, isInversion: boolean): boolean {
    const ring = this.#ring
    const place = ring.place(delta)
    if (!ring.remembers(delta)) return this.#drop(batch.slot[row]!, 'stale')
    if (ring.state[place] !== SKIPPED) return this.#drop(batch.slot[row]!, 'duplicate')
    if (this.#nowMs - ring.sinceMs[place]! > this.#settings.lateMs)
      return this.#drop(batch.slot[row]!, 'stale')
    if (isInversion) this.#learnGuard(batch.path[row]!, place)
    ring.state[place] = DELIVERED
    this.#tally.late++
    this.#pass(batch, row)
    return false
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
    this.#held.put(place, batch, this.#one(row))
    while (this.#held.isOverfull) this.#skip('overflow')
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
    this.#outlet.flush()
  }

  #lookAtPaths(): void {
    const ring = this.#ring
    ring.noteHopeless(this.#paths.hopelessBelow(ring.base), this.#nowMs)
    this.#patience.guardMs = this.#paths.guardMs(this.#nowMs)
  }

  #skipDue(): void {
    const ring = this.#ring
    while (ring.span > 0) {
      if (this.#nowMs >= this.#patience.hopelessDueMs(ring.head)) {
        this.#skip('hopeless')
      } else if (this.#nowMs >= this.#patience.lingerDueMs(ring.head)) {
        this.#paths.giveUpOn(ring.base)
        this.#skip('linger')
      } else return
    }
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
      at = this.#release(next)
    }
  }

  /** Moves base on to the next missing number. */
  #sweep(): void {
    const ring = this.#ring
    while (ring.span > 0 && ring.state[ring.head] !== MISSING) {
      const place = ring.head
      ring.advance()
      if (ring.state[place] !== HELD) continue
      this.#wake(this.#release(place))
    }
  }

  /** Passes on a held packet, and those right behind it that wait one for the other. @returns the place of the last. */
  #release(place: number): number {
    const ring = this.#ring
    let packets = 1
    let last = place
    ring.state[last] = DELIVERED
    this.#tally.waited(this.#nowMs - ring.sinceMs[last]!)
    for (; ring.waiter[last] === 1; packets++) {
      ring.waiter[last] = 0
      last = ring.ahead(last, 1)
      ring.state[last] = DELIVERED
      this.#tally.waited(this.#nowMs - ring.sinceMs[last]!)
    }
    this.#tally.delivered += packets
    this.#outlet.take(this.#held, place, packets)
    return last
  }

  #pass(batch: PacketBatch, row: number): void {
    this.#tally.delivered++
    this.#outlet.copy(batch, this.#one(row))
  }

  #one(row: number): Rows {
    this.#rows.from = row
    this.#rows.to = row + 1
    return this.#rows
  }

  #drop(slot: number, reason: DropReason): false {
    this.#tally.drops[reason]++
    this.#settings.pool.release(slot)
    return false
  }

  #learnGuard(pathId: number, place: number): void {
    const lateMs = this.#nowMs - this.#ring.hopelessMs[place]!
    if (lateMs > 0) this.#paths.learnGuard(pathId & PATH_MASK, lateMs, this.#nowMs)
  }
}
