/** Why a packet was dropped; a name for the counter of the owner. */
export type DropReason =
  /** It, or those in front of it, waited too long for too long. */
  | 'codel'
  /** A bound was reached, and its bucket held the most. */
  | 'queue-full'
  /** The queue was cleared. */
  | 'closed'

/** How an `FqCodel` works. */
export interface FqCodelOptions {
  /** Takes back the slot of a packet that is dropped; called from inside of the calls of the queue, and must not call them. */
  readonly onDrop: (slot: number, reason: DropReason) => void
  /**
   * Marks the packet at these bytes of the arena as having met congestion, in place. False when its sender does not understand that (not
   * ECT): then it is dropped. Default: nothing is marked.
   */
  readonly mark?: (offsetBytes: number, lengthBytes: number) => boolean
  /** Most packets that wait, an integer ≥ 1. Default 4096. */
  readonly maxPackets?: number
  /** Most bytes that wait, an integer ≥ 65 535, so that any packet fits. Default 8 MiB. */
  readonly maxBytes?: number
  /** Buckets that flows are sorted into, a power of two, 1…65 536. Default 1024. */
  readonly buckets?: number
  /** Mixed into the choice of a bucket, an int32: random in production, so that nobody can aim at the bucket of another flow. Default 0. */
  readonly salt?: number
  /** What a flow may send per turn, bytes, an integer from 256 to 65 535. Default 1514. */
  readonly quantumBytes?: number
  /** How long packets may wait beyond the allowance, ms, > 0. Default 5. */
  readonly targetMs?: number
  /** For how long they must have done so, about the longest RTT there is, ms, > 0. Default 100. */
  readonly intervalMs?: number
}

/** The options with all defaults filled in. */
export type CheckedOptions = Readonly<Required<FqCodelOptions>>

/** Throws RangeError for a value out of its range. */
export function checkedOptions(options: FqCodelOptions): CheckedOptions {
  const { buckets = 1024 } = options
  within('buckets', buckets, 1, 65_536)
  if (2 ** Math.round(Math.log2(buckets)) !== buckets) {
    throw new RangeError(`expected buckets to be a power of two, found ${buckets}`)
  }
  return {
    onDrop: options.onDrop,
    mark: options.mark ?? (() => false),
    maxPackets: integer('maxPackets', options.maxPackets ?? 4096, 1, 2 ** 24),
    maxBytes: integer('maxBytes', options.maxBytes ?? 8 * 2 ** 20, 65_535, 2 ** 31 - 1),
    buckets,
    salt: options.salt ?? 0,
    quantumBytes: integer('quantumBytes', options.quantumBytes ?? 1514, 256, 65_535),
    targetMs: within('targetMs', options.targetMs ?? 5, Number.MIN_VALUE, Number.MAX_VALUE),
    intervalMs: within('intervalMs', options.intervalMs ?? 100, Number.MIN_VALUE, Number.MAX_VALUE),
  }
}

function integer(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value)) throw new RangeError(`expected ${name} to be an integer, found ${value}`)
  return within(name, value, min, max)
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new RangeError(`expected ${name} to be from ${min} to ${max}, found ${value}`)
}
