// Cost of one pick-and-charge, against two references over the same paths and packets: a linear scan for the fewest
// virtual bytes, which makes the picks of cfs, and a round robin, which is the least any picking can cost. The adaptive
// scheduler works under load: time passes as all paths together need it, and each packet is of another flow, or of
// one flow on paths so fast that its packets stay together.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { AdaptiveScheduler, CfsScheduler } from '../dist/index.js'

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

function adaptive(paths, bytesPerSecond = 1e6, flows = 0xffff) {
  const scheduler = new AdaptiveScheduler()
  const estimate = { queueDelayMs: 2, lossRatio: 0.001, repairMs: 40, costMs: 0, role: 'primary' }
  const limits = { queuedBytes: 0, maxPacketBytes: 1500, isExhausted: false }
  for (const path of paths) {
    scheduler.add(path)
    scheduler.observe(path, { ...estimate, ...limits, bytesPerSecond, owdMinMs: 10 * path.weight }, 0)
  }
  const request = { lengthBytes: 0, nowMs: 0, trafficClass: 0, flow: 0 }
  const msPerByte = 1000 / (bytesPerSecond * paths.length)
  let i = 0
  return () => {
    request.lengthBytes = lengths[i & 255]
    request.flow = i++ & flows
    request.nowMs += request.lengthBytes * msPerByte
    const path = scheduler.peek(request)
    if (path !== undefined) scheduler.charge(path, request.lengthBytes)
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
const adaptivePickers = { adaptive, 'adaptive in runs': (paths) => adaptive(paths, 125e6, 0) }
const counts = [4, 32, 1000]
const pickersOf = (count) => (count > 32 ? pickers : { ...pickers, ...adaptivePickers })
for (const count of counts) {
  summary(() => {
    for (const [name, make] of Object.entries(pickersOf(count))) {
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
  const adaptiveNs =
    count > 32 ? [] : Object.keys(adaptivePickers).map((name) => nsOf(`${name}, ${count} paths`))
  const beside = adaptiveNs.map((each) => each.toFixed(1)).join(' and, in runs, ')
  if (beside !== '') console.log(`${count} paths: adaptive ${beside} ns per pick and charge (median)`)
  console.log(
    `${count} paths: cfs ${heapNs.toFixed(1)} ns per pick and charge (median), linear scan ${scanNs.toFixed(1)} ns ` +
      `(cfs takes ${(heapNs / scanNs).toFixed(2)} x), round robin ${robinNs.toFixed(1)} ns (${(heapNs / robinNs).toFixed(1)} x)`,
  )
}
