const BUCKETS = 8

/**
 * The smallest of the values of the last `windowMs`, in constant space: a ring of eight buckets in time, so a value
 * is forgotten after 7/8 to 1 windows. With nothing in the window the last minimum stands.
 *
 * `@mp/rate-control` has one of its own: parts do not import each other, and contracts are types only. What is not known is
 * `undefined` here, as stats tell it, and nothing is ever forgotten at once.
 */
export class WindowedMin {
  readonly #bucketMs: number
  readonly #minima: Float64Array = new Float64Array(BUCKETS).fill(Infinity)
  #current = -Infinity
  #min: number | undefined

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS
  }

  /** The minimum at the time of the last `record`; `undefined` before the first. */
  get min(): number | undefined {
    return this.#min
  }

  /** Adds `value` seen at `nowMs` and returns the minimum of the window. */
  record(value: number, nowMs: number): number {
    this.#advance(Math.floor(nowMs / this.#bucketMs))
    const minima = this.#minima
    const slot = this.#current & (BUCKETS - 1)
    minima[slot] = Math.min(minima[slot]!, value)
    let min = value
    for (let i = 0; i < BUCKETS; i++) min = Math.min(min, minima[i]!)
    this.#min = min
    return min
  }

  /** Empties the buckets of the time nothing was recorded in. */
  #advance(bucket: number): void {
    const passed = Math.min(BUCKETS, bucket - this.#current)
    for (let i = 0; i < passed; i++) this.#minima[(bucket - i) & (BUCKETS - 1)] = Infinity
    this.#current = Math.max(this.#current, bucket)
  }
}
