/** Wishes of the owner of a {@link CapacityController}. Rates are in bit/s, on the path: with all headers. */
export interface CapacityOptions {
  /** What is believed at first, > 0. Default 2 000 000; better what the path carried last time. */
  readonly startBps?: number
  /** Never believe less, > 0. Default 64 000. */
  readonly minBps?: number
  /** Never believe more, from `minBps`. Default `Infinity`. */
  readonly maxBps?: number
  /** The largest frame, bytes > 0. Default 1500. */
  readonly maxFrameBytes?: number
  /** Changes kept for `pollEvent`, an integer from 0; the oldest give way. Default 0. */
  readonly maxEvents?: number
}

/** The options with all defaults filled in. Throws RangeError for a value out of its range. */
export function checkedOptions(options: CapacityOptions): Required<CapacityOptions> {
  const {
    startBps = 2_000_000,
    minBps = 64_000,
    maxBps = Infinity,
    maxFrameBytes = 1500,
    maxEvents = 0,
  } = options
  positive('startBps', startBps)
  positive('minBps', minBps)
  positive('maxFrameBytes', maxFrameBytes)
  if (!(maxBps >= minBps)) throw new RangeError(`maxBps must be at least minBps, ${minBps}, not ${maxBps}`)
  return { startBps, minBps, maxBps, maxFrameBytes, maxEvents }
}

function positive(name: string, value: number): void {
  if (value > 0 && value < Infinity) return
  throw new RangeError(`${name} must be a finite number above 0, not ${value}`)
}
