/** Precision of the wheel, ms: timers fire up to one tick late, never early. */
const TICK_MS = 10
const SLOTS = 1024
/** List of the timers that are due and not yet taken; behind the lists of the slots. */
const DUE = SLOTS
/** Nodes in front of the timers: the heads of the lists. */
const HEADS = SLOTS + 1
/** The bitmap of slots: words and slots per word. */
const WORD_BITS = 32
const WORDS = SLOTS / WORD_BITS

/**
 * Timers for many, at constant cost: a timer is a small integer, its place the list of the slot `tick mod 1024` its
 * time falls into. Timers further away than one turn (10.24 s) lie in the same lists and are passed over until their
 * turn comes. Lists are doubly linked through typed arrays, so setting and cancelling allocate nothing.
 *
 * Source: G. Varghese and A. Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 6.
 */
export class TimerWheel {
  #next: Int32Array
  #previous: Int32Array
  /** Tick a timer is set for, NaN when it is not. */
  #tick: Float64Array
  /** One bit per slot that is not empty. */
  readonly #occupied: Int32Array = new Int32Array(WORDS)
  /** All ticks up to this one have been turned to. */
  #current = -Infinity

  constructor() {
    this.#next = new Int32Array(HEADS)
    this.#previous = new Int32Array(HEADS)
    this.#tick = new Float64Array(HEADS)
    for (let head = 0; head < HEADS; head++) this.#next[head] = this.#previous[head] = head
  }

  /** Sets timer `id` ≥ 0 to `atMs`, wherever it was; `Infinity` cancels it. The wheel must have been turned once. O(1). */
  set(id: number, atMs: number): void {
    if (!(atMs < Infinity)) return this.cancel(id)
    const tick = Math.max(this.#current + 1, Math.ceil(atMs / TICK_MS))
    if (this.#tick[HEADS + id] === tick) return
    this.cancel(id)
    this.#tick[HEADS + id] = tick
    this.#link(HEADS + id, slotOf(tick))
  }

  /** Forgets timer `id`. O(1). */
  cancel(id: number): void {
    this.#reserve(id)
    const node = HEADS + id
    if (Number.isNaN(this.#tick[node])) return
    this.#unlink(node)
    this.#tick[node] = NaN
  }

  /** Turns the wheel to `nowMs`; then {@link takeDue} hands out what is due. */
  turn(nowMs: number): void {
    const target = Math.floor(nowMs / TICK_MS)
    const passed = Math.min(SLOTS, target - this.#current)
    this.#current = Math.max(this.#current, target)
    for (let i = passed - 1; i >= 0; i--) this.#collect(slotOf(target - i))
  }

  /** A timer that is due, cancelled by that; -1 when there is none. Timers may be set and cancelled in between. */
  takeDue(): number {
    const node = this.#next[DUE]!
    if (node === DUE) return -1
    this.cancel(node - HEADS)
    return node - HEADS
  }

  /**
   * When to turn the wheel next, ms; `Infinity` = never. Not later than the first timer, but earlier, at most
   * once per 10.24 s, when only timers of later turns are set. O(slots / 32).
   */
  pollTimeout(): number {
    if (this.#next[DUE] !== DUE) return this.#current * TICK_MS
    // Nothing is set before the first turn; and with no number as an index the code below would stay slow for good.
    if (this.#current === -Infinity) return Infinity
    const start = slotOf(this.#current + 1)
    for (let i = 0; i <= WORDS; i++) {
      const word = (Math.floor(start / WORD_BITS) + i) % WORDS
      const bits = this.#occupied[word]! & (i === 0 ? -1 << (start % WORD_BITS) : -1)
      if (bits === 0) continue
      const slot = word * WORD_BITS + WORD_BITS - 1 - Math.clz32(bits & -bits)
      return (this.#current + 1 + slotOf(slot - start)) * TICK_MS
    }
    return Infinity
  }

  /** Moves the timers of `slot` whose turn has come to the due list. */
  #collect(slot: number): void {
    let node = this.#next[slot]!
    while (node !== slot) {
      const following = this.#next[node]!
      if (this.#tick[node]! <= this.#current) {
        this.#unlink(node)
        this.#link(node, DUE)
      }
      node = following
    }
  }

  /** Appends `node` to the list of `head`. */
  #link(node: number, head: number): void {
    const last = this.#previous[head]!
    this.#next[last] = node
    this.#previous[node] = last
    this.#next[node] = head
    this.#previous[head] = node
    if (head < SLOTS) this.#occupied[head >>> 5]! |= 1 << (head & 31)
  }

  #unlink(node: number): void {
    const next = this.#next[node]!
    const previous = this.#previous[node]!
    this.#next[previous] = next
    this.#previous[next] = previous
    const isEmptySlot = next === previous && next < SLOTS
    if (isEmptySlot) this.#occupied[next >>> 5]! &= ~(1 << (next & 31))
  }

  /** Makes room for timer `id`. */
  #reserve(id: number): void {
    const nodes = this.#tick.length
    if (HEADS + id < nodes) return
    const larger = Math.max(HEADS + id + 1, 2 * nodes)
    this.#next = grown(this.#next, new Int32Array(larger))
    this.#previous = grown(this.#previous, new Int32Array(larger))
    this.#tick = grown(this.#tick, new Float64Array(larger).fill(NaN))
  }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function slotOf(tick: number): number {
  return ((tick % SLOTS) + SLOTS) % SLOTS
}
