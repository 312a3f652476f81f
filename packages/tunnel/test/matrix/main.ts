import { parseArgs } from 'node:util'
import { ALL } from './catalogue.ts'
import { measure } from './row.ts'
import type { Row } from './row.ts'
import type { Scenario } from './scenario.ts'
import { table } from './table.ts'
import { Trace } from './trace.ts'

const HELP = `pnpm bench matrix [options]
  --scenario S4,M1   those scenarios only; S, M, K or V means all of that letter
  --seconds 12       simulated time of each run
  --flow bbr         cubic, bbr or quic, whatever the scenario says
  --flows 4          flows at once
  --direction up     up or down
  --seeds 3          how many seeds; the table shows each, and the mean of the ratios last
  --trace            what each line did, every 100 ms
`

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: '' },
    seconds: { type: 'string' },
    flow: { type: 'string' },
    flows: { type: 'string' },
    direction: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function isWanted({ id }: Scenario): boolean {
  const wanted = values.scenario.split(',').filter((each) => each !== '')
  return wanted.length === 0 || wanted.some((each) => each === id || each === id[0])
}

function asWanted(scenario: Scenario): Scenario {
  const { seconds, flow, flows, direction } = values
  const changes = {
    ...(seconds !== undefined && { seconds: Number(seconds) }),
    ...(flows !== undefined && { flows: Number(flows) }),
    ...(flow !== undefined && { flow }),
    ...(direction !== undefined && { direction }),
  }
  return { ...scenario, traffic: { ...scenario.traffic, ...(changes as Partial<Scenario['traffic']>) } }
}

async function measureAll(scenarios: readonly Scenario[], seed: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const scenario of scenarios) {
    const trace = values.trace ? new Trace(scenario.traffic.direction, print) : undefined
    const row = await measure(scenario, seed, trace && ((sample) => trace.sample(sample)))
    rows.push(row)
    // One by one, the head of the table only once: the whole takes a while.
    const lines = table([row]).split('\n')
    print(rows.length === 1 || values.trace ? lines.join('\n') : lines[1]!)
  }
  return rows
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, each) => sum + each, 0) / numbers.length

function summary(rows: readonly Row[]): string {
  const toBest = rows.map(({ bonded, bestMbit }) => bonded.mbit / bestMbit)
  const toSum = rows.map(({ bonded, sumMbit }) => bonded.mbit / sumMbit)
  const notWorse = toBest.filter((ratio) => ratio >= 0.95).length
  const better = toBest.filter((ratio) => ratio >= 1.25).length
  return `mean ÷best ${mean(toBest).toFixed(2)}, mean ÷sum ${mean(toSum).toFixed(2)}; at least 0.95 of the best line in ${notWorse} of ${rows.length}, 1.25 in ${better}, worst ${Math.min(...toBest).toFixed(2)}`
}

if (values.help) {
  print(HELP)
} else {
  const scenarios = ALL.filter(isWanted).map(asWanted)
  const beganMs = process.cpuUsage().user / 1000
  const rows: Row[] = []
  for (let seed = 1; seed <= Number(values.seeds); seed++) rows.push(...(await measureAll(scenarios, seed)))
  print(summary(rows))
  print(`${((process.cpuUsage().user / 1000 - beganMs) / 1000).toFixed(1)} s of processor time`)
}
