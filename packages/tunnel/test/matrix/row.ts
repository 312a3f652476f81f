import type { Measured, RunOptions } from './measure.ts'
import { run } from './measure.ts'
import type { LinkSpec, Scenario } from './scenario.ts'

/** A scenario measured over all its lines, beside each line alone through the same tunnel. */
export interface Row {
  readonly scenario: Scenario
  readonly bonded: Measured
  /** The best line alone, Mbit/s. */
  readonly bestMbit: number
  /** What the lines carry together, Mbit/s, changes included. */
  readonly sumMbit: number
}

/** Lines that are alone in several rows are measured once. */
const single = new Map<string, Promise<Measured>>()

/** Measures a scenario; `onSample` watches the run over all lines. */
export async function measure(
  scenario: Scenario,
  seed: number,
  onSample?: RunOptions['onSample'],
): Promise<Row> {
  const { links, traffic } = scenario
  const bonded = await run({ links, traffic, seed, ...(onSample && { onSample }) })
  const alone = await Promise.all(links.map((link) => measureAlone(link, { traffic, seed })))
  return {
    scenario,
    bonded,
    bestMbit: Math.max(...alone.map(({ mbit }) => mbit)),
    sumMbit: links.reduce((sum, link) => sum + meanMbit(link, traffic.seconds * 1000), 0),
  }
}

function measureAlone(link: LinkSpec, { traffic, seed }: Omit<RunOptions, 'links'>): Promise<Measured> {
  const key = JSON.stringify([link, traffic, seed])
  const known = single.get(key) ?? run({ links: [link], traffic, seed })
  single.set(key, known)
  return known
}

/** Mean rate of a line over its changes. */
function meanMbit({ mbit, changes = [] }: LinkSpec, endMs: number): number {
  let bits = 0
  let fromMs = 0
  let rate = mbit
  let isUp = true
  for (const { atMs, mbit: nextRate = rate, blackhole = false, down = false } of [
    ...changes,
    { atMs: endMs },
  ]) {
    bits += (isUp ? rate : 0) * (Math.min(atMs, endMs) - fromMs)
    fromMs = Math.min(atMs, endMs)
    rate = nextRate
    isUp = !blackhole && !down
  }
  return bits / endMs
}
