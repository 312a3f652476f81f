// Nanoseconds per packet to get memory and give it back: the pool against a Buffer per packet.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { Mempool } from '../dist/index.js'

const PACKETS = 64
const pool = new Mempool()
const classes = new Mempool({
  classes: [
    { packetBytes: 256, slots: 64 },
    { packetBytes: 1920, slots: 4096 },
    { packetBytes: 65_536, slots: 64 },
  ],
})
const batch = pool.createBatch(PACKETS)
const buffers = Array.from({ length: PACKETS })

summary(() => {
  bench(`pool: acquire + push + release of ${PACKETS}`, () => fill(pool, 1920)).baseline(true)
  bench(`pool, 3 classes: acquire + push + release of ${PACKETS}`, () => fill(classes, 1920))
  bench(`Buffer.allocUnsafe(2048) of ${PACKETS}`, () => allocate(() => Buffer.allocUnsafe(2048)))
  bench(`Buffer.alloc(2048) of ${PACKETS}`, () => allocate(() => Buffer.alloc(2048)))
})
const { benchmarks } = await run()
for (const { alias, runs } of benchmarks) {
  console.log(`${(runs[0].stats.avg / PACKETS).toFixed(1).padStart(8)} ns per packet  ${alias}`)
}

function fill(from, packetBytes) {
  for (let row = 0; row < PACKETS; row++) {
    const slot = from.acquire(packetBytes)
    batch.push(slot, from.offsetOf(slot), packetBytes)
  }
  from.releaseAll(batch)
}

function allocate(make) {
  for (let row = 0; row < PACKETS; row++) buffers[row] = make()
  do_not_optimize(buffers)
}
