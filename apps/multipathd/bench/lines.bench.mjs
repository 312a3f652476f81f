// What joined lines bring: two daemons of this checkout in two network namespaces, joined by emulated lines that are unlike,
// lose packets, change and fail; goodput as a share of all lines together and of the best line alone in the same tunnel,
// and pings beside it. Real time: a case takes half a minute.
//
//     pnpm bench lines                      all scenarios, one CUBIC flow down
//     pnpm bench lines --list               all names: scenario, flow, direction
//     pnpm bench lines hole quic-up         those with "hole" or "quic-up" in their name
//     pnpm bench lines lossy --joined       without each line alone
//     pnpm bench lines --quick --json FILE  shortly: to see that they run
//
// It needs root, TUN devices, ping and a C compiler, and tcp_bbr in the kernel for the flow "bbr".
import { join, resolve } from 'node:path'
import { capabilities } from '@mp/netlab'
import { artifacts, buildTraffic } from './support/build.mjs'
import { writeJson } from './support/json.mjs'
import { goBeforeOthers } from './support/priority.mjs'
import { lackOf } from './lines/flows.mjs'
import { readOptions } from './lines/options.mjs'
import { printCase, printHead } from './lines/report.mjs'
import { casesOf, runScenario } from './lines/run.mjs'
import { scenarios } from './lines/scenarios.mjs'

const NEEDS = ['root', 'tun', 'netns', 'ping', 'cc']

const options = readOptions(process.argv.slice(2))
const wanted = scenarios
  .map((scenario) => ({ scenario, cases: casesOf(scenario).filter(({ name }) => options.isWanted(name)) }))
  .filter(({ cases }) => cases.length > 0)
if (wanted.length === 0) throw new Error('no case has such a name: --list shows them')
const lacks = NEEDS.map((need) => capabilities()[need]).filter((lack) => lack !== undefined)
if (options.list) for (const { cases } of wanted) for (const { name } of cases) console.log(name)
else if (lacks.length > 0) console.log(`not run: ${lacks.join('; ')}`)
else await main()

async function main() {
  const traffic = buildTraffic()
  goBeforeOthers()
  const measured = []
  printHead()
  for (const { scenario, cases } of wanted) {
    const possible = cases.filter(({ name, flow }) => {
      const lack = lackOf(flow)
      if (lack !== undefined) console.log(`${name}: not run: ${lack}`)
      return lack === undefined
    })
    const done = await runScenario(scenario, possible, { ...options, traffic })
    for (const each of done) printCase(each)
    measured.push(...done)
  }
  writeJson(resolve(options.json ?? join(artifacts, 'lines.json')), { ...options, cases: measured })
}
