import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { Chart } from '../charts/chart.tsx'
import { SPECS } from '../charts/specs.ts'
import { useTheme } from '../charts/theme.ts'
import type { PeerHistory } from '../feed/history.ts'
import type { Words } from './words.ts'

interface Props {
  readonly history: PeerHistory
  /** Of the newest point, since 1970. */
  readonly seconds: number
  readonly words: Words
}

/** The last five minutes in charts, all with the same time under the pointer. */
export function ChartGrid({ history, seconds, words }: Props): VNode {
  const theme = useTheme()
  const [row, hover] = useState<number>()
  return (
    <section class="charts" aria-label="The last five minutes">
      {SPECS.map((spec) => (
        <Chart
          key={spec.measure}
          spec={spec}
          title={spec.title(words)}
          history={history}
          second={seconds}
          theme={theme}
          row={row}
          onHover={hover}
        />
      ))}
    </section>
  )
}
