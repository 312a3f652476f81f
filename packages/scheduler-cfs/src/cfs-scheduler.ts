import type { Refusal, Schedulable, Scheduler } from '@mp/interface'
import { Heap } from 'heap-js'
import { checkLength, checkNewId, positive } from './check.ts'
import { compareEntries } from './entry.ts'
import { LARGEST_PACKET_BYTES, MAX_STEP_BYTES, RENORMALISE_ABOVE_BYTES } from './limits.ts'
import type { Entry } from './entry.ts'

/** Bounds of a scheduler. */
export interface CfsOptions {
  /**
   * Largest packet charged, bytes: finite and > 0. It is also the most debt a path keeps over a suspension or a change
   * of weight, so that what is charged to a suspended path (probes, say) cannot keep it silent for long afterwards.
   * Larger charges are accounted in full; only the debt kept is cut. The default, 65 535, is the largest IP packet, so
   * that no packet is ever forgiven; a tunnel may pass its MTU.
   */
  readonly maxPacketBytes?: number
}

/** The state of one path in a {@link CfsScheduler}. */
export interface CfsPathStats<P extends Schedulable = Schedulable> {
  readonly id: P['id']
  /** Share that acts now, > 0. */
  readonly weight: number
  /** Sent bytes ÷ weight on the common scale of all paths; for a suspended path, where it would be put back now. */
  readonly virtualBytes: number
  readonly runnable: boolean
  /** Bytes charged since `add`. */
  readonly sentBytes: number
}

/**
 * Shares bytes among paths by weight: the next packet goes to the runnable path with the fewest virtual bytes, which
 * are sent bytes ÷ weight.
 *
 * This is start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queueing", SIGCOMM 1996) with paths in the
 * place of flows, as in the Completely Fair Scheduler of Linux; a path that returns is placed by its lag, as in EEVDF.
 * For packets of at most L bytes and paths i, j that stay runnable:
 *
 * - their virtual bytes differ by at most `L / min(weight)`, at all times;
 * - between two picks of i each j sends at most `L · (weight_j / weight_i + 1)` bytes;
 * - a new or returning path starts at the minimum, plus the debt it left with: no burst for it, none for the others.
 *
 * `peek` is O(1), `charge` of the path just picked is one sift-down of the heap, O(log n), and the others are O(n).
 * Picking allocates nothing. Weights may have any scale; those within a factor of 1000 of each other keep their shares
 * of 1500-byte packets to 10⁻⁴ even when virtual bytes are at their least precise.
 */
export class CfsScheduler<P extends Schedulable> implements Scheduler<P> {
  /** A path that is runnable is never full: what it does with packets it cannot send is its own affair. */
  readonly refusal: Refusal = 'no-path'
  readonly #maxPacketBytes: number
  readonly #entries = new Map<P, Entry<P>>()
  /** The runnable paths, and no others. The head's key is always up to date. */
  readonly #heap = new Heap<Entry<P>>(compareEntries)
  /** Fewest virtual bytes among runnable paths; never falls, and stays when none is left. */
  #minBytes = 0
  /** What renormalising has taken off all virtual bytes so far. */
  #removedBytes = 0
  #added = 0

  /** Throws RangeError for a `maxPacketBytes` that is not finite and > 0. */
  constructor(options: CfsOptions = {}) {
    this.#maxPacketBytes = positive('maxPacketBytes', options.maxPacketBytes ?? LARGEST_PACKET_BYTES)
  }

  /**
   * Makes `path` known and runnable, level with the neediest runnable path.
   * Throws RangeError for an id that is in use or a weight that is not finite and > 0.
   */
  add(path: P): void {
    const weight = positive('weight', path.weight)
    checkNewId(path, this.#entries.keys())
    const order = this.#added++
    const entry = { path, order, weight, sentBytes: 0, runnable: false, virtualBytes: 0, key: 0 }
    this.#entries.set(path, entry)
    this.#insert(entry)
    this.#settle()
  }

  /** Forgets `path` and its debt. False when it is not known. */
  remove(path: P): boolean {
    this.suspend(path)
    return this.#entries.delete(path)
  }

  /** Takes `path` out of the choice and remembers its debt. False when unknown or suspended already. */
  suspend(path: P): boolean {
    const entry = this.#entries.get(path)
    if (entry === undefined || !entry.runnable) return false
    this.#extract(entry)
    this.#settle()
    return true
  }

  /**
   * Puts `path` back at the minimum of the runnable paths plus its debt, which is at most one packet.
   * False when unknown or runnable already.
   */
  resume(path: P): boolean {
    const entry = this.#entries.get(path)
    if (entry === undefined || entry.runnable) return false
    this.#insert(entry)
    this.#settle()
    return true
  }

  /**
   * Changes the share from now on. Debt in bytes stays the same, at most one packet; what was sent before is not judged
   * anew. False when `path` is not known. Throws RangeError for a weight that is not finite and > 0.
   */
  setWeight(path: P, weight: number): boolean {
    const next = positive('weight', weight)
    const entry = this.#entries.get(path)
    if (entry === undefined) return false
    const wasRunnable = entry.runnable
    if (wasRunnable) this.#extract(entry)
    entry.virtualBytes = (entry.virtualBytes * entry.weight) / next
    entry.weight = next
    if (wasRunnable) this.#insert(entry)
    this.#settle()
    return true
  }

  /** Shares follow the weights and nothing else: measurements are ignored. False when `path` is not known. */
  observe(path: P): boolean {
    return this.#entries.has(path)
  }

  /** The path to use next, whatever the packet, or undefined when none is runnable. Changes nothing. */
  peek(): P | undefined {
    return this.#heap.peek()?.path
  }

  /** Nothing is sent twice. */
  copies(): number {
    return 0
  }

  /**
   * Accounts `lengthBytes` sent on `path`: normally the path just picked, but any will do; for a suspended path it
   * becomes debt. Unknown paths are ignored. Throws RangeError for a length that is negative, not finite or NaN.
   */
  charge(path: P, lengthBytes: number): void {
    checkLength(lengthBytes)
    const head = this.#heap.peek()
    const entry = head?.path === path ? head : this.#entries.get(path)
    if (entry === undefined) return
    entry.sentBytes += lengthBytes
    entry.virtualBytes += Math.min(lengthBytes / entry.weight, MAX_STEP_BYTES)
    this.#settle()
  }

  /** The state of every path, in order of `add`; for status output and tests. */
  snapshot(): CfsPathStats<P>[] {
    return Array.from(this.#entries.values(), (entry) => ({
      id: entry.path.id,
      weight: entry.weight,
      virtualBytes: this.#removedBytes + (entry.runnable ? entry.virtualBytes : this.#placeOf(entry)),
      runnable: entry.runnable,
      sentBytes: entry.sentBytes,
    }))
  }

  /** Where a suspended path belongs: at the minimum, plus its debt cut to one packet. */
  #placeOf(entry: Entry<P>): number {
    return this.#minBytes + Math.min(entry.virtualBytes, this.#maxPacketBytes / entry.weight, MAX_STEP_BYTES)
  }

  #insert(entry: Entry<P>): void {
    entry.virtualBytes = this.#placeOf(entry)
    entry.key = entry.virtualBytes
    entry.runnable = true
    this.#heap.push(entry)
  }

  #extract(entry: Entry<P>): void {
    this.#heap.remove(entry)
    entry.runnable = false
    entry.virtualBytes -= this.#minBytes
  }

  /** Ends every change: brings the head's key up to date, then the minimum. */
  #settle(): void {
    const heap = this.#heap
    let head = heap.peek()
    while (head !== undefined && head.key !== head.virtualBytes) {
      head.key = head.virtualBytes
      heap.replace(head)
      head = heap.peek()
    }
    if (head === undefined) return
    this.#minBytes = head.virtualBytes
    if (this.#minBytes > RENORMALISE_ABOVE_BYTES) this.#renormalise()
  }

  /** Moves all virtual bytes down by the minimum, before they outgrow the precision of a double. Keeps their order. */
  #renormalise(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.runnable) continue
      entry.virtualBytes -= this.#minBytes
      entry.key = entry.virtualBytes
    }
    this.#heap.init()
    this.#removedBytes += this.#minBytes
    this.#minBytes = 0
  }
}
