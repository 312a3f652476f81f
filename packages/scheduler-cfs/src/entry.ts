import type { Schedulable } from '@mp/interface'

/** What the scheduler remembers of one path; made once, at `add`, and then only changed. */
export interface Entry<P extends Schedulable> {
  readonly path: P
  /** Rank by time of `add`: breaks ties, so that the same calls always give the same picks. */
  readonly order: number
  weight: number
  /** Bytes charged since `add`. */
  sentBytes: number
  runnable: boolean
  /**
   * Virtual bytes: absolute while the path is runnable; while it is suspended, its debt, that is the distance to the
   * minimum at which it will be placed again.
   */
  virtualBytes: number
  /**
   * The virtual bytes the heap sorts by, at most `virtualBytes`. Lags behind when a path that is not the head is
   * charged, and catches up when the entry comes to the top: a heap tolerates keys that are too small anywhere but
   * there, while a key changed in place would break its order.
   */
  key: number
}

/** Order of the heap: smallest key first, then the path added first. A strict total order. */
export function compareEntries<P extends Schedulable>(a: Entry<P>, b: Entry<P>): number {
  return a.key - b.key || a.order - b.order
}
