/** What became of a probe; the slots before the first and after `clear` are free. */
const PROBE_FREE = 0
export const PROBE_WAITING = 1
export const PROBE_EXPIRED = 2
export const PROBE_ANSWERED = 3
/** Added to the outcome of an extra probe of a burst. */
const EXTRA = 4

/**
 * The last probes sent, each with the deadline it was sent with: a ring of fixed size, no allocation per probe.
 * A probe stays in it after its end until its slot is used again, so late and second replies are known as such.
 */
export class ProbeRing {
  readonly #mask: number
  /** Per slot: when sent, and the deadline, ms. Side by side, as both are needed at once. */
  readonly #times: Float64Array
  /** Per slot: the nonce, then outcome + {@link EXTRA}. */
  readonly #probes: Uint32Array
  /** Probes ever added; the next goes to slot `#added & #mask`. */
  #added = 0
  /** Number of the oldest waiting probe, when one waits. */
  #oldest = 0
  #waiting = 0
  #nextDeadlineMs = Infinity

  /** Room for `capacity` probes, a power of two. */
  constructor(capacity: number) {
    this.#mask = capacity - 1
    this.#times = new Float64Array(2 * capacity)
    this.#probes = new Uint32Array(2 * capacity)
  }

  /** Probes neither answered nor expired. */
  get waiting(): number {
    return this.#waiting
  }

  /** The first deadline of a waiting probe, ms; `Infinity` when none waits. */
  get nextDeadlineMs(): number {
    return this.#nextDeadlineMs
  }

  /** False while the probe whose slot comes next still waits. */
  get hasRoom(): boolean {
    return this.outcome(this.#added & this.#mask) !== PROBE_WAITING
  }

  /** Adds a probe sent now; needs {@link hasRoom}. */
  add(nonce: number, sentMs: number, deadlineMs: number, extra: boolean): void {
    const slot = this.#added++ & this.#mask
    this.#times[2 * slot] = sentMs
    this.#times[2 * slot + 1] = deadlineMs
    this.#probes[2 * slot] = nonce
    this.#probes[2 * slot + 1] = PROBE_WAITING + (extra ? EXTRA : 0)
    if (this.#waiting++ === 0) this.#oldest = this.#added - 1
    this.#nextDeadlineMs = Math.min(this.#nextDeadlineMs, deadlineMs)
  }

  /** The slot of the youngest probe with this nonce, -1 when there is none. */
  find(nonce: number): number {
    const end = Math.max(0, this.#added - this.#mask - 1)
    for (let index = this.#added - 1; index >= end; index--) {
      const slot = index & this.#mask
      if (this.#probes[2 * slot] === nonce && this.outcome(slot) !== PROBE_FREE) return slot
    }
    return -1
  }

  /** The slot of the oldest probe whose deadline has come by `nowMs`, -1 when there is none. */
  findOverdue(nowMs: number): number {
    if (this.#nextDeadlineMs > nowMs) return -1
    for (let index = this.#oldest; index < this.#added; index++) {
      const slot = index & this.#mask
      if (this.outcome(slot) === PROBE_WAITING && this.isOverdue(slot, nowMs)) return slot
    }
    return -1
  }

  outcome(slot: number): number {
    return this.#probes[2 * slot + 1]! & ~EXTRA
  }

  sentMs(slot: number): number {
    return this.#times[2 * slot]!
  }

  isOverdue(slot: number, nowMs: number): boolean {
    return this.#times[2 * slot + 1]! <= nowMs
  }

  isExtra(slot: number): boolean {
    return this.#probes[2 * slot + 1]! >= EXTRA
  }

  /** Says what became of a probe: answered or expired. */
  settle(slot: number, outcome: typeof PROBE_ANSWERED | typeof PROBE_EXPIRED): void {
    const waited = this.outcome(slot) === PROBE_WAITING
    this.#probes[2 * slot + 1] = outcome + (this.isExtra(slot) ? EXTRA : 0)
    if (!waited) return
    this.#waiting--
    this.#scan()
  }

  /** Forgets all probes, so that no reply to them counts. Returns how many were waiting. */
  clear(): number {
    const waited = this.#waiting
    this.#probes.fill(PROBE_FREE)
    this.#waiting = 0
    this.#nextDeadlineMs = Infinity
    return waited
  }

  /** Finds the oldest waiting probe and the next deadline anew; few probes wait at a time. */
  #scan(): void {
    let nextMs = Infinity
    if (this.#waiting > 0) {
      while (this.outcome(this.#oldest & this.#mask) !== PROBE_WAITING) this.#oldest++
      for (let index = this.#oldest; index < this.#added; index++) {
        const slot = index & this.#mask
        if (this.outcome(slot) === PROBE_WAITING) nextMs = Math.min(nextMs, this.#times[2 * slot + 1]!)
      }
    }
    this.#nextDeadlineMs = nextMs
  }
}
