import type { PathEstimate, PathRole, Schedulable } from '@mp/interface'
import { checkNewId, positive } from './check.ts'

/** Most paths of one scheduler. */
export const MAX_PATHS = 32

/** Assumed of a path that was never observed, per unit of weight: 5 Mbit/s. */
const UNKNOWN_BYTES_PER_SECOND = 625_000

const ROLES: readonly PathRole[] = ['primary', 'secondary', 'backup']

/**
 * What a pick looks at, in one array of a row per path: `hot[index * ROW + Hot.delayMs]`. Row by row, since a pick reads
 * a few fields of each path, and each further array costs it more than the fields do.
 */
export const Hot = {
  /** When all that was charged will have left; `-Infinity` = long ago. */
  freeAtMs: 0,
  /** The same if only critical packets counted: they overtake the others. */
  urgentFreeAtMs: 1,
  msPerByte: 2,
  /** From leaving to being of use on the other side, with all that counts as delay, ms; see {@link delayOf}. */
  delayMs: 3,
  maxPacketBytes: 4,
  /** What may wait for the path, ms. */
  allowanceMs: 5,
  /** Sent bytes ÷ weight on a scale that paths of one tier share; for those in no tier, the debt they left with. */
  virtualBytes: 6,
  /** Charged since `add`, bytes. */
  sentBytes: 7,
} as const
/** Fields of a row of {@link PathTable.hot}. */
export const ROW = 8

/** What an adaptive scheduler knows of its paths, in typed arrays. Index = rank by time of `add`. */
export class PathTable<P extends Schedulable> {
  readonly paths: P[] = []
  readonly #indexOf = new Map<P, number>()
  /** See {@link Hot}. */
  readonly hot: Float64Array = new Float64Array(MAX_PATHS * ROW)
  readonly weight: Float64Array = new Float64Array(MAX_PATHS)
  readonly owdMinMs: Float64Array = new Float64Array(MAX_PATHS)
  readonly bytesPerSecond: Float64Array = new Float64Array(MAX_PATHS)
  /** Rank of the role: 0 primary, 1 secondary, 2 backup. */
  readonly role: Uint8Array = new Uint8Array(MAX_PATHS)
  readonly isRunnable: Uint8Array = new Uint8Array(MAX_PATHS)
  readonly isExhausted: Uint8Array = new Uint8Array(MAX_PATHS)
  readonly isObserved: Uint8Array = new Uint8Array(MAX_PATHS)
  /** It has a price: nothing goes over it that need not. */
  readonly isPriced: Uint8Array = new Uint8Array(MAX_PATHS)
  /** Tier the path is in, see `Tiers`; -1 = none. */
  readonly tier: Int8Array = new Int8Array(MAX_PATHS)

  get count(): number {
    return this.paths.length
  }

  /** Index of `path`, or -1. */
  find(path: P): number {
    return this.#indexOf.get(path) ?? -1
  }

  /** Throws RangeError for an id in use, a weight that is not finite and > 0, and the path that is one too many. */
  add(path: P): void {
    positive('weight', path.weight)
    checkNewId(path, this.paths)
    const index = this.count
    if (index === MAX_PATHS) throw new RangeError(`expected at most ${MAX_PATHS} paths: remove one first`)
    this.paths.push(path)
    this.#indexOf.set(path, index)
    for (const column of this.#columns()) column[index] = 0
    const row = index * ROW
    this.hot.fill(0, row, row + ROW)
    this.hot[row + Hot.maxPacketBytes] = Infinity
    this.forgetQueue(index)
    this.isRunnable[index] = 1
    this.tier[index] = -1
    this.setWeight(index, path.weight)
  }

  /** Closes the gap: paths behind `index` move one to the front. */
  remove(index: number): void {
    this.hot.copyWithin(index * ROW, (index + 1) * ROW)
    for (const column of this.#columns()) column.copyWithin(index, index + 1)
    this.paths.splice(index, 1)
    this.#indexOf.clear()
    for (const [at, path] of this.paths.entries()) this.#indexOf.set(path, at)
  }

  /** Nothing waits for the path any more. */
  forgetQueue(index: number): void {
    this.hot[index * ROW + Hot.freeAtMs] = -Infinity
    this.hot[index * ROW + Hot.urgentFreeAtMs] = -Infinity
  }

  setWeight(index: number, weight: number): void {
    this.weight[index] = weight
    if (this.isObserved[index] === 0) this.#setCapacity(index, weight * UNKNOWN_BYTES_PER_SECOND)
  }

  /** Takes over an estimate that was checked. */
  observe(index: number, estimate: PathEstimate, nowMs: number): void {
    this.isObserved[index] = 1
    this.#setCapacity(index, estimate.bytesPerSecond)
    this.owdMinMs[index] = estimate.owdMinMs
    this.role[index] = ROLES.indexOf(estimate.role)
    this.isExhausted[index] = estimate.isExhausted ? 1 : 0
    this.isPriced[index] = estimate.costMs > 0 ? 1 : 0
    const { hot } = this
    const row = index * ROW
    hot[row + Hot.delayMs] = delayOf(estimate)
    hot[row + Hot.maxPacketBytes] = estimate.maxPacketBytes
    hot[row + Hot.freeAtMs] = nowMs + estimate.queuedBytes * hot[row + Hot.msPerByte]!
    hot[row + Hot.urgentFreeAtMs] = Math.min(hot[row + Hot.freeAtMs]!, hot[row + Hot.urgentFreeAtMs]!)
  }

  #setCapacity(index: number, bytesPerSecond: number): void {
    this.bytesPerSecond[index] = bytesPerSecond
    this.hot[index * ROW + Hot.msPerByte] = 1000 / bytesPerSecond
  }

  #columns(): (Float64Array | Uint8Array | Int8Array)[] {
    const { weight, owdMinMs, bytesPerSecond, role, isRunnable, isExhausted, isObserved, isPriced, tier } =
      this
    return [weight, owdMinMs, bytesPerSecond, role, isRunnable, isExhausted, isObserved, isPriced, tier]
  }
}

/** What a packet on this path loses against one that arrives at once, ms; losses count with the time to repair them. */
function delayOf(estimate: PathEstimate): number {
  const { owdMinMs, queueDelayMs, lossRatio, repairMs, costMs } = estimate
  return owdMinMs + queueDelayMs + lossRatio * repairMs + costMs
}
