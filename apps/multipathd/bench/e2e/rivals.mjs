import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeKey } from '@mp/secure-channel'
import { nodeCrypto } from '@mp/runtime-node'

const MULTIPATHD = join(import.meta.dirname, '../../bin/multipathd.js')
const PORTABLE = join(import.meta.dirname, '../support/portable-daemon.mjs')
const MTU_BYTES = 1400

/**
 * What is measured: each starts on both hosts of a stage beside the others, with a device and addresses of its own, and
 * answers `{ to, client, server, stop }`: the address to send to, and the processes of both sides.
 */

/** The daemon of this checkout. `transport`: of all its paths. */
export function multipathd({ name = 'multipathd', subnet = 1, paths, cipher, transport = 'udp' }) {
  const wishes = { subnet, paths, cipher, transport, program: MULTIPATHD }
  return { name, start: (stage) => startDaemons(stage, wishes) }
}

/** The same parts, with portable sockets and ciphers. */
export function portable({ name = 'portable', subnet, cipher }) {
  const wishes = { subnet, paths: 1, cipher, transport: 'udp', program: PORTABLE }
  return { name, start: (stage) => startDaemons(stage, wishes) }
}

/** The forwarder in C. `simple`: without offloads and batches. */
export function reference({ name = 'reference', subnet = 2, program, paths, cipher, simple = false }) {
  return { name, start: (stage) => startReference(stage, { subnet, program, paths, cipher, simple }) }
}

/** No tunnel at all. */
export function bareLine() {
  return { name: 'bare line', start: async () => ({ to: '10.77.1.2', stop: async () => {} }) }
}

const inside = (subnet) => ({ client: `10.99.${subnet}.1`, server: `10.99.${subnet}.2` })

async function startDaemons({ client, server }, { subnet, paths, cipher, transport, program }) {
  const ends = inside(subnet)
  const security = securityOf(cipher, ends)
  const tun = (localAddr, remoteAddr) => ({ name: `mp${subnet}`, localAddr, remoteAddr, mtu: MTU_BYTES })
  const serverConfig = {
    isServer: true,
    security: security.server,
    server: { listen: `0.0.0.0:${port(subnet)}`, transport, ...security.peers },
    tun: tun(ends.server, ends.client),
  }
  const remotePaths = lines(paths).map((line) => ({
    remoteAddr: `10.77.${line}.2:${port(subnet)}`,
    localAddr: `10.77.${line}.1`,
    transport,
  }))
  const clientConfig = {
    security: security.client,
    client: { remotePaths },
    tun: tun(ends.client, ends.server),
  }
  return startBoth(
    () => startDaemon(server, serverConfig, { program, until: [/server listens/] }),
    () =>
      startDaemon(client, clientConfig, {
        program,
        until: lines(paths).map((n) => new RegExp(`path${n}: normal`)),
      }),
    ends.server,
  )
}

/** Its config is there only until it runs, so that a bench that is broken off leaves nothing behind. */
async function startDaemon(host, config, { program, until }) {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-bench-'))
  try {
    const file = join(folder, 'config.json')
    await writeFile(file, JSON.stringify({ control: { socket: 'none' }, ...config }), { mode: 0o600 })
    const running = host.spawn(process.execPath, [program, '-config', file])
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
  return {
    client: { privateKey: client.privateKey, serverPublicKey: server.publicKey, cipher },
    server: { privateKey: server.privateKey, cipher },
    peers: { peers: [peer] },
  }
}

async function startReference({ client, server }, { subnet, program, paths, cipher, simple }) {
  const ends = inside(subnet)
  const device = `ref${subnet}`
  const start = async (host, role, [own, other]) => {
    const args = lines(paths).flatMap((line) => {
      const [local, remote] = [own, other].map((end) => `10.77.${line}.${end}:${port(subnet)}`)
      return ['--path', `${local},${remote}`]
    })
    if (simple) args.push('--simple')
    const running = host.spawn(program, ['--tun', device, '--role', role, '--cipher', cipher, ...args])
    await running.waitFor(/ready/)
    const [local, remote] = role === 'client' ? [ends.client, ends.server] : [ends.server, ends.client]
    await host.run('ip', ['addr', 'add', local, 'peer', remote, 'dev', device])
    await host.run('ip', ['link', 'set', device, 'mtu', String(MTU_BYTES), 'up'])
    return running
  }
  return startBoth(
    () => start(server, 'server', [2, 1]),
    () => start(client, 'client', [1, 2]),
    ends.server,
  )
}

async function startBoth(startServer, startClient, to) {
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

const lines = (paths) => Array.from({ length: paths }, (_, index) => index + 1)

const port = (subnet) => 5000 + subnet
