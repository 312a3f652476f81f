import { measure } from './row.ts'
import type { Row } from './row.ts'
import type { Scenario } from './scenario.ts'
import { table } from './table.ts'

/** The table of scenarios, measured one after another. */
export async function tableOf(scenarios: readonly Scenario[]): Promise<string> {
  const rows: Row[] = []
  for (const scenario of scenarios) rows.push(await measure(scenario, 1))
  return `${table(rows)}\n`
}

/** Simulated minutes, in as many seconds of a slow machine. */
export const LIMIT_MS = 180_000
