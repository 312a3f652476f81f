// Nanoseconds per frame on the way to the stream and back, against a Buffer per frame.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { Mempool } from '@mp/mempool'
import { FrameDecoder, FrameEncoder, LENGTH_BYTES } from '../dist/index.js'

const FRAMES = 64
const FRAME_BYTES = 1400
const pool = new Mempool()
const batch = pool.createBatch(FRAMES)
const encoder = new FrameEncoder(pool, 65_535)
const drops = { 'pool-empty': 0, 'bad-length': 0, 'cut-off': 0 }
const decoder = new FrameDecoder({ pool, maxFrameBytes: 65_535, drops })
for (let row = 0; row < FRAMES; row++) {
  const slot = pool.acquire()
  batch.push(slot, pool.offsetOf(slot), FRAME_BYTES)
}
const stream = encoder.encode(batch, FRAMES)
const received = pool.createBatch(FRAMES)

summary(() => {
  bench(`Buffer per frame: write ${FRAMES}`, () => do_not_optimize(naiveEncode())).baseline(true)
  bench(`FrameEncoder: write ${FRAMES}`, () => do_not_optimize(encoder.encode(batch, FRAMES)))
})
summary(() => {
  bench(`Buffer per frame: read ${FRAMES}`, () => do_not_optimize(naiveDecode())).baseline(true)
  bench(`FrameDecoder: read ${FRAMES}`, () => {
    decoder.decode(stream, 0, received)
    pool.releaseAll(received)
  })
})
const { benchmarks } = await run()
for (const { alias, runs } of benchmarks) {
  console.log(`${(runs[0].stats.p50 / FRAMES).toFixed(1).padStart(8)} ns per frame  ${alias}`)
}

function naiveEncode() {
  const parts = []
  for (let row = 0; row < FRAMES; row++) {
    const header = Buffer.alloc(LENGTH_BYTES)
    header.writeUInt16BE(batch.length[row])
    parts.push(header, pool.arena.subarray(batch.offset[row], batch.offset[row] + batch.length[row]))
  }
  return Buffer.concat(parts)
}

function naiveDecode() {
  const frames = []
  for (let at = 0; at < stream.length;) {
    const lengthBytes = stream.readUInt16BE(at)
    frames.push(Buffer.from(stream.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + lengthBytes)))
    at += LENGTH_BYTES + lengthBytes
  }
  return frames
}
