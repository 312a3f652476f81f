// What a server needs for many clients that are there and do nothing: memory, and processor time for their probes and,
// over two minutes or more, for the new keys that each of them gets. Two and a half minutes as it stands;
// MP_SESSIONS=10000 MP_IDLE_SECONDS=120 takes seven. Says how often a path was not well: on a busy machine replies come
// late, suspicion makes probes, and what is measured then is not idleness.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { encodeKey } from '@mp/secure-channel'
import { insideOf, keysOf } from './support/idle-keys.mjs'

const SESSIONS = Number(process.env.MP_SESSIONS ?? 2000)
/** After this long without traffic a path is probed at its slowest, ms. */
const ASLEEP_AFTER_MS = 65_000
const MEASURE_MS = 1000 * Number(process.env.MP_IDLE_SECONDS ?? 30)
const PORT = 47_123

const server = program('idle-server.mjs')
server.send(serverConfig())
await once(server, 'message')
const empty = await usage()
const clients = program('idle-clients.mjs', SESSIONS, PORT)
const startMs = performance.now()
await once(clients, 'message')
const full = await usage()
const joinSeconds = (performance.now() - startMs) / 1000
await sleep(ASLEEP_AFTER_MS)
const from = await usage()
await sleep(MEASURE_MS)
const to = await usage()
clients.kill('SIGKILL')
server.kill('SIGKILL')

const elapsedMs = to.atMs - from.atMs
const perSession = (bytes) => `${(bytes / SESSIONS / 1024).toFixed(1)} KiB per session`
console.log(`
${to.established - to.closed} of ${SESSIONS} sessions are there, ${to.unwell} times a path was not well
${mib(empty)} without sessions, ${mib(full)} when all were there, ${mib(to)} at the end: ${perSession(to.memory.rss - empty.memory.rss)}
of that heap ${perSession(to.memory.heapUsed - empty.memory.heapUsed)}, typed arrays ${perSession(to.memory.arrayBuffers - empty.memory.arrayBuffers)}
${(((to.cpuMs - from.cpuMs) / elapsedMs) * 100).toFixed(1)} % of a core while they were idle, ${(full.cpuMs / joinSeconds / 10).toFixed(0)} % while they came, in ${joinSeconds.toFixed(0)} s`)

function program(name, ...args) {
  const path = fileURLToPath(new URL(`support/${name}`, import.meta.url))
  return fork(path, args.map(String), { execArgv: [] })
}

function serverConfig() {
  return JSON.stringify({
    isServer: true,
    // Clients may join as fast as they like: that is not what is measured.
    security: { privateKey: encodeKey(keysOf(0).privateKey), handshakesPerSecond: 1_000_000 },
    server: {
      listen: `127.0.0.1:${PORT}`,
      peers: Array.from({ length: SESSIONS }, (_each, index) => ({
        publicKey: encodeKey(keysOf(index + 1).publicKey),
        allowedIPs: [`${insideOf(index + 1)}/32`],
      })),
    },
    tun: { localAddr: '10.255.255.1', remoteAddr: '10.255.255.2' },
  })
}

async function usage() {
  server.send('usage')
  const [answer] = await once(server, 'message')
  return { ...answer, atMs: performance.now() }
}

function mib({ memory }) {
  return `${(memory.rss / 2 ** 20).toFixed(0)} MiB`
}
