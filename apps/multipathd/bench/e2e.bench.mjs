// The whole tunnel: two daemons of this checkout in two network namespaces, against a forwarder in C that does the same to
// each packet, in the same run and in turns. Medians; each figure with its ratio to that of the forwarder.
//
//     pnpm bench e2e                          all cases, about 30 minutes
//     pnpm bench e2e --list                   their names
//     pnpm bench e2e --quick                  all cases, shortly: to see that they run
//     pnpm bench e2e aes-1 rtt --json FILE    those with "aes-1" or "rtt" in their name
//
// It needs root, TUN devices, iperf3 and a C compiler, libssl-dev for the encrypted cases, and a wireguard-go with offloads for
// the one beside it.
import { join, resolve } from 'node:path'
import { capabilities } from '@mp/netlab'
import { readOptions } from './e2e/options.mjs'
import { printCase } from './e2e/report.mjs'
import { runStand } from './e2e/run.mjs'
import { createStage } from './e2e/stage.mjs'
import { stands } from './e2e/stands.mjs'
import { artifacts, buildPrograms } from './support/build.mjs'
import { goBeforeOthers } from './support/priority.mjs'
import { writeJson } from './support/json.mjs'

const NEEDS = ['root', 'tun', 'netns', 'iperf3']

const options = readOptions(process.argv.slice(2))
const lacks = NEEDS.map((need) => capabilities()[need]).filter((lack) => lack !== undefined)
if (lacks.length > 0) console.log(`not run: ${lacks.join('; ')}`)
else await main()

async function main() {
  const programs = buildPrograms()
  const wanted = stands(programs).filter(({ name, measures }) =>
    Object.keys(measures).some((measure) => options.isWanted(`${name}-${measure}`)),
  )
  if (options.list) {
    for (const { name, measures } of wanted) {
      for (const measure of Object.keys(measures)) console.log(`${name}-${measure}`)
    }
    return
  }
  if (wanted.length === 0) throw new Error('no case has such a name: --list shows them')
  goBeforeOthers()
  const results = await runAll(wanted, programs)
  const { rounds, quick } = options
  writeJson(resolve(options.json ?? join(artifacts, 'e2e.json')), { rounds, quick, ...results })
}

async function runAll(wanted, { traffic }) {
  const cases = []
  const notRun = []
  const stage = await createStage()
  try {
    for (const stand of wanted) {
      const { measured, why } = await tryStand({ ...stage, traffic }, stand)
      for (const each of measured) printCase(each)
      cases.push(...measured)
      if (why === undefined) continue
      notRun.push({ name: stand.name, why })
      console.log(`\n${stand.name}: not run: ${why}`)
    }
  } finally {
    await stage.dispose()
  }
  return { cases, notRun }
}

/** One that cannot be run is no reason not to run the next. */
async function tryStand(stage, stand) {
  if (stand.lacks !== undefined) return { measured: [], why: stand.lacks }
  try {
    return { measured: await runStand(stage, stand, options) }
  } catch (error) {
    process.exitCode = 1
    // What a daemon said before it ended tells more than that it ended.
    return { measured: [], why: error.message.split('Output: ').at(-1).trim() }
  }
}
