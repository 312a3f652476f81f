import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { INSIDE, PORT, clientConfig, createStage, serverConfig } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')
const LINES = 3
const SECONDS = 8

interface Stream {
  readonly packets: number
  readonly lost: number
}

/** As iperf3 says it. */
interface Sum {
  readonly packets: number
  readonly lost_packets: number
}

/**
 * A stream of packets, 8 Mbit/s, while `body` runs. @returns how many there were, and how many did not arrive: what iperf3 was
 * too slow to take from its socket did.
 */
async function underLoad(stage: Stage, reverse: boolean, body: () => Promise<void>): Promise<Stream> {
  const listener = stage.server.spawn('iperf3', ['--server', '--one-off', '--forceflush'])
  await listener.waitFor(/listening/)
  const options = ['--udp', '--length', '1200', '--bitrate', '8M', '--time', `${SECONDS}`, '--json']
  const running = stage.client.exec(
    'iperf3',
    ['--client', INSIDE.server[0], ...options, ...(reverse ? ['--reverse'] : [])],
    { timeoutMs: (SECONDS + 8) * 1000 },
  )
  await sleep(1000)
  await body()
  const { stdout, stderr } = await running
  await listener.kill()
  const { end } = JSON.parse(stdout || '{}') as { readonly end?: { readonly sum: Sum } }
  if (end === undefined) throw new Error(`iperf3 failed: ${stdout}${stderr}`)
  const { packets, lost_packets: lost } = end.sum
  const refused = await refusedBySockets(reverse ? stage.client : stage.server)
  return { packets, lost: Math.max(0, lost - refused) }
}

/** Packets that came to a socket whose buffer was full. Those of the daemons are so large that they hardly ever are. */
async function refusedBySockets(host: Stage['client']): Promise<number> {
  const lines = (await host.run('cat', ['/proc/net/snmp'])).split('\n')
  const [names, counts] = lines.filter((line) => line.startsWith('Udp:')).map((line) => line.split(' '))
  return Number(counts![names!.indexOf('RcvbufErrors')])
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

test.skipIf(missing).each([{ reverse: false }, { reverse: true }])(
  `a reload under load costs no packet and no session, reverse: $reverse ${text}`,
  async ({ reverse }) => {
    await using stage = await createStage({ lines: LINES, secure: true })
    const server = await stage.startServer()
    const client = await stage.startClient({ client: { remotePaths: [line(1), line(2)] } })
    const { packets, lost } = await underLoad(stage, reverse, async () => {
      await reload(stage, client, {
        client: { remotePaths: [line(1, { weight: 3 }), line(2, { role: 'backup' })] },
      })
      await sleep(300)
      await reload(stage, client, { client: { remotePaths: [line(1), line(2), line(3)] } })
      await client.says(/^path3: normal/)
      await sleep(500)
      // One goes and one leads elsewhere; what cannot change is named and stays.
      const moved = line(2, { remoteAddr: `10.77.2.2:${PORT}`, mtu: 1400 })
      await reload(stage, client, { tcp: true, client: { remotePaths: [line(3), moved] } })
      await sleep(2500)
    })
    expect(packets).toBeGreaterThan(SECONDS * 700)
    expect(lost).toBe(0)
    const said = client.said().map(({ message }) => message)
    expect(said).toEqual(
      expect.arrayContaining([
        'config: client.remotePaths: added path3',
        'config: client.remotePaths: removed path1',
        'config: client.remotePaths: replaced path2',
        expect.stringMatching(/^config: tcp: cannot change .* restart it$/),
      ]),
    )
    for (const daemon of [client, server]) expect(daemon.count(/^tunnel established/)).toBe(1)
    for (const daemon of [client, server]) expect(daemon.count(/^session ended/)).toBe(0)
  },
)

test.skipIf(missing)(
  `a faulty file changes nothing, and clients of a server come and go ${text}`,
  async () => {
    await using stage = await createStage({ secure: true })
    const server = await stage.startServer()
    const client = await stage.startClient()
    await reload(stage, client, { mode: 'fast' })
    expect(client.count(/^config not changed: .*mode: expected "aggregate"/)).toBe(1)
    const file = join(stage.folder, 'server.json')
    const config = serverConfig(stage.keys) as unknown as {
      readonly server: { readonly peers: readonly object[] }
    }
    const { publicKey } = stage.keys!.server
    const guest = {
      name: 'guest',
      publicKey: Buffer.from(Buffer.from(publicKey, 'base64').toReversed()).toString('base64'),
      allowedIPs: ['10.98.0.0/24'],
    }
    const peers = [...config.server.peers, guest]
    await writeFile(file, JSON.stringify({ ...config, server: { ...config.server, peers } }))
    process.kill(server.pid, 'SIGHUP')
    await server.says(/^config: server.peers: added guest/)
    expect(await stage.server.run('ip', ['route', 'show', '10.98.0.0/24'])).toMatch(/dev mptest/)
    await writeFile(file, JSON.stringify(config))
    process.kill(server.pid, 'SIGHUP')
    await server.says(/^config: server.peers: removed guest/)
    expect(await stage.server.run('ip', ['route', 'show', '10.98.0.0/24'])).toBe('')
    expect(server.count(/^session ended/)).toBe(0)
  },
)
