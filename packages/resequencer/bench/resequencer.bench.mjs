// Nanoseconds per packet to put packets in order, against a Map of held packets over the same arrivals. Two paths: one
// that never overtakes, two that differ by 32 packets, and the same with one packet in 100 lost, in 15 flows, so that each is on both paths.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { Mempool } from '@mp/mempool'
import { Resequencer } from '../dist/index.js'

const PACKETS = 4096
const BATCH_PACKETS = 64
const FLOWS = 15
const pool = new Mempool({ classes: [{ packetBytes: 64, slots: PACKETS }] })

/** The order of arrival when every second packet is `late` packets later, and one of `lossOf` is lost. */
function arrivals(late, lossOf) {
  const order = Array.from({ length: PACKETS }, (_, sequence) => sequence)
  const at = (sequence) => sequence + (sequence % 2) * late
  return order
    .filter((sequence) => lossOf === 0 || sequence % lossOf !== lossOf >> 1)
    .toSorted((a, b) => at(a) - at(b))
}

/** Hands a round of packets to `handle` in batches; their slots come back by themselves, as they would from a TUN. */
function rounds(order, handle) {
  const batch = pool.createBatch(BATCH_PACKETS)
  const arrived = {
    sequences: new Float64Array(BATCH_PACKETS),
    flowDistances: new Uint16Array(BATCH_PACKETS),
    nowMs: 0,
  }
  let first = 0
  return () => {
    for (let from = 0; from < order.length; from += BATCH_PACKETS) {
      const to = Math.min(from + BATCH_PACKETS, order.length)
      for (let i = from; i < to; i++) {
        const slot = pool.acquire()
        const row = batch.push(slot, pool.offsetOf(slot), 64)
        batch.path[row] = order[i] & 1
        arrived.sequences[row] = first + order[i]
        arrived.flowDistances[row] = FLOWS
      }
      arrived.nowMs += 0.5
      handle(batch, arrived)
    }
    first += PACKETS
  }
}

function nothing(order) {
  return rounds(order, (batch) => pool.releaseAll(batch))
}

function resequencer(order) {
  const machine = new Resequencer({ pool, onPackets: (batch) => pool.releaseAll(batch), holdMs: 3 })
  return rounds(order, (batch, arrived) => {
    machine.handlePackets(batch, arrived)
    if (machine.pollTimeout() <= arrived.nowMs) machine.handleTimeout(arrived.nowMs)
  })
}

/** The same work with an object per packet: held ones in a Map, holes skipped when both paths have passed them. */
function withMap(order) {
  const held = new Map()
  const highest = [-1, -1]
  const out = pool.createBatch(BATCH_PACKETS)
  let base = 0
  const pass = (packet) => {
    if (out.push(packet.slot, packet.offset, packet.length) < 0) {
      pool.releaseAll(out)
      out.push(packet.slot, packet.offset, packet.length)
    }
  }
  return rounds(order, (batch, arrived) => {
    for (let row = 0; row < batch.count; row++) {
      const sequence = arrived.sequences[row]
      highest[batch.path[row]] = sequence
      held.set(sequence, { slot: batch.slot[row], offset: batch.offset[row], length: batch.length[row] })
      for (;;) {
        const packet = held.get(base)
        if (packet !== undefined) {
          held.delete(base)
          pass(packet)
        } else if (base >= highest[0] || base >= highest[1]) break
        base++
      }
    }
    batch.count = 0
    pool.releaseAll(out)
  })
}

const makers = { nothing, resequencer, map: withMap }
const cases = { 'in order': [0, 0], 'two paths': [32, 0], 'with loss': [32, 100] }
for (const [name, [late, lossOf]] of Object.entries(cases)) {
  summary(() => {
    for (const [maker, make] of Object.entries(makers)) {
      const round = make(arrivals(late, lossOf))
      bench(`${maker}, ${name}`, () => do_not_optimize(round()))
    }
  })
}
const { benchmarks } = await run()
const nsOf = (name) => benchmarks.find((entry) => entry.alias === name).runs[0].stats.p50 / PACKETS
for (const name of Object.keys(cases)) {
  const [none, ours, map] = Object.keys(makers).map((maker) => nsOf(`${maker}, ${name}`))
  console.log(
    `${name}: ${(ours - none).toFixed(1)} ns per packet, with a Map ${(map - none).toFixed(1)} ns ` +
      `(to get, push and release a packet ${none.toFixed(1)} ns more)`,
  )
}

console.log(
  `allocated per packet: ${allocated(resequencer(arrivals(32, 100))).toFixed(2)} bytes, with a Map ${allocated(withMap(arrivals(32, 100))).toFixed(2)}`,
)

function allocated(round) {
  for (let i = 0; i < 100; i++) round()
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 20; i++) round()
  return (process.memoryUsage().heapUsed - before) / (20 * PACKETS)
}
