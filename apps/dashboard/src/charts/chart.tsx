import type { VNode } from 'preact'
import type { PeerHistory } from '../feed/history.ts'
import { inWords } from '../feed/units.ts'
import { Swatch } from '../view/swatch.tsx'
import { dataOf } from './series.ts'
import { axisTop } from './specs.ts'
import type { ChartSpec } from './specs.ts'
import type { Theme } from './theme.ts'
import { usePlot } from './use-plot.ts'

interface Props {
  readonly spec: ChartSpec
  readonly title: string
  readonly history: PeerHistory
  readonly second: number
  readonly theme: Theme
  readonly row: number | undefined
  readonly onHover: (row: number | undefined) => void
}

/** One measure of all lines over the last minutes, with the figures under the pointer, or else the newest. */
export function Chart({ spec, title, history, second, theme, row, onHover }: Props): VNode {
  const box = usePlot({ spec, history, second, theme, onHover })
  const { seconds, tracks } = history
  const at = row === undefined || row >= seconds.length ? seconds.length - 1 : row
  return (
    <figure class={spec.isStacked ? 'chart tall' : 'chart'}>
      <figcaption>
        <h3>
          {title} <small>{spec.format(topOf(spec, history)).unit}</small>
        </h3>
        <ul class="legend">
          {tracks.map(({ id, name, columns }) => (
            <li key={id}>
              <Swatch id={id} />
              {name} <b>{inWords(spec.format(columns[spec.measure][at] ?? null))}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={box} aria-hidden="true" />
    </figure>
  )
}

/** The top of its axis, as the plot will have it. */
function topOf(spec: ChartSpec, history: PeerHistory): number {
  let highest = 0
  for (const column of dataOf(spec, history).slice(1)) {
    for (const value of column) highest = Math.max(highest, value ?? 0)
  }
  return axisTop(spec, highest)
}
