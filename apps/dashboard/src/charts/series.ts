import type { AlignedData, Band, Series } from 'uplot'
import type { Column, PeerHistory } from '../feed/history.ts'
import type { ChartSpec } from './specs.ts'

/** So that lines can be told apart without colours. */
const DASHES: readonly (readonly number[])[] = [[], [8, 3], [3, 3], [12, 3, 3, 3]]

/** The columns as uPlot takes them: stacked ones from the top down, so that each covers what is below it. */
export function dataOf({ measure, isStacked }: ChartSpec, { seconds, tracks }: PeerHistory): AlignedData {
  const columns = tracks.map((track) => track.columns[measure])
  return [[...seconds], ...(isStacked ? stacked(columns) : columns.map((column) => column.slice()))]
}

/** Each column on top of those before it. Where nothing at all is known there is a gap. */
export function stacked(columns: readonly Column[]): (number | null)[][] {
  const sums: (number | null)[] = (columns[0] ?? []).map(() => null)
  return columns.map((column) =>
    column.map((value, index) => {
      const below = sums[index] ?? null
      const sum = value === null ? below : (below ?? 0) + value
      sums[index] = sum
      return sum
    }),
  )
}

/** How each track is drawn. */
export function seriesOf(
  { isStacked }: ChartSpec,
  { tracks }: PeerHistory,
  colour: (id: number) => string,
): Series[] {
  return tracks.map(({ id, name }) => ({
    label: name,
    stroke: colour(id),
    width: isStacked ? 1 : 1.5,
    points: { show: false },
    ...(isStacked ? { fill: `${colour(id)}59` } : { dash: [...DASHES[id % DASHES.length]!] }),
  }))
}

/** Fills each stacked column down to the one below it only. */
export function bandsOf({ isStacked }: ChartSpec, { tracks }: PeerHistory): Band[] {
  if (!isStacked) return []
  return tracks.slice(1).map((_, index) => ({ series: [index + 2, index + 1] }))
}
