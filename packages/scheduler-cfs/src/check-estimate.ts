import type { PathEstimate } from '@mp/interface'
import { positive, within } from './check.ts'

const LARGEST = Number.MAX_VALUE

/** Throws RangeError for a value out of the range that `PathEstimate` gives. */
export function checkEstimate(estimate: PathEstimate): void {
  positive('bytesPerSecond', estimate.bytesPerSecond)
  within('owdMinMs', estimate.owdMinMs, -LARGEST, LARGEST)
  within('queueDelayMs', estimate.queueDelayMs, 0, LARGEST)
  within('lossRatio', estimate.lossRatio, 0, 1)
  within('repairMs', estimate.repairMs, 0, LARGEST)
  within('costMs', estimate.costMs, 0, LARGEST)
  within('queuedBytes', estimate.queuedBytes, 0, LARGEST)
  within('maxPacketBytes', estimate.maxPacketBytes, Number.MIN_VALUE, Infinity)
}
