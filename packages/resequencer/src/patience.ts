import { checkMs } from './options.ts'
import type { ResequencerOptions } from './options.ts'
import type { SequenceRing } from './sequence-ring.ts'

const DEFAULT_HOLD_MS = 3
const MIN_LINGER_MS = 10
/** An inner TCP of Linux waits 200 ms over its RTT before it takes silence for loss. */
const DEFAULT_LINGER_MS = 160
const MAX_LINGER_MS = 500

/** How long a missing number is waited for. */
export class Patience {
  /** How late packets of the active paths came lately, ms. */
  guardMs = 0
  #holdMs = DEFAULT_HOLD_MS
  #lingerMs = DEFAULT_LINGER_MS
  readonly #ring: SequenceRing

  /** Throws RangeError for times out of range. */
  constructor(ring: SequenceRing, options: ResequencerOptions) {
    this.#ring = ring
    this.setHoldMs(options.holdMs ?? DEFAULT_HOLD_MS)
    this.setLingerMs(options.lingerMs ?? DEFAULT_LINGER_MS)
  }

  setHoldMs(holdMs: number): void {
    checkMs('holdMs', holdMs)
    this.#holdMs = holdMs
  }

  setLingerMs(lingerMs: number): void {
    checkMs('lingerMs', lingerMs)
    this.#lingerMs = Math.min(Math.max(lingerMs, MIN_LINGER_MS), MAX_LINGER_MS)
  }

  /** When the number at `place` is given up as hopeless, ms; Infinity while it is not. */
  hopelessDueMs(place: number): number {
    return this.#ring.hopelessMs[place]! + Math.max(this.#holdMs, this.guardMs)
  }

  /** When it is given up in any case, ms. */
  lingerDueMs(place: number): number {
    return this.#ring.sinceMs[place]! + this.#lingerMs
  }
}
