import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { waitFor } from '../support/wait-for.ts'
import { MULTIPATHD } from './support/daemon.ts'
import { clientSecurity, newKeys } from './support/keys.ts'

/** Root without any right of root, where the test runs as root; else whoever runs it has none anyway. */
const UNPRIVILEGED = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] : []

/** Longest time that a daemon takes for what it is waited for, ms. */
const limitMs = 10_000

const undo: (() => unknown)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each()
})

async function udp(port = 0): Promise<Socket> {
  const socket = createSocket('udp4')
  undo.push(() => socket.close())
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

const portOf = (socket: Socket): number => socket.address().port

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = await udp()
  const port = portOf(socket)
  undo.pop()
  socket.close()
  await once(socket, 'close')
  return port
}

async function daemon(
  folder: string,
  name: string,
  config: object,
): Promise<{ readonly output: () => string }> {
  const file = join(folder, `${name}.json`)
  await writeFile(file, JSON.stringify(config))
  const [program, ...args] = [...UNPRIVILEGED, process.execPath, MULTIPATHD, '-config', file]
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk) => (text += String(chunk)))
  undo.push(() => {
    child.kill('SIGTERM')
    return ended
  })
  return { output: () => text }
}

test('a UDP flow goes through two paths of a tunnel and back, with no right of root', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-relay-'))
  undo.push(() => rm(folder, { recursive: true, force: true }))
  const keys = { client: newKeys(), server: newKeys() }
  const echo = await udp()
  echo.on('message', (message, { port }) => echo.send(message, port, '127.0.0.1'))
  const [outer, inner] = [await freePort(), await freePort()]
  const server = await daemon(folder, 'server', {
    isServer: true,
    security: { privateKey: keys.server.privateKey },
    server: {
      listen: `127.0.0.1:${outer}`,
      peers: [{ publicKey: keys.client.publicKey, allowedIPs: ['10.99.0.1/32'] }],
    },
    relay: { target: `127.0.0.1:${portOf(echo)}` },
    tun: { localAddr: '10.99.0.2', remoteAddr: '10.99.0.1' },
  })
  await waitFor(() => server.output().includes('server listens'), { limitMs, found: server.output })
  const client = await daemon(folder, 'client', {
    security: clientSecurity(keys),
    client: {
      remotePaths: ['127.0.0.2', '127.0.0.3'].map((localAddr) => ({
        remoteAddr: `127.0.0.1:${outer}`,
        localAddr,
      })),
    },
    relay: { listen: `127.0.0.1:${inner}` },
    tun: { localAddr: '10.99.0.1', remoteAddr: '10.99.0.2' },
  })
  const isReady = (): boolean =>
    /path1: normal/.test(client.output()) && /path2: normal/.test(client.output())
  await waitFor(isReady, { limitMs, found: client.output })
  const program = await udp()
  const heard = new Set<string>()
  program.on('message', (message) => heard.add(String(message)))
  // As large as WireGuard's over a line of 1500 bytes: cut in pieces on the way.
  const sent = Array.from({ length: 200 }, (_, number) =>
    `${number}`.padEnd(number % 2 === 0 ? 100 : 1452, '.'),
  )
  for (const text of sent) {
    program.send(text, inner, '127.0.0.1')
    await sleep(1)
  }
  await waitFor(() => heard.size === sent.length, {
    limitMs,
    found: () => `${heard.size} of ${sent.length} came back\n${client.output()}`,
  })
  expect(sent.every((text) => heard.has(text))).toBe(true)
  expect(client.output()).toContain(`relay: send datagrams to 127.0.0.1:${inner}`)
})
