const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** `values` as bars, the highest being `most`; nothing at all is a low line. */
export function sparkline(values: readonly number[], most: number = Math.max(...values)): string {
  return values.map((value) => BARS[barOf(value, most)]).join('')
}

function barOf(value: number, most: number): number {
  if (!(value > 0 && most > 0)) return 0
  return Math.min(BARS.length - 1, Math.ceil((value / most) * (BARS.length - 1)))
}
