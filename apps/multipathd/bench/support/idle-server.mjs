// A server put together as the daemon does it, but for its TUN; a process of its own, so that nothing else counts.
//
//     fork('idle-server.mjs')     sent the text of its config it says 'ready', and after that what it has used so far
import { once } from 'node:events'
import { loadKeys, parseConfig } from '../../dist/config/index.js'
import { createTunnel } from '../../dist/daemon/create-tunnel.js'
import { createPool } from '../../dist/daemon/pool.js'
import { systemRuntime } from '@mp/runtime-node'
import { silentTun } from './silent-tun.mjs'

const config = await received()
const pool = createPool(config)
const counts = { established: 0, closed: 0, normal: 0, unwell: 0 }
const tunnel = createTunnel(config, {
  runtime: systemRuntime(),
  pool,
  tun: silentTun(pool),
  onEvent: ({ type, to }) => {
    if (type === 'established' || type === 'closed') counts[type]++
    if (type === 'path-state') counts[to === 'normal' ? 'normal' : 'unwell']++
  },
})
await tunnel.start()
process.on('message', () => {
  process.send({ ...counts, cpuMs: cpuMs(), memory: process.memoryUsage() })
})
process.send('ready')

async function received() {
  const [text] = await once(process, 'message')
  const parsed = parseConfig(text)
  const loaded = parsed.faults === undefined ? loadKeys(parsed.config, '.') : parsed
  if (loaded.faults !== undefined) throw new Error(JSON.stringify(loaded.faults))
  return loaded.config
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
