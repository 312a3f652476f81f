import type { PacketPool, Runtime } from '@mp/interface'
import { systemRuntime } from '@mp/runtime-node'
import type { ResolveHost } from '@mp/runtime-node'
import { MAX_FRAME_BYTES } from './framing.ts'

/** How a TCP transport works. */
export interface TcpTransportOptions {
  /** Where frames live. */
  readonly pool: PacketPool
  /** Which streams to use. Default `auto`: `native` where the addon loads, else `net`. */
  readonly backend?: 'native' | 'net' | 'auto'
  /** Clock and timers. Default: those of the system. */
  readonly runtime?: Runtime
  /** Largest frame sent and accepted, bytes, 1…65 535. Both ends must agree. Default 65 535. */
  readonly maxFrameBytes?: number
  /**
   * Unsent bytes of a connection from which on `send` leaves frames behind, an integer ≥ 1. Default 64 KiB. Only with `net`, where the
   * kernel holds more on top of it; `native` has the kernel hold what leaves in 4 ms.
   */
  readonly highWaterBytes?: number
  /** Most frames handed over in one call, 1…511. Default 128. */
  readonly batchSize?: number
  /**
   * Most connections of a listener, an integer ≥ 1. Default 1024. Further ones are closed at once and counted as
   * `connection-limit`; those that the system could not hand over, as `accept-failed`.
   */
  readonly maxConnections?: number
  /** How long a connection that came in may live without anybody making a link of it, ms, > 0. Default 10 000. */
  readonly unclaimedTimeoutMs?: number
  /** Resolves host names. Default: as the system does. */
  readonly resolveHost?: ResolveHost
}

/** The options with all defaults filled in, but for the backend, which is chosen already. */
export interface CheckedOptions {
  readonly pool: PacketPool
  readonly runtime: Runtime
  readonly maxFrameBytes: number
  readonly highWaterBytes: number
  readonly batchSize: number
  readonly maxConnections: number
  readonly unclaimedTimeoutMs: number
  readonly resolveHost: ResolveHost | undefined
}

/** A system call takes 1024 parts, and a frame has two. */
const MAX_BATCH_FRAMES = 511
const MOST = Number.MAX_SAFE_INTEGER

/**
 * Throws RangeError for a value out of its range: else it would show only when the first connection comes in, where
 * nobody can handle it.
 */
export function checkedOptions(options: TcpTransportOptions): CheckedOptions {
  const { pool, runtime = systemRuntime(), unclaimedTimeoutMs = 10_000, resolveHost } = options
  if (!(unclaimedTimeoutMs > 0)) {
    throw new RangeError(`expected unclaimedTimeoutMs to be above 0, found ${unclaimedTimeoutMs}`)
  }
  return {
    pool,
    runtime,
    maxFrameBytes: integer('maxFrameBytes', options.maxFrameBytes ?? MAX_FRAME_BYTES, MAX_FRAME_BYTES),
    highWaterBytes: integer('highWaterBytes', options.highWaterBytes ?? 64 * 1024, MOST),
    batchSize: integer('batchSize', options.batchSize ?? 128, MAX_BATCH_FRAMES),
    maxConnections: integer('maxConnections', options.maxConnections ?? 1024, MOST),
    unclaimedTimeoutMs,
    resolveHost,
  }
}

function integer(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new RangeError(`expected ${name} to be an integer from 1 to ${max}, found ${value}`)
}
