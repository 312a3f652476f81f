/** Waits vary by this share up and down, so that many who lost the same peer do not return in step. */
const JITTER_RATIO = 0.25

export interface BackoffOptions {
  /** First wait, ms. */
  readonly firstMs: number
  /** No wait is longer than this before jitter, ms. */
  readonly lastMs: number
  /** Each wait is this many times the one before, > 1. */
  readonly factor: number
  /** Source of jitter, 0 ≤ x < 1. */
  readonly random: () => number
}

/** Growing waits with ±25 % jitter, for whatever is tried again and again. */
export class Backoff {
  readonly #options: BackoffOptions
  #waitMs: number

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#waitMs = options.firstMs
  }

  /** How long to wait before the next try, ms. */
  nextMs(): number {
    const { factor, lastMs, random } = this.#options
    const waitMs = this.#waitMs
    this.#waitMs = Math.min(lastMs, waitMs * factor)
    return waitMs * (1 - JITTER_RATIO + 2 * JITTER_RATIO * random())
  }

  /** The next wait is the first again. */
  reset(): void {
    this.#waitMs = this.#options.firstMs
  }
}
