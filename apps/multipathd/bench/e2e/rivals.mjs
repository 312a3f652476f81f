import { join } from 'node:path'
import { MTU_BYTES, inside, port, startBoth, startDaemons } from '../support/daemons.mjs'

const PORTABLE = join(import.meta.dirname, '../support/portable-daemon.mjs')

/**
 * What is measured: each starts on both hosts of a stage beside the others, with a device and addresses of its own, and
 * answers `{ to, client, server, stop }`: the address to send to, and the processes of both sides.
 */

/** The daemon of this checkout. `transport`: of all its paths. */
export function multipathd({ name = 'multipathd', subnet = 1, paths, cipher, transport = 'udp' }) {
  const onLines = lines(paths).map((line) => ({ line, transport }))
  return { name, start: (stage) => startDaemons(stage, { subnet, paths: onLines, cipher }) }
}

/** The same parts, with portable sockets and ciphers. */
export function portable({ name = 'portable', subnet, cipher }) {
  const wishes = { subnet, paths: [{ line: 1 }], cipher, program: PORTABLE }
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

const lines = (paths) => Array.from({ length: paths }, (_, index) => index + 1)
