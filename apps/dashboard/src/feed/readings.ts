import type { PathMoment, Peer } from './types.ts'

/** Share of what was sent lately that did not arrive: of probes, or of data where that says more. */
export function lossRatio({
  state,
  probeLossRatio,
  congestionLossRatio,
  radioLossRatio,
}: PathMoment): number {
  if (state === 'lost') return 1
  return Math.max(probeLossRatio, (congestionLossRatio ?? 0) + (radioLossRatio ?? 0))
}

/** All lines of a peer together, against the one that carries most. */
export interface Joined {
  readonly sumBps: number
  readonly bestBps: number
  readonly bestName: string
  /** Which part of the sum each line carries, 0…1, the best first. */
  readonly parts: readonly { readonly id: number; readonly ratio: number }[]
  /** How much more all of them are; `null` while too little flows to compare. */
  readonly ratio: number | null
}

/** Less than this is keeping lines alive, and no use of them, bit/s. */
const USE_BPS = 100_000

/** What all lines carry in one direction, against the best of them. Undefined without lines, or before rates are known. */
export function joined({ paths }: Peer, direction: 'rxBps' | 'txBps'): Joined | undefined {
  const rates = paths
    .flatMap(({ id, name, [direction]: bps }) => (bps === null ? [] : [{ id, name, bps }]))
    .toSorted((a, b) => b.bps - a.bps)
  const [best] = rates
  if (best === undefined) return undefined
  const sumBps = rates.reduce((sum, { bps }) => sum + bps, 0)
  const parts = rates.map(({ id, bps }) => ({ id, ratio: sumBps === 0 ? 0 : bps / sumBps }))
  const ratio = sumBps < USE_BPS ? null : sumBps / best.bps
  return { sumBps, bestBps: best.bps, bestName: best.name, parts, ratio }
}
