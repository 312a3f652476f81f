import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { dirname } from 'node:path'

const NAME_WIDTH = 14

/** Prints a case: a line for each rival, and behind each figure its ratio to that of the second one. */
export function printCase({ name, rivals }) {
  const [, [, standard]] = Object.entries(rivals)
  const figures = Object.keys(standard)
  const heads = figures.map((figure) => figure.padStart(figure.length + 2))
  console.log(`\n${name.padEnd(NAME_WIDTH)}${heads.map((head) => `${head}   ratio`).join('')}`)
  for (const [rival, measured] of Object.entries(rivals)) {
    const cells = figures.map((figure, column) => {
      const value = measured[figure].median
      const ratio = (value / standard[figure].median).toFixed(2)
      return `${digits(value).padStart(heads[column].length)}${ratio.padStart(8)}`
    })
    console.log(`  ${rival.padEnd(NAME_WIDTH - 2)}${cells.join('')}`)
  }
}

/** Writes all figures with what is needed to read them later. */
export function writeJson(file, { options, cases, notRun }) {
  const { rounds, quick } = options
  const machine = {
    processor: cpus()[0]?.model,
    cores: availableParallelism(),
    kernel: release(),
    node: process.versions.node,
    opensslOfNode: process.versions.openssl,
    governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), machine, rounds, quick, cases, notRun }, null, 2)}\n`,
  )
  console.log(`\nwritten to ${file}`)
}

const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
