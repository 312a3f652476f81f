import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finished } from '@mp/netlab'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { MULTIPATHD, spawnDaemon } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { PORT, TUN, clientConfig, createStage, serverConfig } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()
const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

let stage: Stage
let file: string

/** Of a daemon that refuses: its exit code and one line for people, which no stack trace follows. */
const refusal = (code: number, message: RegExp): Finished => ({
  code,
  signal: null,
  stdout: '',
  stderr: expect.stringMatching(
    new RegExp(`^multipathd: [^\n]*(\n  )?[^\n]*${message.source}[^\n]*\n$`),
  ) as string,
})

const start = async (config: object): Promise<Finished> =>
  (await spawnDaemon(stage.server, file, config)).exited

/** Starts it under another program, which takes something away first. */
async function startUnder(program: string, ...args: string[]): Promise<Finished> {
  await writeFile(file, JSON.stringify(serverConfig()))
  return stage.server.exec(program, [...args, process.execPath, MULTIPATHD, '-config', file])
}

const withTun = (name: string): object => ({
  ...serverConfig(),
  tun: { ...serverConfig().tun, name, allowedIPs: [] },
})

describe.skipIf(missing)(`a daemon that cannot start says what to do ${text}`, () => {
  beforeAll(async () => {
    stage = await createStage()
    file = join(stage.folder, 'daemon.json')
  })
  afterAll(() => stage.dispose())

  test.each([false, true])('when another program has the port, tcp: %s', async (tcp) => {
    const first = await stage.startServer({ tcp })
    const refused = await start({ ...withTun('other'), tcp })
    await first.end()
    const message =
      /cannot listen at 0.0.0.0:5000 over (UDP|TCP): another program has that port: stop it or choose/
    expect(refused).toEqual(refusal(EXIT.unavailable, message))
    expect(await stage.server.run('ip', ['-brief', 'link'])).not.toContain('other')
  })

  test('when the address to listen at is not of this machine', async () => {
    const refused = await start({ ...serverConfig(), server: { listen: '10.77.9.9:5000' } })
    const message = /cannot listen at 10.77.9.9:5000 over UDP: no interface of this machine has that address/
    expect(refused).toEqual(refusal(EXIT.unavailable, message))
  })

  test('when there is an interface of that name', async () => {
    const message = /an interface called link1 exists: choose another name/
    expect(await start(withTun('link1'))).toEqual(refusal(EXIT.unavailable, message))
  })

  test('when a daemon of ours has it', async () => {
    const first = await stage.startServer()
    const control = { socket: join(stage.folder, 'server.sock') }
    const refused = await start({ ...serverConfig(), control })
    await first.end()
    const message = new RegExp(`${TUN} runs already, as process \\d+: .multipathd reload.`)
    expect(refused).toEqual(refusal(EXIT.unavailable, message))
  })

  test('when the name of the device is too long', async () => {
    const message = /tun.name: a device name has at most 15 characters, "a-name-of-sixteen" has 17/
    expect(await start(withTun('a-name-of-sixteen'))).toEqual(refusal(EXIT.config, message))
  })

  test.skipIf(!isInstalled('setpriv'))('when it may not change the network [needs setpriv]', async () => {
    const refused = await startUnder('setpriv', '--bounding-set=-net_admin')
    expect(refused).toEqual(refusal(EXIT.noPermission, /root or CAP_NET_ADMIN/))
  })

  test.skipIf(!isInstalled('unshare'))('when there is no /dev/net/tun [needs unshare]', async () => {
    const hide = 'mount -t tmpfs none /dev/net && exec "$@"'
    const refused = await startUnder('unshare', '--mount', 'sh', '-c', hide, 'sh')
    expect(refused).toEqual(refusal(EXIT.noTun, /load the driver with `modprobe tun`/))
  })
})

describe.skipIf(missing)(`a client that finds no server ${text}`, () => {
  // Most of it is waiting.
  test.concurrent.each([false, true])('says so once and goes on trying, tcp: %s', async (tcp) => {
    const hosts = await createStage()
    try {
      const client = await searchAndFind(hosts, tcp)
      expect(client.count(/no link/)).toBe(tcp ? 3 : 1)
      expect(client.count(/does not answer/)).toBe(1)
      expect(await client.end()).toMatchObject({ code: 0, stderr: '' })
    } finally {
      await hosts.dispose()
    }
  })
})

/** Starts a client with two good ways and a bad one, the server once the client has complained, and waits for both. */
async function searchAndFind(hosts: Stage, tcp: boolean): Promise<Daemon> {
  const { remotePaths } = clientConfig(2).client
  const homeless = { remoteAddr: `10.77.1.2:${PORT}`, localAddr: '10.88.0.1' }
  const change = { tcp, client: { remotePaths: [...remotePaths, homeless] } }
  const client = await hosts.startClient(change, { ready: false })
  await client.says(/^path3: no link: .* no interface of this machine has that address/)
  if (tcp)
    await client.says(/^path1: no link: .* nothing listens there: check the port and that the server runs/)
  await client.says(/^the server does not answer on any path; trying on/)
  await hosts.startServer({ tcp })
  await client.says(/^path1: normal/)
  await client.says(/^path2: normal/)
  return client
}
