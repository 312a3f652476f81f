// Processor time of JavaScript per packet: both ends of a tunnel over links of memory, one TCP flow in batches of 256.
// Each number of paths has a process of its own, so that none warms up the code of the next.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundle } from './support/bundle.mjs'

const PATHS = [1, 2, 4]
const WARM_BATCHES = 6000
const ROUNDS = 25
const ROUND_BATCHES = 800

const [, , module, paths] = process.argv
if (module === undefined) compare(await bundle('support/straight.ts'))
else console.log(await measure(module, Number(paths)))

function compare(bundled) {
  const own = fileURLToPath(import.meta.url)
  let reference
  for (const count of PATHS) {
    const { stdout } = spawnSync(process.execPath, [own, bundled, String(count)], { encoding: 'utf8' })
    const ns = Number(stdout)
    reference ??= ns
    console.log(
      `${count} path(s)`.padEnd(10),
      `${ns.toFixed(0)} ns`,
      `${(ns / reference).toFixed(2)} of one path`,
    )
  }
}

/** The median of some rounds, ns per packet. */
async function measure(bundled, count) {
  const { BATCH_PACKETS, Straight } = await import(bundled)
  const ends = new Straight(count)
  await ends.start()
  ends.carry(WARM_BATCHES)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    ends.carry(ROUND_BATCHES)
    const { user, system } = process.cpuUsage(before)
    return ((user + system) * 1000) / (ROUND_BATCHES * BATCH_PACKETS)
  })
  await ends.close()
  return rounds.toSorted((a, b) => a - b)[ROUNDS >> 1]
}
