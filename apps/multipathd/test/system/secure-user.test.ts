import { chmod, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { needs } from './support/needs.ts'
import { answers } from './support/ping.ts'
import { INSIDE, TUN, clientConfig, createStage } from './support/stage.ts'
import { traces } from './support/traces.ts'

const { missing, text } = needs()

const NOBODY = 65_534
const CAP_NET_ADMIN = 1 << 12
const ROUTE = '10.202.0.0/16'

test.skipIf(missing)(
  `started as root with a user, a daemon keeps only the right to change the network, works, and leaves nothing ${text}`,
  async () => {
    await using stage = await createStage({ secure: true, lines: 1, config: { user: 'nobody' } })
    const { client, server } = stage
    const before = [await traces(client), await traces(server)]
    const { tun } = clientConfig(1)
    const daemons = [
      await stage.startServer(),
      await stage.startClient({ tun: { ...tun, allowedIPs: [ROUTE] } }),
    ]
    for (const { pid } of daemons) {
      const [main, ...others] = await rightsOf(pid)
      const user = [NOBODY, NOBODY, NOBODY, NOBODY]
      expect(main).toEqual({ user, groups: [], capabilities: CAP_NET_ADMIN, noNewPrivileges: 1 })
      expect(others.length).toBeGreaterThan(0)
      for (const other of others) {
        expect(other).toEqual({ user, groups: [], capabilities: 0, noNewPrivileges: 1 })
      }
    }
    expect(await answers(client, INSIDE.server[0])).toBe(true)
    expect(await answers(server, INSIDE.client[1])).toBe(true)
    expect(await client.run('ip', ['route', 'show', ROUTE])).toContain(TUN)
    for (const daemon of daemons) expect(await daemon.end()).toMatchObject({ code: 0, stderr: '' })
    expect([await traces(client), await traces(server)]).toEqual(before)
  },
)

test.skipIf(missing)(
  `a daemon with a user follows its file, though the key stays with root ${text}`,
  async () => {
    await using stage = await createStage({ secure: true, lines: 1, config: { user: 'nobody' } })
    const { folder, keys } = stage
    const keyFile = join(folder, 'client.key')
    await writeFile(keyFile, keys!.client.privateKey, { mode: 0o600 })
    await chmod(folder, 0o711)
    const security = { privateKeyFile: keyFile, serverPublicKey: keys!.server.publicKey }
    const client = await stage.startClient({ security }, { ready: false })
    const file = join(folder, 'client.json')
    const config = JSON.parse(await readFile(file, 'utf8')) as object
    await writeFile(file, JSON.stringify({ ...config, mode: { bulk: 'redundant' } }))
    process.kill(client.pid, 'SIGHUP')
    await client.says(/^config: mode: changed/)
    const other = { ...security, presharedKeyFile: `${keyFile}.new` }
    await writeFile(`${keyFile}.new`, keys!.server.privateKey, { mode: 0o600 })
    await writeFile(file, JSON.stringify({ ...config, security: other }))
    process.kill(client.pid, 'SIGHUP')
    await client.says(
      /^config not followed: .*security\.presharedKeyFile: .* the user that this runs as may not read it/,
    )
    expect(await client.end()).toMatchObject({ code: 0 })
  },
)

interface Rights {
  /** Real, effective, saved, and that of the file system. */
  readonly user: readonly number[]
  readonly groups: readonly number[]
  /** Permitted: all that the thread can ever have. */
  readonly capabilities: number
  readonly noNewPrivileges: number
}

/** Of each thread of a process, the main one first. */
async function rightsOf(pid: number): Promise<Rights[]> {
  const threads = await readdir(`/proc/${pid}/task`)
  const first = [String(pid), ...threads.filter((thread) => thread !== String(pid))]
  return Promise.all(
    first.map(async (thread) => {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')
      const words = (name: string): string[] =>
        new RegExp(`^${name}:(.*)`, 'm').exec(status)![1]!.split(/\s+/).filter(Boolean)
      return {
        user: words('Uid').map(Number),
        groups: words('Groups').map(Number),
        capabilities: Number(`0x${words('CapPrm')[0]}`),
        noNewPrivileges: Number(words('NoNewPrivs')[0]),
      }
    }),
  )
}
