// Junk for a server, from many addresses; a program of its own, because it runs in a network namespace.
//
//     node flood.mjs SERVER:PORT PACKETS_PER_SECOND ADDRESS…     prints what it has sent, a line each 100 ms
import { getRandomValues } from 'node:crypto'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { HELLO_BYTES } from '@mp/secure-channel'

const BATCH = 64
/** Packets made beforehand and sent again and again. */
const PACKETS = 4096
const REPORT_MS = 100
/** Longest junk, bytes. */
const JUNK_BYTES = 400

const VERSION = 1 << 30
const NOISE = 1 << 24
const TYPES = { hello: 1 << 26, data: 4 << 26, control: 5 << 26 }

const [, , server, rate, ...addresses] = process.argv
const pool = new Mempool({ classes: [{ packetBytes: 512, slots: PACKETS }] })
const { io, reason } = loadNativeIo()
if (io === undefined) throw new Error(reason)
const sockets = addresses.map((address) =>
  io.openSocket({ pool, local: `${address}:0`, sendBufferBytes: 65_536 }),
)
const peers = sockets.map((socket) => socket.peer(server))
fill()

const batch = pool.createBatch(BATCH)
const startMs = performance.now()
let turn = 0
let sent = 0
setInterval(() => process.stdout.write(`${sent}\n`), REPORT_MS)
send()

/** Sends what is due by now. */
function send() {
  const due = ((performance.now() - startMs) / 1000) * Number(rate)
  for (let rounds = 0; sent + BATCH <= due && rounds < 16; rounds++) sendBatch()
  if (sent + BATCH <= due) setImmediate(send)
  else setTimeout(send, 1)
}

function sendBatch() {
  turn = (turn + 1) % sockets.length
  while (batch.count < BATCH) {
    const slot = pool.acquire()
    const row = batch.push(slot, pool.offsetOf(slot), lengthOf(pool.offsetOf(slot)))
    batch.peer[row] = peers[turn]
  }
  sent += sockets[turn].send(batch)
  pool.releaseAll(batch)
}

/** Slots keep what is in them. */
function fill() {
  const slots = Array.from({ length: PACKETS }, () => pool.acquire())
  const view = new DataView(pool.arena.buffer, pool.arena.byteOffset)
  for (const [index, slot] of slots.entries()) {
    const offset = pool.offsetOf(slot)
    getRandomValues(pool.arena.subarray(offset, offset + JUNK_BYTES))
    write(view, offset, index)
  }
  for (const slot of slots) pool.release(slot)
}

/** One half looks like data for some session, a quarter like a greeting, and the rest like nothing at all. */
function write(view, offset, index) {
  const receiver = view.getUint32(offset) & 0xff_ff_ff
  if (index % 4 === 0) view.setUint32(offset, VERSION | TYPES.data | receiver)
  else if (index % 4 === 1) view.setUint32(offset, VERSION | TYPES.control | receiver)
  else if (index % 4 === 2) {
    view.setUint32(offset, VERSION | TYPES.hello)
    view.setUint32(offset + 4, 0)
    view.setUint32(offset + 8, NOISE | receiver | 1)
  }
}

function lengthOf(offset) {
  const isHello = pool.arena[offset] === (VERSION | TYPES.hello) >>> 24 && pool.arena[offset + 3] === 0
  return isHello ? HELLO_BYTES : 40 + (pool.arena[offset + 12] & 255)
}
