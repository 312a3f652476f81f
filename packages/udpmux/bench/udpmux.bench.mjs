// Nanoseconds per frame that the mux adds to a socket, and what cutting and joining a packet costs.
import { bench, run, summary } from 'mitata'
import { Mempool } from '@mp/mempool'
import { fragmenter, udpMux } from '../dist/index.js'

const FRAMES = 64
const FRAME_BYTES = 1400
const pool = new Mempool()
const batch = pool.createBatch(FRAMES)

/** A socket that swallows what it gets and knows any number of peers. */
function sink() {
  return {
    backend: 'sink',
    localAddress: '192.0.2.1:5000',
    batchSize: FRAMES,
    start(handler) {
      this.handler = handler
    },
    send(offered) {
      const { count } = offered
      pool.releaseAll(offered)
      return count
    },
    peer: () => 0,
    peerAddress: (peer) => `192.0.2.2:${1000 + peer}`,
    pin: () => {},
    unpin: () => {},
    stats: () => ({ rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, peers: 1, drops: {} }),
    close: async () => {},
  }
}

const bare = sink()
const dialed = sink()
const listening = sink()
const link = await udpMux({ pool, socketFactory: () => dialed }).dial('192.0.2.9:5000', {
  handler: { onClose: () => {} },
})
const listener = await udpMux({ pool, socketFactory: () => listening }).listen('192.0.2.1:5000', {
  onFrames: (frames) => pool.releaseAll(frames),
  onClose: () => {},
})
/** Everything to and from peers that are linked, as paths of a tunnel are. */
const PEERS = 8
receive()
for (let peer = 0; peer < PEERS; peer++) listening.handler.link(peer)

const cutter = fragmenter({ pool })
const pieces = pool.createBatch(FRAMES)
const whole = pool.createBatch(1)

summary(() => {
  bench(`bare socket: send ${FRAMES}`, () => {
    fill()
    bare.send(batch)
  }).baseline(true)
  bench(`link: send ${FRAMES}`, () => {
    fill()
    link.send(batch)
  })
  bench(`listener: receive ${FRAMES} of ${PEERS} peers`, receive)
})
summary(() => {
  bench(`copy ${FRAMES} packets`, () => {
    fill()
    for (let row = 0; row < FRAMES; row++)
      pool.arena.copyWithin(0, batch.offset[row], batch.offset[row] + FRAME_BYTES)
    pool.releaseAll(batch)
  }).baseline(true)
  bench(`cut in two and join ${FRAMES} packets`, () => {
    fill()
    for (let row = 0; row < FRAMES; row++) {
      cutter.split(batch, row, 800, pieces)
      for (let piece = 0; piece < pieces.count; piece++) cutter.join(pieces, piece, whole, 0)
      pieces.count = 0
      pool.releaseAll(whole)
    }
    batch.count = 0
  })
})

const { benchmarks } = await run()
for (const { alias, runs } of benchmarks) {
  console.log(`${(runs[0].stats.p50 / FRAMES).toFixed(1).padStart(8)} ns per frame  ${alias}`)
}
link.close()
await listener.close()

function fill() {
  for (let row = 0; row < FRAMES; row++) {
    const slot = pool.acquire()
    batch.push(slot, pool.offsetOf(slot), FRAME_BYTES)
  }
}

function receive() {
  fill()
  for (let row = 0; row < FRAMES; row++) batch.peer[row] = row % PEERS
  listening.handler.onDatagrams(batch)
}
