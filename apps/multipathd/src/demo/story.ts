import { BEST, CUT_LINE, DEMO_LINES, SUM_MBIT } from './lines.ts'

/** Prints a line of the demo. */
export type Say = (line: string) => Promise<void>

/** Goodput and the longest silence of one download. */
export interface Measured {
  readonly mbit: number
  /** Longest time without a byte, ms. */
  readonly gapMs: number
}

/** One row of the live table: what each line carried and the download as a whole, Mbit/s. */
export interface Row {
  readonly second: number
  readonly lines: readonly number[]
  readonly download: number
  readonly note: string
}

const WIDTH = 10

export async function printHead(say: Say, where: string): Promise<void> {
  const lines = DEMO_LINES.map((line) => `${line.name} ${line.rateMbit} Mbit/s`).join(', ')
  await say(`Three lines (${lines}) joined into one link, ${where}.`)
  await say('')
}

export async function printTableHead(say: Say): Promise<void> {
  const columns = [...DEMO_LINES.map((line) => line.name), 'download']
  await say(`  second${columns.map((name) => name.padStart(WIDTH)).join('')}   (Mbit/s)`)
}

export async function printRow(say: Say, row: Row): Promise<void> {
  const columns = [...row.lines, row.download].map((mbit) => mbit.toFixed(1).padStart(WIDTH)).join('')
  await say(`${String(row.second).padStart(8)}${columns}   ${row.note}`.trimEnd())
}

export async function printSummary(
  say: Say,
  results: { readonly single: Measured; readonly joined: Measured; readonly cut: Measured },
): Promise<void> {
  const { single, joined, cut } = results
  const left = SUM_MBIT - (DEMO_LINES.find((line) => line.name === CUT_LINE)?.rateMbit ?? 0)
  await say('')
  await say(`Best single line (${BEST.name}, ${BEST.rateMbit} Mbit/s):        ${mbit(single.mbit)}`)
  await say(
    `All lines together (sum ${SUM_MBIT} Mbit/s):          ${mbit(joined.mbit)}  ${times(joined.mbit / single.mbit)}`,
  )
  await say(`After ${CUT_LINE} was cut (${left} Mbit/s left):          ${mbit(cut.mbit)}`)
  await say(`Longest silence of the download around the cut: ${Math.round(cut.gapMs)} ms`)
}

const mbit = (value: number): string => `${value.toFixed(1).padStart(6)} Mbit/s`
const times = (factor: number): string => `= ${factor.toFixed(2)} × the best line`
