// A daemon whose sockets and ciphers are the portable ones, over a native TUN that reads and writes packet by packet, as
// any portable TUN does: MP_NATIVE=off would leave it without one where no other is installed.
//
//     node portable-daemon.mjs -config FILE     says what the daemon says when it is there
import { readFileSync } from 'node:fs'
import { systemRuntime } from '@mp/runtime-node'
import { loadKeys, parseConfig } from '../../dist/config/index.js'
import { createTunnel } from '../../dist/daemon/create-tunnel.js'
import { openDevice } from '../../dist/daemon/device.js'
import { createPool } from '../../dist/daemon/pool.js'

const NO_OFFLOADS = { checksum: false, tso: false, uso: false, coalesce: false, gso: false, gro: false }

const config = configIn(process.argv[3])
const pool = createPool(config)
const tun = await openDevice({ ...config, offload: NO_OFFLOADS }, { pool, log: console, env: process.env })
// What is chosen from here on does without the addon.
process.env.MP_NATIVE = 'off'
const tunnel = createTunnel(config, {
  runtime: systemRuntime(),
  pool,
  tun,
  transportFor: (_path, transport) => transport,
  onEvent: ({ type, path, to }) => {
    if (type === 'path-state') console.log(`${path}: ${to}`)
  },
})
await tunnel.start()
console.log(config.isServer ? 'server listens' : 'client dials')

function configIn(file) {
  const parsed = parseConfig(readFileSync(file, 'utf8'))
  const loaded = parsed.faults === undefined ? loadKeys(parsed.config, '.') : parsed
  if (loaded.faults !== undefined) throw new Error(JSON.stringify(loaded.faults))
  return loaded.config
}
