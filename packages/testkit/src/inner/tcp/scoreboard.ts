const ARRIVED = 1
const LOST = 2
/** Sent again and on its way. */
const RESENT = 4
/** Sent again at least once. */
const EVER_RESENT = 8

const NONE = -1

/**
 * What a sender knows of each segment between the oldest without acknowledgement and the next new one. Segments are
 * numbered from 0; those on their way are also in a list by the time they were sent last.
 */
export class Scoreboard {
  readonly #mask: number
  readonly #state: Uint8Array
  readonly #sentMs: Float64Array
  readonly #earlier: Int32Array
  readonly #later: Int32Array
  #first = NONE
  #last = NONE
  /** Oldest segment without acknowledgement, and the next new one. */
  una = 0
  next = 0
  /** Arrived behind a gap; marked as lost; sent again and on their way. */
  arrived = 0
  lost = 0
  resent = 0
  /** Behind the newest segment that arrived. */
  highest = 0
  /** No segment before this one waits to be sent again. */
  #lostFrom = 0

  /** @param places a power of 2, more than there are ever segments on their way. */
  constructor(places: number) {
    this.#mask = places - 1
    this.#state = new Uint8Array(places)
    this.#sentMs = new Float64Array(places)
    this.#earlier = new Int32Array(places)
    this.#later = new Int32Array(places)
  }

  get places(): number {
    return this.#mask + 1
  }

  get outstanding(): number {
    return this.next - this.una
  }

  get inflight(): number {
    return this.next - this.una - this.arrived - this.lost + this.resent
  }

  sentMs(segment: number): number {
    return this.#sentMs[segment & this.#mask]!
  }

  hasArrived(segment: number): boolean {
    return (this.#state[segment & this.#mask]! & ARRIVED) !== 0
  }

  wasResent(segment: number): boolean {
    return (this.#state[segment & this.#mask]! & EVER_RESENT) !== 0
  }

  /** The next new segment leaves. */
  sendNext(nowMs: number): number {
    const segment = this.next++
    this.#state[segment & this.#mask] = 0
    this.#sentMs[segment & this.#mask] = nowMs
    this.#append(segment)
    return segment
  }

  /** A segment leaves again. */
  resend(segment: number, nowMs: number): void {
    const place = segment & this.#mask
    const state = this.#state[place]!
    this.#unlink(segment)
    if ((state & RESENT) === 0 && (state & LOST) !== 0) this.resent++
    this.#state[place] = state | EVER_RESENT | ((state & LOST) === 0 ? 0 : RESENT)
    this.#sentMs[place] = nowMs
    this.#append(segment)
  }

  /** The oldest segment that is lost and not sent again; -1 = none. */
  nextLost(): number {
    if (this.lost === this.resent) return NONE
    for (let segment = Math.max(this.una, this.#lostFrom); segment < this.next; segment++) {
      const state = this.#state[segment & this.#mask]!
      if ((state & LOST) === 0 || (state & RESENT) !== 0) continue
      this.#lostFrom = segment
      return segment
    }
    return NONE
  }

  /** A segment that is not known to have arrived is taken for lost. @returns whether that is new. */
  markLost(segment: number): boolean {
    const place = segment & this.#mask
    const state = this.#state[place]!
    const isNew = (state & LOST) === 0
    if (!isNew && (state & RESENT) === 0) return false
    if (isNew) this.lost++
    else this.resent--
    this.#state[place] = (state | LOST) & ~RESENT
    this.#unlink(segment)
    this.#lostFrom = Math.min(this.#lostFrom, segment)
    return true
  }

  /** Nothing was lost after all. */
  unmarkLost(): void {
    // From the newest down, each in front of all others: what is lost was sent before what is on its way.
    for (let segment = this.next - 1; segment >= this.una; segment--) {
      const place = segment & this.#mask
      const state = this.#state[place]!
      if ((state & LOST) === 0) continue
      if ((state & RESENT) === 0) this.#prepend(segment)
      this.#state[place] = state & ~(LOST | RESENT)
    }
    this.lost = 0
    this.resent = 0
  }

  /** A segment arrived behind a gap. */
  markArrived(segment: number): void {
    this.#leave(segment)
    this.#state[segment & this.#mask]! |= ARRIVED
    this.arrived++
    this.highest = Math.max(this.highest, segment + 1)
  }

  /** The oldest segment is acknowledged. */
  acknowledge(): void {
    const segment = this.una++
    if (this.hasArrived(segment)) this.arrived--
    else this.#leave(segment)
    this.highest = Math.max(this.highest, this.una)
  }

  /** Segments on their way, by the time they were sent; -1 = none. */
  firstSent(): number {
    return this.#first
  }

  sentAfter(segment: number): number {
    return this.#later[segment & this.#mask]!
  }

  #leave(segment: number): void {
    const state = this.#state[segment & this.#mask]!
    if ((state & LOST) !== 0) this.lost--
    if ((state & RESENT) !== 0) this.resent--
    this.#state[segment & this.#mask] = state & ~(LOST | RESENT)
    this.#unlink(segment)
  }

  #append(segment: number): void {
    const place = segment & this.#mask
    this.#earlier[place] = this.#last
    this.#later[place] = NONE
    if (this.#last === NONE) this.#first = segment
    else this.#later[this.#last & this.#mask] = segment
    this.#last = segment
  }

  #prepend(segment: number): void {
    const place = segment & this.#mask
    this.#earlier[place] = NONE
    this.#later[place] = this.#first
    if (this.#first === NONE) this.#last = segment
    else this.#earlier[this.#first & this.#mask] = segment
    this.#first = segment
  }

  #unlink(segment: number): void {
    const place = segment & this.#mask
    const earlier = this.#earlier[place]!
    const later = this.#later[place]!
    if (earlier === NONE && this.#first !== segment) return
    if (earlier === NONE) this.#first = later
    else this.#later[earlier & this.#mask] = later
    if (later === NONE) this.#last = earlier
    else this.#earlier[later & this.#mask] = earlier
    this.#earlier[place] = NONE
    this.#later[place] = NONE
  }
}
