import type { Row } from './row.ts'
import type { LinkSpec } from './scenario.ts'

const COLUMNS = [
  'id',
  'scenario',
  'Mbit/s',
  'best',
  '÷best',
  '÷sum',
  'gap',
  'rexmit',
  'rto',
  'p50',
  'p95',
  'lost',
  'lines',
] as const

/** Rows as text, one line each. Goodput beside the best line alone and the sum of all; ms for gap and pings. */
export function table(rows: readonly Row[]): string {
  return [COLUMNS, ...rows.map(cells)].map(textOf).join('\n')
}

const WIDTHS = [3, 27, 6, 6, 5, 5, 5, 6, 4, 4, 4, 4]

function textOf(row: readonly string[]): string {
  const padded = row
    .slice(0, WIDTHS.length)
    .map((cell, column) => (column < 2 ? cell.padEnd(WIDTHS[column]!) : cell.padStart(WIDTHS[column]!)))
  return [...padded, ` ${row.at(-1)!}`].join(' ')
}

function cells({ scenario, bonded, bestMbit, sumMbit }: Row): readonly string[] {
  const { id, name, links } = scenario
  return [
    id,
    name,
    bonded.mbit.toFixed(1),
    bestMbit.toFixed(1),
    (bonded.mbit / bestMbit).toFixed(2),
    (bonded.mbit / sumMbit).toFixed(2),
    bonded.gapMs.toFixed(0),
    String(bonded.retransmits),
    String(bonded.timeouts),
    bonded.pingP50Ms.toFixed(0),
    bonded.pingP95Ms.toFixed(0),
    String(bonded.lostPings),
    links.map(linkText).join(', '),
  ]
}

function linkText({ mbit, rttMs, upShare, jitterMs, loss, burst }: LinkSpec): string {
  const jitter = jitterMs === undefined ? '' : `±${jitterMs}`
  const lossText = loss === undefined ? '' : ` ${loss * 100}%`
  const upText = upShare === undefined ? '' : ` ${upShare * rttMs} up`
  return `${mbit}M/${rttMs}${jitter}ms${upText}${lossText}${burst === undefined ? '' : ' bursts'}`
}
