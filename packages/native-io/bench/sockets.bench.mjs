// Datagrams over loopback, one process sending to itself: native batches, with and without offloads, against node:dgram
// in the same run. 64 are sent at a time, and the next 64 when those were received. The processor time says more than the rate on a machine
// that does other things as well; most of the native time is the kernel's.
// Then a server that answers each datagram, at one address and at all of them, where it has the kernel tell which one
// was meant and answers from that one.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '../dist/index.js'

const PACKETS = 64
const ROUNDS = 2000
const quiet = { onWritable() {}, onUnreachable() {}, onClose() {} }

/** Starts measuring; what it returns ends it, for so many datagrams. */
function clock() {
  const startMs = performance.now()
  const startCpu = process.cpuUsage()
  return (datagrams) => {
    const { user, system } = process.cpuUsage(startCpu)
    const perSecond = (datagrams / (performance.now() - startMs)) * 1000
    return { perSecond, cpuMicros: (user + system) / datagrams, userMicros: user / datagrams }
  }
}

async function native(lengthBytes, offloads) {
  const { io, reason } = loadNativeIo()
  if (io === undefined) throw new Error(reason)
  const pool = new Mempool()
  const [from, to] = [0, 1].map(() => io.openSocket({ pool, local: '127.0.0.1:0', ...offloads }))
  const batch = pool.createBatch(PACKETS)
  const peer = from.peer(to.localAddress)
  let received = 0
  let rounds = 0
  let done
  const end = new Promise((resolve) => (done = resolve))
  const send = () => {
    while (batch.count < PACKETS) {
      const slot = pool.acquire()
      batch.peer[batch.push(slot, pool.offsetOf(slot), lengthBytes)] = peer
    }
    from.send(batch)
  }
  from.start({ ...quiet, onDatagrams: (b) => pool.releaseAll(b) })
  to.start({
    ...quiet,
    onDatagrams: (arrived) => {
      received += arrived.count
      pool.releaseAll(arrived)
      if (received < (rounds + 1) * PACKETS) return
      if (++rounds === ROUNDS) done()
      else send()
    },
  })
  const measured = clock()
  send()
  await end
  const result = measured(rounds * PACKETS)
  await Promise.all([from.close(), to.close()])
  return result
}

async function dgram(lengthBytes) {
  const [from, to] = [createSocket('udp4'), createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })]
  to.bind(0, '127.0.0.1')
  await once(to, 'listening')
  from.connect(to.address().port, '127.0.0.1')
  await once(from, 'connect')
  const packet = Buffer.alloc(lengthBytes)
  const rounds = ROUNDS / 10
  let received = 0
  let done
  const end = new Promise((resolve) => (done = resolve))
  const send = () => {
    for (let i = 0; i < PACKETS; i++) from.send(packet)
  }
  to.on('message', () => {
    received++
    if (received === rounds * PACKETS) done()
    else if (received % PACKETS === 0) send()
  })
  const measured = clock()
  send()
  await end
  const result = measured(rounds * PACKETS)
  from.close()
  to.close()
  return result
}

/** A native server at `local` gives back what a connected client sends it, 64 at a time. */
async function answers(local) {
  const { io } = loadNativeIo()
  const pool = new Mempool()
  const server = io.openSocket({ pool, local })
  server.start({ ...quiet, onDatagrams: (batch) => server.send(batch) })
  const client = io.openSocket({ pool, remote: `127.0.0.1:${server.localAddress.split(':').at(-1)}` })
  const batch = pool.createBatch(PACKETS)
  let received = 0
  let done
  const end = new Promise((resolve) => (done = resolve))
  const send = () => {
    while (batch.count < PACKETS) {
      const slot = pool.acquire()
      batch.push(slot, pool.offsetOf(slot), 64)
    }
    client.send(batch)
  }
  client.start({
    ...quiet,
    onDatagrams: (arrived) => {
      received += arrived.count
      pool.releaseAll(arrived)
      if (received === ROUNDS * PACKETS) done()
      else if (received % PACKETS === 0) send()
    },
  })
  const measured = clock()
  send()
  await end
  const result = measured(received)
  await Promise.all([server.close(), client.close()])
  return result
}

const describe = (name, { perSecond, cpuMicros, userMicros }) =>
  `${name} ${Math.round(perSecond / 1000)} k/s, ${cpuMicros.toFixed(2)} µs of processor time each, ` +
  `${userMicros.toFixed(2)} of it outside the kernel`

const ways = [
  ['node:dgram', dgram],
  ['native, a datagram each', (lengthBytes) => native(lengthBytes, { gso: false, gro: false })],
  ['native, sent in runs', (lengthBytes) => native(lengthBytes, { gro: false })],
  ['native, sent and received in runs', native],
]

for (const lengthBytes of [64, 1400]) {
  await native(lengthBytes) // warms up
  console.log(`${lengthBytes} bytes, sent and received:`)
  let slow
  for (const [name, way] of ways) {
    const result = await way(lengthBytes)
    slow ??= result
    const [faster, cheaper] = [result.perSecond / slow.perSecond, slow.cpuMicros / result.cpuMicros]
    console.log(
      `  ${describe(name, result)}: ${faster.toFixed(1)} times as fast, 1/${cheaper.toFixed(1)} of the time`,
    )
  }
}

// In turns, and the best of each: that is the cost without what else the machine does.
const best = new Map()
for (let turn = 0; turn < 5; turn++) {
  for (const local of ['127.0.0.1:0', '0.0.0.0:0', '[::]:0']) {
    const result = await answers(local)
    if (!(best.get(local)?.cpuMicros < result.cpuMicros)) best.set(local, result)
  }
}
console.log('64 bytes, sent, received, answered and received:')
for (const [local, result] of best) {
  console.log(`  ${describe(`server at ${local}`, result)}`)
}
