// Cost of a packet through the queue, in and out, in batches of 64 with half of the bound waiting, against a plain ring
// of the same descriptors, which is the least any queue can cost.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { Mempool } from '@mp/mempool'
import { FqCodel } from '../dist/index.js'

const BATCH = 64
const WAITING = 2048
const COLUMNS = 8

function batches(flows) {
  const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 4 }] })
  const batch = pool.createBatch(BATCH)
  for (let row = 0; row < BATCH; row++) {
    batch.push(row, row * 2048, 1400)
    batch.flow[row] = Math.imul(row % flows, 0x85eb_ca6b)
  }
  return { batch, out: pool.createBatch(BATCH) }
}

function fqCodel(flows) {
  const { batch, out } = batches(flows)
  const queue = new FqCodel({ onDrop: () => {} })
  const put = (nowMs) => {
    for (let row = 0; row < BATCH; row++) queue.enqueue(batch, row, nowMs)
  }
  for (let waiting = 0; waiting < WAITING; waiting += BATCH) put(0)
  // All that waits is allowed to, so that nothing is dropped and the queue stays as long as it is.
  queue.allowanceMs = 1e9
  let nowMs = 0
  return () => {
    put(nowMs++)
    queue.dequeue(out, Infinity, nowMs)
    out.count = 0
    return out
  }
}

function ring() {
  const { batch, out } = batches(1)
  const table = new Int32Array(2 * WAITING * COLUMNS)
  let head = 0
  let tail = WAITING
  const copy = (from, fromRow, fromStep, to, toRow, toStep) => {
    for (let column = 0; column < COLUMNS; column++)
      to[toRow + column * toStep] = from[fromRow + column * fromStep]
  }
  return () => {
    for (let row = 0; row < BATCH; row++)
      copy(batch.table, row, BATCH, table, (tail++ % (2 * WAITING)) * COLUMNS, 1)
    for (let row = 0; row < BATCH; row++)
      copy(table, (head++ % (2 * WAITING)) * COLUMNS, 1, out.table, row, BATCH)
    return out
  }
}

const rows = { 'fq-codel, 1 flow': fqCodel(1), 'fq-codel, 64 flows': fqCodel(64), ring: ring() }
summary(() => {
  for (const [name, move] of Object.entries(rows)) bench(`${name}, 64 packets`, () => do_not_optimize(move()))
})

const { benchmarks } = await run()
const [one, many, plain] = benchmarks.map(({ runs }) => (runs[0].stats.p50 / BATCH).toFixed(1))
console.log(`a packet in and out (median): one flow ${one} ns, 64 flows ${many} ns, a ring ${plain} ns`)
