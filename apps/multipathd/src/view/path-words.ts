import type { PathSnapshot } from '../daemon/snapshot.ts'
import { mbit, milliseconds, percent } from './units.ts'

/** How a path is, in a word: why it is not used, if so, else what its probes say. */
export function stateOf({ isUsed, unusedReason, state }: PathSnapshot): string {
  return isUsed ? state : (unusedReason ?? state)
}

/** Loss of both kinds, or of probes where nothing else is known. */
function lossOf({ congestionLossRatio, radioLossRatio, probeLossRatio }: PathSnapshot): number {
  return congestionLossRatio === null ? probeLossRatio : congestionLossRatio + (radioLossRatio ?? 0)
}

/** What every table of paths begins with: PATH, STATE, UP, DOWN, CARRIES, RTT, QUEUE, LOSS. */
export function pathCells(path: PathSnapshot): string[] {
  return [
    path.name,
    stateOf(path),
    mbit(path.txBps),
    mbit(path.rxBps),
    mbit(path.capacityBps),
    milliseconds(path.rttMs),
    milliseconds(path.queueDelayMs),
    percent(lossOf(path)),
  ]
}
