/** How delays grow. */
export interface BackoffOptions {
  /** First delay before jitter, ms, > 0. Default 250. */
  readonly initialMs?: number
  /** How much longer each delay is than the one before, ≥ 1. Default 2. */
  readonly factor?: number
  /** Longest delay before jitter, ms, ≥ `initialMs`. Default 30 000. */
  readonly maxMs?: number
  /** Part of a delay by which it varies to both sides, 0…1, so that many clients do not come back at once. Default 0.25. */
  readonly jitterRatio?: number
}

/** How long to wait before the next try: exponential with a limit and jitter. A pure machine; randomness is an argument. */
export class Backoff {
  readonly #initialMs: number
  readonly #factor: number
  readonly #maxMs: number
  readonly #jitterRatio: number
  #nextMs: number

  /** Throws RangeError for options out of range. */
  constructor({ initialMs = 250, factor = 2, maxMs = 30_000, jitterRatio = 0.25 }: BackoffOptions = {}) {
    check('initialMs', initialMs, initialMs > 0 && initialMs < Infinity)
    check('factor', factor, factor >= 1 && factor < Infinity)
    check('maxMs', maxMs, maxMs >= initialMs && maxMs < Infinity)
    check('jitterRatio', jitterRatio, jitterRatio >= 0 && jitterRatio <= 1)
    this.#initialMs = initialMs
    this.#factor = factor
    this.#maxMs = maxMs
    this.#jitterRatio = jitterRatio
    this.#nextMs = initialMs
  }

  /** The delay before the next try, ms. @param random Uniform in 0…1. */
  nextDelayMs(random: number): number {
    const delayMs = this.#nextMs
    this.#nextMs = Math.min(this.#maxMs, delayMs * this.#factor)
    return delayMs * (1 + this.#jitterRatio * (2 * random - 1))
  }

  /** Begins again with the first delay, after a success. */
  reset(): void {
    this.#nextMs = this.#initialMs
  }
}

function check(name: string, value: number, valid: boolean): void {
  if (!valid) throw new RangeError(`backoff: ${name} cannot be ${value}`)
}
