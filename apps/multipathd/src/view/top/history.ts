import type { Snapshot } from '../../daemon/snapshot.ts'

/** Seconds that are remembered. */
const CAPACITY = 240

/** What paths sent and got in the last minutes, for lines that show it. */
export class History {
  readonly #rates = new Map<string, number[]>()

  /** Adds the sum of both directions of every path; those that are gone are forgotten. */
  add({ peers }: Snapshot): void {
    const seen = new Set<string>()
    for (const { name, paths } of peers) {
      for (const { id, txBps, rxBps } of paths) {
        const key = keyOf(name, id)
        seen.add(key)
        const rates = this.#rates.get(key) ?? []
        rates.push((txBps ?? 0) + (rxBps ?? 0))
        if (rates.length > CAPACITY) rates.shift()
        this.#rates.set(key, rates)
      }
    }
    for (const key of this.#rates.keys()) if (!seen.has(key)) this.#rates.delete(key)
  }

  /** The last `count` of a path, bit/s, the oldest first. */
  of(peer: string, pathId: number, count: number): readonly number[] {
    return (this.#rates.get(keyOf(peer, pathId)) ?? []).slice(-count)
  }
}

const keyOf = (peer: string, pathId: number): string => `${pathId}\n${peer}`
