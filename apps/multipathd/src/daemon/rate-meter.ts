import type { TunnelStats } from '@mp/tunnel'

/** What a path carries, bit/s. */
export interface Rate {
  readonly txBps: number
  readonly rxBps: number
}

interface Counts {
  readonly txBytes: number
  readonly rxBytes: number
}

/** Makes rates of counters that are looked at now and then. */
export class RateMeter {
  #sampledMs = 0
  #counts = new Map<string, Counts>()
  #rates = new Map<string, Rate>()

  /** Rates are those since the sample before. */
  sample({ sessions, atMs }: TunnelStats): void {
    const passedMs = atMs - this.#sampledMs
    const counts = new Map<string, Counts>()
    const rates = new Map<string, Rate>()
    for (const { peer, paths } of sessions) {
      for (const { id, txBytes, rxBytes } of paths) {
        const key = keyOf(peer, id)
        counts.set(key, { txBytes, rxBytes })
        const before = this.#counts.get(key)
        if (before !== undefined && passedMs > 0) {
          rates.set(key, {
            txBps: rateBetween(before.txBytes, txBytes, passedMs),
            rxBps: rateBetween(before.rxBytes, rxBytes, passedMs),
          })
        }
      }
    }
    this.#sampledMs = atMs
    this.#counts = counts
    this.#rates = rates
  }

  /** Undefined for a path that was not there at the last two samples. */
  rateOf(peer: string, pathId: number): Rate | undefined {
    return this.#rates.get(keyOf(peer, pathId))
  }

  /** The next sample is the first of a new row. */
  reset(): void {
    this.#counts.clear()
    this.#rates.clear()
  }
}

/** No name has a line end in it. */
const keyOf = (peer: string, pathId: number): string => `${pathId}\n${peer}`

/** A path that was made anew under the same name counts from 0. */
function rateBetween(before: number, after: number, passedMs: number): number {
  return ((after >= before ? after - before : after) * 8000) / passedMs
}
