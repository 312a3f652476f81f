import type { Random } from '../random.ts'

/** Loss in bursts: a two-state Markov chain that moves once per packet. */
export interface GilbertElliott {
  /** Chance to go from the good to the bad state, 0…1. */
  readonly p: number
  /** Chance to go from the bad to the good state, 0…1; bursts last 1/r packets on average. */
  readonly r: number
  /** Loss in the good state, 0…1. */
  readonly goodLoss: number
  /** Loss in the bad state, 0…1. */
  readonly badLoss: number
}

/** How packets get lost: a ratio 0…1 of independent losses, or bursts. */
export type Loss = number | GilbertElliott

/** Name of the counter of a lost packet. */
export type LossReason = 'random-loss' | 'burst-loss'

/**
 * Burst loss after E. N. Gilbert, "Capacity of a burst-noise channel", BSTJ 39 (1960), and E. O. Elliott,
 * "Estimates of error rates for codes on burst-noise channels", BSTJ 42 (1963).
 *
 * The line is bad for p / (p + r) of the packets. Default: all packets pass in the good state, none in the bad one.
 * Throws RangeError for a value outside 0…1.
 */
export function gilbertElliott(
  options: Pick<GilbertElliott, 'p' | 'r'> & Partial<GilbertElliott>,
): GilbertElliott {
  const model = { goodLoss: 0, badLoss: 1, ...options }
  checkLoss(model)
  return model
}

/** Throws RangeError for a chance outside 0…1. */
export function checkLoss(loss: Loss): void {
  const chances = typeof loss === 'number' ? { loss } : { ...loss }
  for (const [name, chance] of Object.entries(chances)) {
    if (!(chance >= 0 && chance <= 1)) throw new RangeError(`${name} must be in 0…1, got ${chance}`)
  }
}

/** The fate of packets on one line. */
export class LossState {
  #bad = false

  /** The reason why the next packet gets lost, or undefined when it passes. */
  next(loss: Loss, random: Random): LossReason | undefined {
    if (typeof loss === 'number') return loss > 0 && random() < loss ? 'random-loss' : undefined
    if (random() < (this.#bad ? loss.r : loss.p)) this.#bad = !this.#bad
    if (random() >= (this.#bad ? loss.badLoss : loss.goodLoss)) return undefined
    return this.#bad ? 'burst-loss' : 'random-loss'
  }
}
