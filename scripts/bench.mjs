// Runs the benchmarks of all packages one after another, each in a process of its own, so that none warms up the
// code of the next.
//
//     node scripts/bench.mjs              all
//     node scripts/bench.mjs prober       those with "prober" in their path; what follows is for them
import { spawnSync } from 'node:child_process'
import { filesBelow, root } from './lib/files.mjs'

const wanted = process.argv[2] ?? ''
const benches = ['packages', 'apps']
  .flatMap(filesBelow)
  .filter((path) => path.endsWith('.bench.mjs') && path.includes(wanted))
if (benches.length === 0) {
  console.error(`no bench/*.bench.mjs of a package or app has "${wanted}" in its path`)
  process.exitCode = 1
}
for (const path of benches) {
  console.log(`\n# ${path}`)
  const { status } = spawnSync(process.execPath, ['--expose-gc', path, ...process.argv.slice(3)], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}
