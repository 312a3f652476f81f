/** The lines of the demo: a good one, a fair one and a poor one. */
export interface DemoLine {
  readonly name: string
  readonly rateMbit: number
}

export const DEMO_LINES: readonly DemoLine[] = [
  { name: 'dsl', rateMbit: 40 },
  { name: 'lte', rateMbit: 24 },
  { name: 'sat', rateMbit: 12 },
]

/** The line whose cut the demo shows: neither the best nor the least. */
export const CUT_LINE = 'lte'

export const SUM_MBIT: number = DEMO_LINES.reduce((sum, line) => sum + line.rateMbit, 0)
export const BEST: DemoLine = DEMO_LINES.reduce((best, line) => (line.rateMbit > best.rateMbit ? line : best))
