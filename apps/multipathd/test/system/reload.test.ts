import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Finished, Namespace, Running } from '@mp/netlab'
import { expect, test } from 'vitest'
import { statsOf } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { newKeys } from './support/keys.ts'
import { needs } from './support/needs.ts'
import { INSIDE, PORT, TUN, clientConfig, createStage, serverConfig } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()
const NUMBERED = fileURLToPath(new URL('support/numbered.mjs', import.meta.url))
const LINES = 3
const LOAD_PORT = 5201
/** 4 Mbit/s each way. */
const PACKETS_PER_SECOND = 400

interface Stream {
  readonly sent: number
  readonly arrived: number
  /** What the kernels dropped, as the machine is busy: before a daemon came to read it, or a receiver. */
  readonly refused: number
}

/** A stream of packets each way while `body` runs: up to the server, and down to the client. */
async function underLoad(
  { client, server }: Stage,
  body: () => Promise<void>,
): Promise<{ readonly up: Stream; readonly down: Stream }> {
  const up = await startStream(client, server, INSIDE.server[0])
  const down = await startStream(server, client, INSIDE.client[0])
  await body()
  return { up: await up.end(), down: await down.end() }
}

async function startStream(
  from: Namespace,
  to: Namespace,
  address: string,
): Promise<{ end(): Promise<Stream> }> {
  const run = (host: Namespace, role: string, ...more: string[]): Running =>
    host.spawn(process.execPath, [NUMBERED, role, address, String(LOAD_PORT), ...more])
  const receiver = run(to, 'receive')
  await receiver.waitFor(/ready/)
  const sender = run(from, 'send', String(PACKETS_PER_SECOND))
  await sender.waitFor(/ready/)
  return {
    end: async () => {
      const sent = countOf(await sender.kill('SIGTERM'))
      const arrived = countOf(await receiver.kill('SIGTERM'))
      return { sent, arrived, refused: (await droppedByTun(from)) + (await droppedBySockets(to)) }
    },
  }
}

/** What it said last. */
const countOf = ({ stdout }: Finished): number => Number(stdout.replace('ready', ''))

async function droppedByTun(host: Namespace): Promise<number> {
  return Number(await host.run('cat', [`/sys/class/net/${TUN}/statistics/tx_dropped`]))
}

async function droppedBySockets(host: Namespace): Promise<number> {
  const lines = (await host.run('cat', ['/proc/net/snmp'])).split('\n')
  const [names, counts] = lines.filter((each) => each.startsWith('Udp:')).map((each) => each.split(' '))
  return Number(counts![names!.indexOf('RcvbufErrors')])
}

/** Packets that waited for too long in the queue of a daemon that was not given the time to send them. */
function droppedByQueue(daemon: Daemon): number {
  const { codel = 0, 'queue-full': queueFull = 0 } = statsOf(daemon).drops
  return codel + queueFull
}

/** Puts `change` over the usual config in the file, and has the daemon read it. */
async function reload(stage: Stage, daemon: Daemon, change: object): Promise<void> {
  const sinceMs = Date.now()
  const whole = { ...clientConfig(LINES, stage.keys), ...change }
  await writeFile(join(stage.folder, 'client.json'), JSON.stringify(whole))
  process.kill(daemon.pid, 'SIGHUP')
  await daemon.says(/^config/, { sinceMs })
}

const line = (number: number, more: object = {}): object => ({
  name: `path${number}`,
  remoteAddr: `10.77.${number}.2:${PORT}`,
  localAddr: `10.77.${number}.1`,
  ...more,
})

interface Round {
  readonly up: Stream
  readonly down: Stream
  readonly client: Daemon
  readonly server: Daemon
}

/** Everything of a client's paths that a reload can change, in three steps, while packets go both ways. */
async function reloadUnderLoad(): Promise<Round> {
  await using stage = await createStage({ lines: LINES, secure: true })
  const server = await stage.startServer()
  const client = await stage.startClient({ client: { remotePaths: [line(1), line(2)] } })
  const streams = await underLoad(stage, async () => {
    await reload(stage, client, {
      client: { remotePaths: [line(1, { weight: 3 }), line(2, { role: 'backup' })] },
    })
    await sleep(300)
    await reload(stage, client, { client: { remotePaths: [line(1), line(2), line(3)] } })
    await client.says(/^path3: normal/)
    await sleep(500)
    // One goes and one leads elsewhere; what cannot change is named and stays.
    const moved = line(2, { mtu: 1400 })
    await reload(stage, client, { tcp: true, client: { remotePaths: [line(3), moved] } })
    // A path that leaves has a second to end.
    await sleep(1500)
  })
  for (const daemon of [client, server]) await daemon.end()
  return { ...streams, client, server }
}

/** A machine that leaves its daemons no time for probes and queues loses packets without any reload. */
const isCalm = ({ client, server }: Round): boolean =>
  [client, server].every((daemon) => daemon.count(/: (unstable|lost)/) === 0 && droppedByQueue(daemon) === 0)

test.skipIf(missing)(
  `a reload under load costs no packet and no session ${text}`,
  async () => {
    let round = await reloadUnderLoad()
    for (let more = 0; more < 2 && !isCalm(round); more++) round = await reloadUnderLoad()
    const { up, down, client, server } = round
    for (const [{ sent, arrived, refused }, sender] of [
      [up, client],
      [down, server],
    ] as const) {
      expect(sent).toBeGreaterThan(PACKETS_PER_SECOND)
      expect(sent - arrived).toBeLessThanOrEqual(refused)
      expect(statsOf(sender).drops).not.toHaveProperty('path-left')
      expect(sender.count(/^tunnel established/)).toBe(1)
    }
    const said = client.said().map(({ message }) => message)
    expect(said).toEqual(
      expect.arrayContaining([
        'config: client.remotePaths: added path3',
        'config: client.remotePaths: removed path1',
        'config: client.remotePaths: replaced path2',
        expect.stringMatching(/^config: tcp: cannot change .* restart it$/),
      ]),
    )
  },
  60_000,
)

test.skipIf(missing)(
  `a faulty file changes nothing, and clients of a server come and go ${text}`,
  async () => {
    await using stage = await createStage({ secure: true })
    const { server: listener, ...config } = serverConfig(stage.keys)
    const usual = { ...listener, nat: true }
    const server = await stage.startServer({ server: usual })
    const client = await stage.startClient()
    await reload(stage, client, { mode: 'fast' })
    expect(client.count(/^config not followed: .*mode: expected "aggregate"/)).toBe(1)
    const follow = async (section: object, pattern: RegExp): Promise<void> => {
      await writeFile(join(stage.folder, 'server.json'), JSON.stringify({ ...config, server: section }))
      process.kill(server.pid, 'SIGHUP')
      await server.says(pattern)
    }
    const network = '10.98.0.0/24'
    const guest = {
      name: 'guest',
      publicKey: newKeys().publicKey,
      allowedIPs: [network],
    }
    const route = () => stage.server.run('ip', ['route', 'show', network])
    const rules = () => stage.server.run('nft', ['list', 'table', 'inet', `multipathd-${TUN}`])
    await follow({ ...usual, peers: [...usual.peers!, guest] }, /^config: server.peers: added guest/)
    expect(await route()).toContain(`dev ${TUN}`)
    expect(await rules()).toContain(`ip saddr ${network}`)
    await follow(usual, /^config: server.peers: removed guest/)
    expect(await route()).toBe('')
    expect(await rules()).not.toContain(network)
    expect(server.count(/^session ended/)).toBe(0)
  },
)
