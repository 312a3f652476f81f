/** What a scheduler needs to know of a path. */
export interface Schedulable {
  /** Unique among the paths of one scheduler. */
  readonly id: string | number
  /** Relative share of bytes at the time of `add`, finite and > 0. */
  readonly weight: number
}

/** A packet that wants a path. Who asks keeps one object and fills it in anew for each packet. */
export interface PickRequest {
  /** The packet with all that is charged for it, bytes, finite and >= 0. */
  lengthBytes: number
  nowMs: number
  /** As in the inner header: 0 bulk, 1 interactive, 2 critical. */
  trafficClass: number
  /** Hash of the inner flow, an int32. */
  flow: number
}

/**
 * Who is asked first. A `secondary` path serves when every primary that takes the packet is full or none is usable, a
 * `backup` path when no other is usable.
 */
export type PathRole = 'primary' | 'secondary' | 'backup'

/**
 * What paths are used for:
 *
 * - `aggregate`: all of them, each packet where it is expected to arrive first. Packets wait for a fast path as long as
 *   they would be under way longer on a slow one.
 * - `lowest-latency`: the fastest one, and another only while the queue of the fastest makes it slower than that.
 * - `redundant`: all of them at once, see `Scheduler.copies`; the capacity is that of the weakest.
 */
export type PathMode = 'aggregate' | 'lowest-latency' | 'redundant'

/** The mode of each traffic class; of one that is left out the scheduler's default. */
export interface ClassModes {
  readonly bulk?: PathMode
  readonly interactive?: PathMode
  readonly critical?: PathMode
}

/** What is known of a path at one moment. Who observes may keep one object for all paths: it is only read. */
export interface PathEstimate {
  /** What the path can carry, bytes per second, finite and > 0. */
  readonly bytesPerSecond: number
  /** Least one-way delay seen of late, ms, finite. All paths of a scheduler may be wrong by the same amount. */
  readonly owdMinMs: number
  /** Smoothed delay above `owdMinMs` in the queues of the network, ms, >= 0. */
  readonly queueDelayMs: number
  /** Share of packets that are lost, 0…1. */
  readonly lossRatio: number
  /** How long it takes to learn of a loss and to send again, ms, >= 0. */
  readonly repairMs: number
  /** How many ms another path may be slower and still be preferred, >= 0; 0 = costs nothing. */
  readonly costMs: number
  readonly role: PathRole
  /** Bytes charged to the path that have not left yet, >= 0. */
  readonly queuedBytes: number
  /** Largest packet it takes, bytes, > 0; `Infinity` = any. */
  readonly maxPacketBytes: number
  /** Its metered budget is used up: it carries nothing. */
  readonly isExhausted: boolean
}

/**
 * Why there was no path: `no-path`, none is usable; `too-big`, none that is usable takes so large a packet; `full`,
 * those that do have as much to send as they should: ask again a little later.
 */
export type Refusal = 'no-path' | 'too-big' | 'full'

/** Decides which path carries the next packet. Not aware of links, clocks or I/O. */
export interface Scheduler<P extends Schedulable> {
  /** Why the last `peek` found no path. Without a meaning after one that did. */
  readonly refusal: Refusal
  /** Makes `path` known and runnable. Throws RangeError for a duplicate id or a weight that is not finite and > 0. */
  add(path: P): void
  /** Forgets `path`. False when it is not known. */
  remove(path: P): boolean
  /** Takes `path` out of the choice and remembers its debt. False when unknown or suspended already. */
  suspend(path: P): boolean
  /** Puts `path` back: no credit for the time away, no forgiven debt. False when unknown or runnable already. */
  resume(path: P): boolean
  /** Changes the share from now on; what was sent before is not judged anew. False when unknown. Throws RangeError as `add`. */
  setWeight(path: P, weight: number): boolean
  /**
   * Tells what `path` is like now. A scheduler that measures nothing ignores it. False when unknown. Throws RangeError,
   * and changes nothing, for a value out of its range.
   */
  observe(path: P, estimate: PathEstimate, nowMs: number): boolean
  /** Changes what paths are used for, from the next packet on. Absent: the scheduler knows one way only. */
  setModes?(modes: ClassModes): void
  /** The path for this packet, or undefined: then `refusal` says why. Asked again it gives the same answer. */
  peek(request: Readonly<PickRequest>): P | undefined
  /** Bit c: packets of the class c may be asked {@link copies} about; for the others there never are any. Absent: for none. */
  readonly copiedClasses?: number
  /**
   * Further paths that a copy of the packet just peeked should take, so that the first to arrive counts; ask once per
   * packet, after `peek` and before `charge`. Paths to spare are written to the front of `out`, as many as fit.
   * @returns how many.
   */
  copies(request: Readonly<PickRequest>, out: (P | undefined)[]): number
  /**
   * Accounts `lengthBytes` sent on `path`, runnable or not. Unknown paths are ignored.
   * @param nowMs Default: the time of the last `peek`.
   */
  charge(path: P, lengthBytes: number, nowMs?: number): void
  /**
   * So many bytes may follow the packet that was just peeked and charged without another `peek`, which would name the same path
   * for each: packets of its flow and class, none longer than it, charged one by one or in one sum. Absent or 0: ask for each.
   */
  readonly runBytes?: number
}
