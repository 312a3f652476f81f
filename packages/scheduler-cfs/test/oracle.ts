import type { Schedulable, Scheduler } from '@mp/interface'

interface Row<P> {
  readonly path: P
  weight: number
  virtual: number
  lag: number
  on: boolean
}

/**
 * The rules of placement written down as plainly as possible: an array, searched from the front every time, never
 * renormalised. Slow and obviously correct.
 */
export class OracleScheduler<P extends Schedulable> implements Scheduler<P> {
  readonly refusal = 'no-path'
  rows: Row<P>[] = []
  minimum = 0
  readonly largest: number

  constructor(largest: number) {
    this.largest = largest
  }

  add(path: P): void {
    this.rows.push({ path, weight: path.weight, virtual: this.minimum, lag: 0, on: true })
    this.raiseMinimum()
  }

  remove(path: P): boolean {
    const known = this.row(path) !== undefined
    this.rows = this.rows.filter((row) => row.path !== path)
    this.raiseMinimum()
    return known
  }

  suspend(path: P): boolean {
    const row = this.row(path)
    if (!row?.on) return false
    row.on = false
    row.lag = Math.max(0, row.virtual - this.minimum)
    this.raiseMinimum()
    return true
  }

  resume(path: P): boolean {
    const row = this.row(path)
    if (row === undefined || row.on) return false
    row.on = true
    row.virtual = this.minimum + this.clamp(row, row.lag)
    this.raiseMinimum()
    return true
  }

  setWeight(path: P, weight: number): boolean {
    const row = this.row(path)
    if (row === undefined) return false
    const lag = ((row.on ? row.virtual - this.minimum : row.lag) * row.weight) / weight
    row.weight = weight
    if (row.on) row.virtual = this.minimum + this.clamp(row, lag)
    else row.lag = lag
    this.raiseMinimum()
    return true
  }

  observe(path: P): boolean {
    return this.row(path) !== undefined
  }

  copies(): number {
    return 0
  }

  peek(): P | undefined {
    let best: Row<P> | undefined
    for (const row of this.rows) {
      if (row.on && (best === undefined || row.virtual < best.virtual)) best = row
    }
    return best?.path
  }

  charge(path: P, lengthBytes: number): void {
    const row = this.row(path)
    if (row === undefined) return
    if (row.on) row.virtual += lengthBytes / row.weight
    else row.lag += lengthBytes / row.weight
    this.raiseMinimum()
  }

  /** Virtual bytes of every path, in order of `add`. */
  virtuals(): number[] {
    return this.rows.map((row) => (row.on ? row.virtual : this.minimum + this.clamp(row, row.lag)))
  }

  private row(path: P): Row<P> | undefined {
    return this.rows.find((row) => row.path === path)
  }

  private clamp(row: Row<P>, lag: number): number {
    return Math.min(lag, this.largest / row.weight)
  }

  private raiseMinimum(): void {
    const running = this.rows.filter((row) => row.on).map((row) => row.virtual)
    if (running.length > 0) this.minimum = Math.max(this.minimum, Math.min(...running))
  }
}
