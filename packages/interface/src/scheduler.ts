/** What a scheduler needs to know of a path. */
export interface Schedulable {
  /** Unique among the paths of one scheduler. */
  readonly id: string | number
  /** Relative share of bytes at the time of `add`, finite and > 0. */
  readonly weight: number
}

/** Decides which path carries the next packet. Not aware of links, time or I/O. */
export interface Scheduler<P extends Schedulable> {
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
  /** The path to use next, or undefined when none is runnable. Changes nothing. */
  peek(): P | undefined
  /** Accounts `lengthBytes` sent on `path`, runnable or not. Unknown paths are ignored. */
  charge(path: P, lengthBytes: number): void
}
