// What a server needs for thousands of clients that are there and do nothing: memory, and processor time for their
// probes and for the new keys that each of them gets every two minutes. Takes about four minutes;
// `MP_SESSIONS` and `MP_IDLE_SECONDS` make it shorter.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SESSIONS = Number(process.env.MP_SESSIONS ?? 10_000)
/** After this long without traffic a path is probed at its slowest, ms. */
const ASLEEP_AFTER_MS = 65_000
/** A whole life of keys, so that each session gets new ones once. */
const MEASURE_MS = 1000 * Number(process.env.MP_IDLE_SECONDS ?? 120)
const PORT = 47_123

const server = program('idle-server.mjs', SESSIONS)
await once(server, 'message')
const empty = await usage()
const clients = program('idle-clients.mjs', SESSIONS)
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

function program(name, sessions) {
  const path = fileURLToPath(new URL(`support/${name}`, import.meta.url))
  return fork(path, [String(sessions), String(PORT)], { execArgv: [] })
}

async function usage() {
  server.send('usage')
  const [answer] = await once(server, 'message')
  return { ...answer, atMs: performance.now() }
}

function mib({ memory }) {
  return `${(memory.rss / 2 ** 20).toFixed(0)} MiB`
}
