import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { dirname } from 'node:path'

/** Writes figures, and with them what is needed to read them later. */
export function writeJson(file, figures) {
  const machine = {
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    load: loadavg(),
    kernel: release(),
    node: process.versions.node,
    opensslOfNode: process.versions.openssl,
    governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, ...figures }, null, 2)}\n`)
  console.log(`\nwritten to ${file}`)
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
