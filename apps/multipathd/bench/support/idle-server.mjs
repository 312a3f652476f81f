// A server put together as the daemon does it, but for its TUN; a process of its own, so that nothing else counts.
//
//     fork('idle-server.mjs', [CLIENTS, PORT])     says 'ready'; asked anything, it says what it has used so far
import { loadKeys, parseConfig } from '../../dist/config/index.js'
import { createTunnel } from '../../dist/daemon/create-tunnel.js'
import { createPool } from '../../dist/daemon/pool.js'
import { encodeKey } from '@mp/secure-channel'
import { systemRuntime } from '@mp/runtime-node'
import { insideOf, keysOf } from './idle-keys.mjs'
import { silentTun } from './silent-tun.mjs'

const [, , clients, port] = process.argv.map(Number)
const config = configOf()
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

function configOf() {
  const text = JSON.stringify({
    isServer: true,
    // All come at once here, which is not what is measured.
    security: { privateKey: encodeKey(keysOf(0).privateKey), handshakesPerSecond: 1_000_000 },
    server: {
      listen: `127.0.0.1:${port}`,
      peers: Array.from({ length: clients }, (_each, index) => ({
        publicKey: encodeKey(keysOf(index + 1).publicKey),
        allowedIPs: [`${insideOf(index + 1)}/32`],
      })),
    },
    tun: { localAddr: '10.255.255.1', remoteAddr: '10.255.255.2' },
  })
  const parsed = parseConfig(text)
  const loaded = parsed.faults === undefined ? loadKeys(parsed.config, '.') : parsed
  if (loaded.faults !== undefined) throw new Error(JSON.stringify(loaded.faults))
  return loaded.config
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
