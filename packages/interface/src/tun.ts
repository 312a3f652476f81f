import type { PacketBatch } from './batch.ts'
import type { Drops } from './drops.ts'

/**
 * A layer-3 tunnel device: bare IPv4 and IPv6 packets, in batches.
 *
 * A packet whose column `flags` has FLAG_PARTIAL_CHECKSUM of `@mp/wire` has a TCP or UDP checksum that is begun only. A
 * device may hand over such packets only when it was asked for them. Every device takes them: it leaves the checksum to
 * the system, or finishes it before it writes; one that is neither TCP nor UDP is dropped as `malformed`.
 */
export interface TunDevice {
  readonly name: string
  /** What runs behind the contract: `native`, `tuntap2`, `memory`. */
  readonly backend: string
  /** Largest IP packet, bytes. */
  readonly mtuBytes: number
  /** Begins to read. Called once. */
  start(handler: TunHandler): void
  /**
   * Hands packets to the kernel, from the front of `batch`. Taken slots belong to the device, which releases
   * them; what it could not take stays in `batch`, still the caller's.
   * @returns packets taken.
   */
  write(batch: PacketBatch): number
  stats(): TunStats
  /** Stops reading, removes what opening made. Idempotent. */
  close(): Promise<void>
}

/**
 * Who gets what a TUN device reads. Its methods must not throw, and none is called from within {@link TunDevice.write}.
 */
export interface TunHandler {
  /** Packets read, in order. Their slots now belong to the handler; the batch object does not. */
  onPackets(batch: PacketBatch): void
  /** Once, when the device is gone. `error` is absent after {@link TunDevice.close}. */
  onClose(error?: Error): void
}

/** Counters since the device was opened. */
export interface TunStats {
  readonly rxPackets: number
  readonly rxBytes: number
  readonly txPackets: number
  readonly txBytes: number
  readonly drops: Drops
}
