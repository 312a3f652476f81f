import { existsSync } from 'node:fs'
import { parseEndpoint } from '@mp/runtime-node'
import { messageOf } from '../cli/explain.ts'
import { ControlClient, answering } from '../control/index.ts'
import type { Snapshot } from '../daemon/snapshot.ts'
import { hasPattern } from '../network/index.ts'
import type { Finding, Patient } from './finding.ts'
import { tryToBind } from './lines.ts'
import { findingsOf, settled } from './ways.ts'
import type { Way } from './ways.ts'

/** What the client that runs with this config knows of its paths; undefined when none answers. */
export async function askDaemon(patient: Patient): Promise<readonly Finding[] | undefined> {
  const { socketPath } = patient
  if (socketPath === undefined || (await answering([socketPath])).length === 0) return undefined
  let client: ControlClient | undefined
  try {
    client = await ControlClient.connect(socketPath)
    return await findingsBy(client, patient)
  } catch (error) {
    const found = 'runs, but does not say how its paths are; not to interrupt it, the server is not asked'
    return [{ about: 'daemon', level: 'warning', found, advice: messageOf(error) }]
  } finally {
    client?.close()
  }
}

async function findingsBy(
  client: ControlClient,
  { config }: Patient,
): Promise<readonly Finding[] | undefined> {
  const ask = async (): Promise<Snapshot> => (await client.request('status')) as Snapshot
  const { daemon } = await ask()
  if (daemon.role === 'server') return undefined
  const ways = await settled(async () => (await ask()).peers[0]?.paths ?? [])
  const found = `runs as process ${daemon.pid}: it says how its paths are, the server is not asked again`
  return [{ about: 'daemon', level: 'ok', found }, ...findingsOf(ways, config), ...unread(ways, config)]
}

/** Paths that the config has and the daemon has not. Those of a pattern come with their interfaces. */
function unread(ways: readonly Way[], { client }: Patient['config']): readonly Finding[] {
  const missing = client.remotePaths.filter(
    (path) => !hasPattern(path) && !ways.some(({ name }) => name === path.name),
  )
  const advice = '`multipathd reload` has it read the file'
  return missing.map(({ name }) => ({
    about: `server by ${name}`,
    level: 'warning',
    found: 'the daemon does not have this path',
    advice,
  }))
}

/** Who has what only one daemon with this config can have, and was not found to answer; undefined when nobody has. */
export async function findHolder({ config }: Patient): Promise<readonly Finding[] | undefined> {
  const { relay, tun } = config
  const isRelay = relay !== undefined
  const isTaken = isRelay ? await isBound(relay.listen!) : existsSync(`/sys/class/net/${tun.name}`)
  if (!isTaken) return undefined
  const about = isRelay ? `relay ${relay.listen}` : `device ${tun.name}`
  const found = 'taken; not to interrupt a daemon that runs, the server is not asked'
  const key = isRelay ? 'relay.listen' : 'tun.name'
  const advice = `a daemon with this config: let it be asked, by sudo or --socket, or stop it. Else choose another "${key}"`
  return [{ about, level: 'warning', found, advice }]
}

async function isBound(listen: string): Promise<boolean> {
  const endpoint = parseEndpoint(listen)
  return !('error' in endpoint) && (await tryToBind(endpoint)) === 'EADDRINUSE'
}
