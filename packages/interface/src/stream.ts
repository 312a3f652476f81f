import type { PacketBatch } from './batch.ts'
import type { Drops } from './drops.ts'

/** A connection that carries whole frames both ways, in order and without loss. It is open, and not read yet. */
export interface FrameStream {
  /** `ip:port`, or `[ip]:port` for IPv6. */
  readonly localAddress: string
  readonly remoteAddress: string
  /** Begins to receive. Called once. */
  start(handler: FrameStreamHandler): void
  /**
   * Sends frames from the front of `batch`. Taken slots belong to the stream, which releases them; what is too much for
   * now stays in `batch`, still the caller's, and `onWritable` follows. Each has 1 byte at least, and no more than the
   * stream carries.
   * @returns frames taken.
   */
  send(batch: PacketBatch): number
  /** Sends what was taken and then the end. Frames still come, until `onClose` follows the end of the other side. */
  end(): void
  /** Breaks the connection off. Idempotent. */
  destroy(): void
  stats(): FrameStreamStats
}

/**
 * Who gets what a stream receives, and hears of its state. Its methods must not throw, and none is called from within
 * {@link FrameStream.send}.
 */
export interface FrameStreamHandler {
  /** Frames received, in order. Their slots now belong to the handler; the batch object does not. */
  onFrames(batch: PacketBatch): void
  /** `send` may take frames again after it left some behind. */
  onWritable(): void
  /** Once, when the connection is gone. `error` is absent for an orderly end, by whichever side. */
  onClose(error?: Error): void
}

/** Counters since the stream was opened. */
export interface FrameStreamStats {
  readonly rxFrames: number
  readonly rxBytes: number
  /** Bytes taken by `send` and not yet given to the system. */
  readonly backlogBytes: number
  readonly drops: Drops
}
