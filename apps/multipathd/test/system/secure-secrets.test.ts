import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { MULTIPATHD } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { clientSecurity, newKeys } from './support/keys.ts'
import { needs } from './support/needs.ts'
import { PORT, createStage, serverConfig } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

const FLOOD = fileURLToPath(new URL('support/flood.mjs', import.meta.url))
const JUNK_PPS = 2000
const JUNK_MS = 300
/** Any so many letters of a key in a row give it away. */
const TELLING_LETTERS = 12

/** Every piece of every spelling of a key that a program might let slip. */
function traces(key: string): string[] {
  const bytes = Buffer.from(key, 'base64')
  const hex = bytes.toString('hex')
  const spaced = hex.match(/../g)!
  const latin1 = bytes.toString('latin1')
  const spellings = [
    key,
    bytes.toString('base64url'),
    hex,
    hex.toUpperCase(),
    spaced.join(' '),
    spaced.join(':'),
    bytes.join(','),
    bytes.join(', '),
    latin1,
    JSON.stringify(latin1).slice(1, -1),
  ]
  return spellings.flatMap((spelling) =>
    Array.from({ length: Math.max(1, spelling.length - TELLING_LETTERS) }, (_each, start) =>
      spelling.slice(start, start + TELLING_LETTERS),
    ),
  )
}

/** What anybody on the machine may read about a process, and what its owner may. */
async function seenOutside({ pid }: Daemon): Promise<string> {
  const files = ['cmdline', 'environ', 'comm'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1'))
  return (await Promise.all(files)).join('\n')
}

/** Configs with a key where something is wrong, and what the program says of each. */
async function complaints({ client, folder, keys }: Stage): Promise<string> {
  const { privateKey } = keys!.server
  const file = join(folder, 'wrong.json')
  const configs = [
    { ...serverConfig(keys), user: privateKey },
    { ...serverConfig(keys), security: privateKey },
    { ...serverConfig(keys), security: { privateKey: `${privateKey}A` } },
    { ...serverConfig(keys), security: { privateKeyFile: privateKey } },
    { ...serverConfig(keys), [privateKey]: privateKey },
  ]
  let said = ''
  for (const config of configs) {
    await writeFile(file, JSON.stringify(config))
    const { code, stdout, stderr } = await client.exec(process.execPath, [MULTIPATHD, '-config', file])
    expect(code).not.toBe(0)
    said += stdout + stderr
  }
  return said
}

test.skipIf(missing)(`no key shows outside of a daemon, whatever goes wrong ${text}`, async () => {
  await using stage = await createStage({ secure: true, lines: 1 })
  const keys = stage.keys!
  const presharedKey = newKeys().privateKey
  const usual = serverConfig(keys).server
  const [peer] = usual.peers!
  const server = await stage.startServer({
    server: { ...usual, peers: [{ ...peer, presharedKey }] },
  })
  const client = await stage.startClient({ security: { ...clientSecurity(keys), presharedKey } })
  const seen = [await seenOutside(server), await seenOutside(client)]
  const flood = stage.client.spawn(process.execPath, [FLOOD, `10.77.1.2:${PORT}`, `${JUNK_PPS}`, '10.77.1.1'])
  await flood.waitFor(/^[1-9]/m)
  await sleep(JUNK_MS)
  await flood.kill()
  // The client loses its server, looks for it, and is stopped while it does.
  await server.end()
  await client.says(/^path1: lost/)
  await client.end()
  // One whose keys are not the right ones.
  const other = newKeys()
  const stranger = await stage.startClient(
    { security: clientSecurity({ ...keys, client: other }) },
    { ready: false },
  )
  await stranger.end()
  seen.push(...[server, client, stranger].map((daemon) => daemon.output()), await complaints(stage))
  const everything = seen.join('\n')
  expect(everything).toMatch(/^multipathd: /m)
  const secrets = [keys.server.privateKey, keys.client.privateKey, other.privateKey, presharedKey]
  expect(secrets.flatMap(traces).filter((trace) => everything.includes(trace))).toEqual([])
  // They would be found: the config, which nobody shows, has them.
  const config = await readFile(join(stage.folder, 'server.json'), 'utf8')
  for (const key of [keys.server.privateKey, presharedKey]) {
    expect(traces(key).some((trace) => config.includes(trace))).toBe(true)
  }
})
