import type { Measure } from '../feed/history.ts'
import { milliseconds, percent, rate } from '../feed/units.ts'
import type { Quantity } from '../feed/units.ts'
import type { Words } from '../view/words.ts'

/** What a chart shows, and how. */
export interface ChartSpec {
  readonly measure: Measure
  readonly title: (words: Words) => string
  /** Lines are put on top of each other, so that the upper edge is their sum. */
  readonly isStacked: boolean
  /** The axis reaches at least this high. */
  readonly leastTop: number
  readonly format: (value: number | null) => Quantity
}

export const SPECS: readonly ChartSpec[] = [
  {
    measure: 'rxBps',
    title: ({ rx }) => rx,
    isStacked: true,
    leastTop: 1e6,
    format: rate,
  },
  {
    measure: 'txBps',
    title: ({ tx }) => tx,
    isStacked: true,
    leastTop: 1e6,
    format: rate,
  },
  {
    measure: 'rttMs',
    title: () => 'Round trip',
    isStacked: false,
    leastTop: 20,
    format: milliseconds,
  },
  {
    measure: 'queueDelayMs',
    title: () => 'Queueing',
    isStacked: false,
    leastTop: 20,
    format: milliseconds,
  },
  {
    measure: 'lossRatio',
    title: () => 'Loss',
    isStacked: false,
    leastTop: 0.02,
    format: percent,
  },
]

/** How high the axis reaches when that is the highest value: there is air above it. */
export const axisTop = ({ leastTop }: ChartSpec, highest: number): number =>
  Math.max(leastTop, highest * 1.08)
