import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeKey } from '@mp/secure-channel'
import { nodeCrypto } from '@mp/runtime-node'

const MULTIPATHD = join(import.meta.dirname, '../../bin/multipathd.js')
/** Of the TUN devices. */
export const MTU_BYTES = 1400

/** Addresses inside the tunnel number `subnet`. */
export const inside = (subnet) => ({ client: `10.99.${subnet}.1`, server: `10.99.${subnet}.2` })

/** Where a server listens. */
export const port = (subnet) => 5000 + subnet

/**
 * Starts the daemons of this checkout on both hosts of a stage, with one path for each of `paths`, `{ line, transport }`
 * (default UDP), and waits until all work. `cipher` `none` is without keys; left out, the daemons choose. `program` takes the place
 * of the daemon's. Answers `{ to, client, server, stop }`: the address of the server inside, and the processes of both sides.
 */
export function startDaemons({ client, server }, { subnet, paths, cipher, program = MULTIPATHD }) {
  const ends = inside(subnet)
  const security = securityOf(cipher, ends)
  const tun = (localAddr, remoteAddr) => ({ name: `mp${subnet}`, localAddr, remoteAddr, mtu: MTU_BYTES })
  const serverConfig = {
    isServer: true,
    security: security.server,
    server: { listen: `0.0.0.0:${port(subnet)}`, transport: 'both', ...security.peers },
    tun: tun(ends.server, ends.client),
  }
  const remotePaths = paths.map(({ line, transport = 'udp' }) => ({
    remoteAddr: `10.77.${line}.2:${port(subnet)}`,
    localAddr: `10.77.${line}.1`,
    transport,
  }))
  const clientConfig = {
    security: security.client,
    client: { remotePaths },
    tun: tun(ends.client, ends.server),
  }
  const allNormal = paths.map((_, index) => new RegExp(`path${index + 1}: normal`))
  return startBoth(
    () => startDaemon(server, serverConfig, { program, until: [/server listens/] }),
    () => startDaemon(client, clientConfig, { program, until: allNormal }),
    ends.server,
  )
}

/** Starts the server and then the client of something; none is left when one cannot be started. */
export async function startBoth(startServer, startClient, to) {
  const server = await startServer()
  try {
    const client = await startClient()
    const stop = async () => {
      await Promise.all([client.kill('SIGTERM'), server.kill('SIGTERM')])
    }
    return { to, client, server, stop }
  } catch (error) {
    await server.kill('SIGKILL')
    throw error
  }
}

/** Its files are there only until it runs, so that a bench that is broken off leaves nothing behind. */
async function startDaemon(host, config, { program, until }) {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-bench-'))
  try {
    const file = join(folder, 'config.json')
    await writeFile(file, JSON.stringify({ control: { socket: 'none' }, ...config }), { mode: 0o600 })
    const env = { RUNTIME_DIRECTORY: folder }
    const running = host.spawn(process.execPath, [program, '-config', file], { env })
    for (const pattern of until) await running.waitFor(pattern)
    return running
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function securityOf(cipher, ends) {
  if (cipher === 'none') return { client: 'none', server: 'none', peers: {} }
  const [client, server] = [0, 1].map(() => {
    const { privateKey, publicKey } = nodeCrypto().generateKeyPair()
    return { privateKey: encodeKey(privateKey), publicKey: encodeKey(publicKey) }
  })
  const peer = { name: 'client', publicKey: client.publicKey, allowedIPs: [`${ends.client}/32`] }
  const chosen = cipher === undefined ? {} : { cipher }
  return {
    client: { privateKey: client.privateKey, serverPublicKey: server.publicKey, ...chosen },
    server: { privateKey: server.privateKey, ...chosen },
    peers: { peers: [peer] },
  }
}
