const BUCKETS = 8

/**
 * The smallest of the values of the last `windowMs`, in constant space: a ring of eight buckets in time, so a value
 * is forgotten after 7/8 to 1 windows. With nothing in the window the last minimum stands.
 *
 * `@mp/prober` has one of its own: parts do not import each other, and contracts are types only. What is not known is
 * `Infinity` here, which signals compare as it is, and all is forgotten when the base of delays is another one.
 */
export class WindowedMin {
  readonly #bucketMs: number
  readonly #minima: Float64Array = new Float64Array(BUCKETS).fill(Infinity)
  #current = -Infinity
  #min = Infinity

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS
  }

  /** The minimum at the time of the last `record`; `Infinity` before the first. */
  get min(): number {
    return this.#min
  }

  /** Adds `value` seen at `nowMs` and returns the minimum of the window. */
  record(value: number, nowMs: number): number {
    this.#advance(Math.floor(nowMs / this.#bucketMs))
    const slot = this.#current & (BUCKETS - 1)
    this.#minima[slot] = Math.min(this.#minima[slot]!, value)
    this.#min = this.#least()
    return this.#min
  }

  /** Forgets all values. */
  clear(): void {
    this.#minima.fill(Infinity)
    this.#min = Infinity
  }

  #least(): number {
    let min = Infinity
    for (let i = 0; i < BUCKETS; i++) min = Math.min(min, this.#minima[i]!)
    return min
  }

  /** Empties the buckets of the time nothing was recorded in. */
  #advance(bucket: number): void {
    const passed = Math.min(BUCKETS, bucket - this.#current)
    for (let i = 0; i < passed; i++) this.#minima[(bucket - i) & (BUCKETS - 1)] = Infinity
    this.#current = Math.max(this.#current, bucket)
  }
}
