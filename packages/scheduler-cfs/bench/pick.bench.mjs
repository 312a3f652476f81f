// Cost of one pick-and-charge, against two references over the same paths and packets: a linear scan for the fewest
// virtual bytes, which makes the same picks, and a round robin, which is the least any picking can cost.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { CfsScheduler } from '../dist/index.js'

const lengths = Int32Array.from({ length: 256 }, (_, i) => 64 + ((i * 7919) % 1437))

const makePaths = (count) => Array.from({ length: count }, (_, i) => ({ id: i, weight: 1 + (i % 5) }))

function cfs(paths) {
  const scheduler = new CfsScheduler()
  for (const path of paths) scheduler.add(path)
  let i = 0
  return () => {
    const path = scheduler.peek()
    scheduler.charge(path, lengths[i++ & 255])
    return path
  }
}

function linearScan(paths) {
  const entries = paths.map((path) => ({ path, virtualBytes: 0 }))
  let i = 0
  return () => {
    let best = entries[0]
    for (let j = 1; j < entries.length; j++) {
      if (entries[j].virtualBytes < best.virtualBytes) best = entries[j]
    }
    best.virtualBytes += lengths[i++ & 255] / best.path.weight
    return best.path
  }
}

function roundRobin(paths) {
  const sentBytes = new Float64Array(paths.length)
  let i = 0
  let next = 0
  return () => {
    const path = paths[next]
    sentBytes[next] += lengths[i++ & 255]
    next = next + 1 === paths.length ? 0 : next + 1
    return path
  }
}

const pickers = { cfs, 'linear scan': linearScan, 'round robin': roundRobin }
const counts = [4, 32, 1000]
for (const count of counts) {
  summary(() => {
    for (const [name, make] of Object.entries(pickers)) {
      const pick = make(makePaths(count))
      bench(`${name}, ${count} paths`, () => do_not_optimize(pick()))
    }
  })
}

const { benchmarks } = await run()
const nsOf = (name) => benchmarks.find((entry) => entry.alias === name).runs[0].stats.p50
for (const count of counts) {
  const ns = Object.keys(pickers).map((name) => nsOf(`${name}, ${count} paths`))
  const [heapNs, scanNs, robinNs] = ns
  console.log(
    `${count} paths: cfs ${heapNs.toFixed(1)} ns per pick and charge (median), linear scan ${scanNs.toFixed(1)} ns ` +
      `(cfs takes ${(heapNs / scanNs).toFixed(2)} x), round robin ${robinNs.toFixed(1)} ns (${(heapNs / robinNs).toFixed(1)} x)`,
  )
}
