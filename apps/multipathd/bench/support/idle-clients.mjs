// Clients that join a server and stay, each with a session and a socket of its own; all in one process.
//
//     fork('idle-clients.mjs', [CLIENTS, PORT])     says 'joined' when all have
import { setTimeout as sleep } from 'node:timers/promises'
import { Mempool } from '@mp/mempool'
import { chooseAead, loadNativeIo } from '@mp/native-io'
import { nodeCrypto, systemRuntime } from '@mp/runtime-node'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { TunnelClient } from '@mp/tunnel'
import { fragmenter, udpMux } from '@mp/udpmux'
import { keysOf } from './idle-keys.mjs'
import { silentTun } from './silent-tun.mjs'

/** Those who join in one second. They are probed once a second for their first minute, which keeps both processes busy. */
const PER_SECOND = 50

const [, , clients, port] = process.argv.map(Number)
const pool = new Mempool({ classes: [{ packetBytes: 512, slots: 32_768 }] })
const runtime = systemRuntime()
const { io, reason } = loadNativeIo()
if (io === undefined) throw new Error(reason)
// A socket takes slots beforehand for what may come: few, where there are thousands of sockets.
const openSocket = (options) => io.openSocket({ ...options, batchSize: 1 })
const transport = udpMux({ pool, runtime, socketFactory: openSocket })
const aeads = Object.fromEntries(
  ['aes-256-gcm', 'chacha20-poly1305'].map((cipher) => [cipher, chooseAead({ pool, cipher }).aead]),
)
const security = {
  crypto: nodeCrypto(),
  costs: { 'aes-256-gcm': 500, 'chacha20-poly1305': 1000 },
  aeadOf: (cipher) => aeads[cipher],
  wallMs: () => Date.now(),
  serverKey: keysOf(0).publicKey,
}
const everyone = []
for (let from = 1; from <= clients; from += PER_SECOND) {
  const count = Math.min(PER_SECOND, clients + 1 - from)
  const numbers = Array.from({ length: count }, (_each, index) => from + index)
  await Promise.all([sleep(1000), ...numbers.map(join)])
}
process.send('joined')

function join(number) {
  return new Promise((resolve) => {
    const client = new TunnelClient({
      runtime,
      pool,
      tun: silentTun(pool),
      createScheduler: () => new CfsScheduler(),
      createFragmenter: () => fragmenter({ pool }),
      security: { ...security, staticKeys: keysOf(number) },
      paths: [{ name: 'only', transport, endpoint: `127.0.0.1:${port}`, localAddress: '127.0.0.1' }],
      batchSize: 4,
      onEvent: ({ type, to }) => {
        if (type === 'path-state' && to === 'normal') resolve()
      },
    })
    everyone.push(client)
    client.start()
  })
}
