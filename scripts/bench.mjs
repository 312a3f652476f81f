// Runs the benchmarks of all packages one after another, each in a process of its own, so that none warms up the
// code of the next.
//
//     node scripts/bench.mjs              all
//     node scripts/bench.mjs --list       their names
//     node scripts/bench.mjs prober       those with "prober" in their path
//     node scripts/bench.mjs e2e --quick  what stands behind the name goes to the bench
import { spawnSync } from 'node:child_process'
import { filesBelow, root } from './lib/files.mjs'

const [first = '', ...rest] = process.argv.slice(2)
const isList = first === '--list'
if (first.startsWith('-') && !isList) {
  console.error(
    `"${first}" comes first: give a NAME before the options of its bench, or --list for the names`,
  )
  process.exit(1)
}
const wanted = isList ? '' : first
const benches = ['packages', 'apps']
  .flatMap(filesBelow)
  .filter((path) => path.endsWith('.bench.mjs') && path.includes(wanted))
if (benches.length === 0) {
  console.error(`no bench/*.bench.mjs of a package or app has "${wanted}" in its path`)
  process.exitCode = 1
}
for (const path of benches) {
  console.log(isList ? path : `\n# ${path}`)
  if (isList) continue
  const command = ['--expose-gc', path, ...rest]
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
