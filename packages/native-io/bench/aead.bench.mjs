// Nanoseconds to seal or open one frame, half of what both take in the least disturbed round of batches of 64: the addon,
// and sodium-native where it is installed, against node:crypto with the same cipher and length.
import { bench, run } from 'mitata'
import { Mempool } from '@mp/mempool'
import { nodeAead, sodiumAead } from '@mp/runtime-node'
import { loadNativeIo } from '../dist/index.js'

const PACKETS = 64
const pool = new Mempool()
const counters = Float64Array.from({ length: PACKETS }, (_, row) => row)
const { io, reason } = loadNativeIo()
if (io === undefined) console.log(`without the addon: ${reason}`)

for (const cipher of ['aes-256-gcm', 'chacha20-poly1305']) {
  const options = { pool, cipher }
  const aeads = [nodeAead(options), sodiumAead(options), io?.createAead(options).aead]
  for (const lengthBytes of [1400, 64]) {
    for (const aead of aeads.filter(Boolean)) addBench(aead, lengthBytes)
  }
}
const { benchmarks } = await run({ format: 'quiet' })
console.log(`Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`)
let reference
for (const { alias, runs } of benchmarks) {
  const ns = runs[0].stats.min / (2 * PACKETS)
  if (alias.startsWith('node')) reference = ns
  const ratio = `${(reference / ns).toFixed(1)}x`
  console.log(`${ns.toFixed(0).padStart(7)} ns ${ratio.padStart(6)}  ${alias}`)
}

/** Opening gives back the frames that sealing takes, so they stay as they are from round to round. */
function addBench(aead, lengthBytes) {
  const key = aead.createKey(new Uint8Array(32))
  const batch = pool.createBatch(PACKETS)
  for (let row = 0; row < PACKETS; row++) {
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), lengthBytes)
  }
  bench(`${aead.backend} ${aead.cipher}, ${lengthBytes} bytes`, () => {
    key.seal(batch, { from: 0, to: PACKETS, pathId: 0, firstCounter: 0 })
    key.open(batch, { from: 0, to: PACKETS, counters })
  })
}
