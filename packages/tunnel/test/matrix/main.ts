import { run } from './measure.ts'

const links = [{ mbit: 50, rttMs: 20 }, { mbit: 50, rttMs: 20 }]
const traffic = { flow: 'cubic', flows: 1, direction: 'down', seconds: 10 } as const
for (const set of [links, links.slice(0, 1)]) {
  const began = performance.now()
  const row = await run({ links: set, traffic, seed: 1 })
  process.stdout.write(`${JSON.stringify({ ...row, series: row.series.map(Math.round).join(' ') })} ${Math.round(performance.now() - began)} ms\n`)
}
