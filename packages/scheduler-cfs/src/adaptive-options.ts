import type { ClassModes, PathMode } from '@mp/interface'
import { positive, within } from './check.ts'
import { LARGEST_PACKET_BYTES } from './limits.ts'

/** How an {@link AdaptiveScheduler} decides. */
export interface AdaptiveOptions {
  /** Mode of each traffic class. Default: `lowest-latency` for `critical`, `aggregate` for the others. */
  readonly modes?: ClassModes
  /**
   * How far a path may get ahead of the others in bytes ÷ weight, >= 0. `Infinity`, the default: weights do not count
   * once capacities are known; 0: nothing counts but weights, as in `CfsScheduler`.
   */
  readonly fairnessBytes?: number
  /** What may wait for a path beyond what makes it as slow as the slowest one, ms, >= 0. Default 50. */
  readonly slackMs?: number
  /** Paths that are slower than the fastest by more than this get nothing while there is a faster one, ms, >= 0. Default 150. */
  readonly spreadMs?: number
  /** Share of the capacity of all paths for second copies of critical packets, 0…1. Default 0.02; 0 = none. */
  readonly copyRatio?: number
  /** Largest packet, bytes, finite and > 0: bounds the debt a path keeps while away, as in `CfsOptions`. Default 65 535. */
  readonly maxPacketBytes?: number
}

/** Modes by the number of the class. */
export type ModeTable = readonly [PathMode, PathMode, PathMode]

/** The options with all defaults filled in. */
export interface CheckedOptions {
  readonly fairnessBytes: number
  readonly slackMs: number
  readonly spreadMs: number
  readonly copyRatio: number
  readonly maxPacketBytes: number
}

/** Throws RangeError for a value out of its range. */
export function checkedOptions(options: AdaptiveOptions): CheckedOptions {
  return {
    fairnessBytes: within('fairnessBytes', options.fairnessBytes ?? Infinity, 0, Infinity),
    slackMs: within('slackMs', options.slackMs ?? 50, 0, Infinity),
    spreadMs: within('spreadMs', options.spreadMs ?? 150, 0, Infinity),
    copyRatio: within('copyRatio', options.copyRatio ?? 0.02, 0, 1),
    maxPacketBytes: positive('maxPacketBytes', options.maxPacketBytes ?? LARGEST_PACKET_BYTES),
  }
}

/** The mode of each class, defaults filled in. */
export function modeTable(modes: ClassModes = {}): ModeTable {
  const { bulk = 'aggregate', interactive = 'aggregate', critical = 'lowest-latency' } = modes
  return [bulk, interactive, critical]
}
