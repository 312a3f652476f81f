const OUT = 1
const LOST = 2

/** The packets of a sender that numbers each anew: which are on their way, since when, and what data is in them. */
export class PacketLog {
  readonly #places: number
  readonly #state: Uint8Array
  readonly #sentMs: Float64Array
  readonly #block: Float64Array
  /** Oldest packet on its way, next new one, and behind the newest that arrived. */
  oldest = 0
  next = 0
  highest = 0
  inflight = 0

  /** @param places more than there are ever packets between the oldest on its way and the newest. */
  constructor(places: number) {
    this.#places = places
    this.#state = new Uint8Array(places)
    this.#sentMs = new Float64Array(places)
    this.#block = new Float64Array(places)
  }

  /** Whether no packet may be sent before an old one is settled. */
  get isFull(): boolean {
    return this.next - this.oldest >= this.#places
  }

  sentMs(number: number): number {
    return this.#sentMs[number % this.#places]!
  }

  isOut(number: number): boolean {
    return this.#state[number % this.#places] === OUT
  }

  /** @returns the number of a new packet with `block` in it. */
  send(block: number, nowMs: number): number {
    const place = this.next % this.#places
    this.#state[place] = OUT
    this.#sentMs[place] = nowMs
    this.#block[place] = block
    this.inflight++
    return this.next++
  }

  /** @returns whether the packet was on its way until now. */
  arrive(number: number): boolean {
    const place = number % this.#places
    if (this.#state[place] !== OUT) return false
    this.#state[place] = 0
    this.inflight--
    this.highest = Math.max(this.highest, number + 1)
    return true
  }

  /** A packet on its way is lost. @returns the data that was in it. */
  lose(number: number): number {
    const place = number % this.#places
    this.#state[place] = LOST
    this.inflight--
    return this.#block[place]!
  }

  /** The oldest packet on its way, -1 = none. */
  firstOut(): number {
    this.forget()
    return this.oldest < this.next ? this.oldest : -1
  }

  /** Moves on to the oldest packet that is on its way. */
  forget(): void {
    while (this.oldest < this.next && !this.isOut(this.oldest)) this.oldest++
  }
}
