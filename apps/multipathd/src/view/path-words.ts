import type { PathSnapshot } from '../daemon/snapshot.ts'

/** How a path is, in a word: why it is not used, if so, else what its probes say. */
export function stateOf({ isUsed, unusedReason, state }: PathSnapshot): string {
  return isUsed ? state : (unusedReason ?? state)
}

/** Loss of both kinds, or of probes where nothing else is known. */
export function lossOf({ congestionLossRatio, radioLossRatio, probeLossRatio }: PathSnapshot): number {
  return congestionLossRatio === null ? probeLossRatio : congestionLossRatio + (radioLossRatio ?? 0)
}
