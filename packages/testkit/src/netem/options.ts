import { checkLoss, type Loss } from './loss.ts'

/** What a line is like, in one direction. All of it may change while packets are under way. */
export interface LineOptions {
  /** Bits per second that the line carries, overhead included. Default Infinity. */
  readonly rateBps?: number
  /** Bytes that each packet costs on top of its length, such as an Ethernet header. Default 0. */
  readonly overheadBytes?: number
  /** Least time from the end of transmission to arrival, ms. Default 0. */
  readonly delayMs?: number
  /** Packets take up to this much longer, uniformly, ms. Default 0. */
  readonly jitterMs?: number
  /** How long they all take the same time longer, ms. Default 0: jitter is drawn anew for each packet. */
  readonly jitterEveryMs?: number
  /** Whether a packet may overtake another that jitter holds back. Default false: arrival stays in order. */
  readonly jitterReorders?: boolean
  /** Packets lost on the wire, behind the queue: they have used the rate. Default 0. */
  readonly loss?: Loss
  /** Share of packets that arrive twice, 0…1. Default 0. */
  readonly duplicateRatio?: number
  /** Share of packets that are overtaken by `reorderPackets` later ones, 0…1. Default 0. */
  readonly reorderRatio?: number
  /** How many packets overtake, ≥ 1. Default 3. */
  readonly reorderPackets?: number
  /** Longest time that an overtaken packet is held when too few follow, ms. Default 50. */
  readonly reorderHoldMs?: number
  /**
   * Bytes that may wait, overhead and the packet in transmission included; what does not fit is dropped. An idle
   * line takes any packet. Default: what the line carries in 2 × `delayMs`, but at least in 50 ms.
   */
  readonly queueBytes?: number
  /** Largest packet that passes, bytes without overhead; a larger one is dropped as `too-big`. Default Infinity. */
  readonly mtuBytes?: number
  /** Swallows all that enters and all that still waits; what is on the wire arrives. Default false. */
  readonly blackhole?: boolean
}

/** A line with every option decided. */
export type Line = Required<LineOptions>

const DEFAULTS: Omit<Line, 'queueBytes'> = {
  rateBps: Infinity,
  overheadBytes: 0,
  delayMs: 0,
  jitterMs: 0,
  jitterEveryMs: 0,
  jitterReorders: false,
  loss: 0,
  duplicateRatio: 0,
  reorderRatio: 0,
  reorderPackets: 3,
  reorderHoldMs: 50,
  mtuBytes: Infinity,
  blackhole: false,
}

const FINITE = Number.MAX_VALUE

/** Least and greatest value of each number. */
const RANGES = {
  rateBps: [1, Infinity],
  overheadBytes: [0, FINITE],
  delayMs: [0, FINITE],
  jitterMs: [0, FINITE],
  jitterEveryMs: [0, FINITE],
  duplicateRatio: [0, 1],
  reorderRatio: [0, 1],
  reorderPackets: [1, FINITE],
  reorderHoldMs: [0, FINITE],
  queueBytes: [0, Infinity],
  mtuBytes: [1, Infinity],
} as const

const MIN_QUEUE_MS = 50

/** `options` with their defaults. Throws RangeError for a value out of range. */
export function lineOf(options: LineOptions): Line {
  const line = { ...DEFAULTS, ...options }
  const queueMs = Math.max(2 * line.delayMs, MIN_QUEUE_MS)
  const decided = { ...line, queueBytes: line.queueBytes ?? ((line.rateBps / 8) * queueMs) / 1000 }
  for (const [name, [least, greatest]] of Object.entries(RANGES)) {
    const value = decided[name as keyof typeof RANGES]
    if (value >= least && value <= greatest) continue
    throw new RangeError(`${name} must be from ${least} to ${greatest}, got ${value}`)
  }
  checkLoss(decided.loss)
  return decided
}
