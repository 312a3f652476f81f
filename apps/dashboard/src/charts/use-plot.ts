import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { WINDOW_SECONDS } from '../feed/history.ts'
import type { PeerHistory } from '../feed/history.ts'
import { markTexts, minutesBefore, minuteText } from './axis.ts'
import { bandsOf, dataOf, seriesOf } from './series.ts'
import { axisTop } from './specs.ts'
import type { ChartSpec } from './specs.ts'
import type { Theme } from './theme.ts'

export interface PlotParts {
  readonly spec: ChartSpec
  readonly history: PeerHistory
  /** The right edge, seconds since 1970. */
  readonly second: number
  readonly theme: Theme
  /** The row under the pointer in any chart of the page; undefined when it is elsewhere. */
  readonly onHover: (row: number | undefined) => void
}

/** Charts that share a pointer. */
const POINTER = 'time'
const Y_AXIS_PX = 44
const X_AXIS_PX = 22

/** Draws into what the reference leads to. The plot is made anew only when its lines or colours are others. */
export function usePlot(parts: PlotParts): RefObject<HTMLDivElement | null> {
  const { spec, history, theme } = parts
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const now = useRef(parts)
  now.current = parts
  const lines = history.tracks.map(({ id, name }) => `${id} ${name}`).join()
  useLayoutEffect(() => {
    const made = new uPlot(optionsOf(now, box.current!), dataOf(spec, history), box.current!)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize(sizeOf(box.current!)))
    observer.observe(box.current!)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [lines, theme, spec])
  useLayoutEffect(() => plot.current?.setData(dataOf(spec, history)), [parts.second])
  return box
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): { width: number; height: number } => ({
  width: clientWidth,
  height: clientHeight,
})

function optionsOf(now: { readonly current: PlotParts }, box: HTMLElement): uPlot.Options {
  const { spec, history, theme } = now.current
  return {
    ...sizeOf(box),
    padding: [6, 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: POINTER } },
    scales: {
      x: { range: () => [now.current.second - WINDOW_SECONDS, now.current.second] },
      y: { range: (_, __, max) => [0, axisTop(spec, max ?? 0)] },
    },
    series: [{}, ...seriesOf(spec, history, theme.line)],
    bands: bandsOf(spec, history),
    axes: axesOf(now),
    hooks: { setCursor: [({ cursor: { idx } }) => now.current.onHover(idx ?? undefined)] },
  }
}

function axesOf(now: { readonly current: PlotParts }): uPlot.Axis[] {
  const { spec, theme } = now.current
  const common = { stroke: theme.text, font: theme.font, ticks: { show: false } }
  return [
    {
      ...common,
      size: X_AXIS_PX,
      gap: 6,
      grid: { show: false },
      splits: () => minutesBefore(now.current.second).slice(1),
      values: (_, marks) => marks.map((mark) => minuteText(mark, now.current.second)),
    },
    {
      ...common,
      size: Y_AXIS_PX,
      gap: 6,
      space: 28,
      grid: { stroke: theme.grid, width: 1 },
      values: (plot, marks) => markTexts(marks, spec.format(plot.scales['y']!.max!).unit),
    },
  ]
}
