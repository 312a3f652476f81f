import type { PacketBatch, PacketPool } from '@mp/interface'

/** How a resequencer works. */
export interface ResequencerOptions {
  /** Where the packets live. */
  readonly pool: PacketPool
  /**
   * Packets leave through here, in their order. Their slots now belong to the handler; the batch does not, and is taken
   * as empty when the handler returns. It must neither throw nor call the resequencer.
   */
  readonly onPackets: (batch: PacketBatch) => void
  /**
   * What `onPackets` is given, unless a batch comes in order and goes on itself. Empty between calls, so one may serve
   * many resequencers. Default: one of 64 packets.
   */
  readonly out?: PacketBatch
  /**
   * `flow` (default): a packet waits for the one before it in its flow. `session`: it waits for all before it, whatever
   * `flowDistances` say, for peers that do not send them.
   */
  readonly order?: 'flow' | 'session'
  /** Number of the first packet, an integer from 0 to 2^53-1. Default 0. */
  readonly firstSequence?: number
  /**
   * How many numbers ahead of the first missing one are taken in, and how many behind it are remembered: a power of two
   * from 64 to 65 536. Default 16 384. Costs about 70 bytes each.
   */
  readonly windowPackets?: number
  /** Most packets held, ≥ 1. Default: the window, at most half of the pool. */
  readonly maxHeldPackets?: number
  /** Most bytes of packets held, ≥ 1. Default 16 MiB. */
  readonly maxHeldBytes?: number
  /** See {@link Resequencer.setHoldMs}. Default 3. */
  readonly holdMs?: number
  /** See {@link Resequencer.setLingerMs}. Default 160. */
  readonly lingerMs?: number
  /** How long after it was skipped a packet is still let through, out of order, ms, ≥ 0. Default 1000. */
  readonly lateMs?: number
}

/** Everything of the options, checked. */
export type Settings = Required<Omit<ResequencerOptions, 'holdMs' | 'lingerMs'>>

const DEFAULT_OUT_PACKETS = 64
const DEFAULT_WINDOW_PACKETS = 16_384
const MIN_WINDOW_PACKETS = 64
/** Flow distances have 16 bits, and a waiting packet is found by its distance. */
const MAX_WINDOW_PACKETS = 65_536
const DEFAULT_MAX_HELD_BYTES = 16 << 20
const DEFAULT_LATE_MS = 1000

/** Fills in the defaults. Throws RangeError that says which option is wrong. */
export function settingsOf(options: ResequencerOptions): Settings {
  const { pool, windowPackets = DEFAULT_WINDOW_PACKETS, order = 'flow', onPackets } = options
  const settings = {
    pool,
    onPackets,
    order,
    windowPackets,
    firstSequence: options.firstSequence ?? 0,
    maxHeldPackets: options.maxHeldPackets ?? Math.max(1, Math.min(windowPackets, pool.capacity >> 1)),
    maxHeldBytes: options.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES,
    lateMs: options.lateMs ?? DEFAULT_LATE_MS,
  }
  const isPowerOfTwo = Number.isInteger(windowPackets) && (windowPackets & (windowPackets - 1)) === 0
  if (!isPowerOfTwo || windowPackets < MIN_WINDOW_PACKETS || windowPackets > MAX_WINDOW_PACKETS) {
    const range = `from ${MIN_WINDOW_PACKETS} to ${MAX_WINDOW_PACKETS}`
    throw new RangeError(`resequencer: windowPackets must be a power of two ${range}, not ${windowPackets}`)
  }
  checkAtLeast('firstSequence', settings.firstSequence, 0)
  checkAtLeast('maxHeldPackets', settings.maxHeldPackets, 1)
  checkAtLeast('maxHeldBytes', settings.maxHeldBytes, 1)
  checkMs('lateMs', settings.lateMs)
  return { ...settings, out: options.out ?? pool.createBatch(DEFAULT_OUT_PACKETS) }
}

/** Throws RangeError for what is no integer from `min` to 2^53-1. */
export function checkAtLeast(name: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return
  throw new RangeError(`resequencer: ${name} must be an integer of at least ${min}, not ${value}`)
}

/** Throws RangeError for what is no span of time. */
export function checkMs(name: string, valueMs: number): void {
  if (valueMs >= 0) return
  throw new RangeError(`resequencer: ${name} must be at least 0 ms, not ${valueMs}`)
}
