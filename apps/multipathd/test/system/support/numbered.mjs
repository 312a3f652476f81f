// The two ends of a stream of numbered packets; programs of their own, because each runs in a network namespace.
// Each prints `ready`, and when it is told to end (SIGTERM) how many packets it sent, or how many different ones came by the
// time that no more do.
//
//     node numbered.mjs receive HOST PORT
//     node numbered.mjs send HOST PORT PACKETS_PER_SECOND
import { createSocket } from 'node:dgram'

const PAYLOAD_BYTES = 1200
const TICK_MS = 5
/** Nothing came for so long, ms: nothing is under way any more. */
const QUIET_MS = 500

const [, , role, host, port, perSecond] = process.argv
const say = (word) => process.stdout.write(`${word}\n`)
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 })

function send() {
  const payload = Buffer.alloc(PAYLOAD_BYTES)
  const perTick = Math.round((Number(perSecond) * TICK_MS) / 1000)
  let sent = 0
  // Ticks that were missed are not made up for: a burst would fill queues.
  const ticks = setInterval(() => {
    for (let count = 0; count < perTick; count++) {
      payload.writeUInt32BE(sent++)
      socket.send(Buffer.from(payload), Number(port), host)
    }
  }, TICK_MS)
  socket.bind(() => say('ready'))
  return () => {
    clearInterval(ticks)
    tell(sent)
  }
}

function receive() {
  const came = new Set()
  socket.on('message', (payload) => came.add(payload.readUInt32BE()))
  socket.bind(Number(port), host, () => say('ready'))
  const tellWhenQuiet = () => {
    const { size } = came
    setTimeout(() => (came.size === size ? tell(size) : tellWhenQuiet()), QUIET_MS)
  }
  return tellWhenQuiet
}

function tell(count) {
  say(count)
  socket.close()
}

process.once('SIGTERM', role === 'send' ? send() : receive())
