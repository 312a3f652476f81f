import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLab } from '@mp/netlab'
import type { Lab, LabLine, LabLink, LineProfile, Namespace } from '@mp/netlab'
import { startDaemon } from './daemon.ts'
import type { Daemon } from './daemon.ts'
import { clientSecurity, newKeys } from './keys.ts'
import type { PairKeys } from './keys.ts'

/** Name of the TUN devices. */
export const TUN = 'mptest'
/** Where the server listens. */
export const PORT = 5000
/** Addresses inside the tunnel. */
export const INSIDE = {
  client: ['10.99.0.1', 'fd00:99::1'],
  server: ['10.99.0.2', 'fd00:99::2'],
} as const

/** Two hosts, the lines between them and the daemons on them. */
export interface Stage extends Hosts, AsyncDisposable {
  readonly lab: Lab
  /** Line i (from 1) leads from 10.77.i.1 to 10.77.i.2, and from fd00:77:i::1 to fd00:77:i::2. */
  readonly links: readonly LabLink[]
  /** The same where lines are emulated; there are no links then. */
  readonly emulated: readonly LabLine[]
  /** Where config files go. */
  readonly folder: string
  /** Those of the configs, when the stage is secure. */
  readonly keys: PairKeys | undefined
  startServer(change?: Change): Promise<Daemon>
  /** Waits until every path works, unless `ready` is false. */
  startClient(change?: Change, options?: { readonly ready?: boolean }): Promise<Daemon>
  dispose(): Promise<void>
}

interface Hosts {
  readonly client: Namespace
  readonly server: Namespace
}

/** Keys to put over those of the usual config. */
export interface Change {
  readonly tcp?: boolean
  readonly scheduling?: 'static'
  readonly security?: object
  readonly user?: string
  readonly manageRoutes?: boolean
  readonly client?: { readonly remotePaths: readonly object[] }
  readonly server?: object
  readonly tun?: object
  readonly promListenAddr?: string
  readonly dashboard?: object
  readonly offload?: object
  readonly ecn?: boolean
}

export interface StageOptions {
  /** How many lines. Default 2. */
  readonly lines?: number
  /** Rate of each line, Mbit/s. Default: as fast as the machine goes. */
  readonly rateMbit?: number
  /** Emulated lines instead, of IPv4 alone: what each is like. Needs a C compiler. */
  readonly emulated?: readonly LineProfile[]
  /** With keys, which all configs then have, instead of `"security": "none"`. Default false. */
  readonly secure?: boolean
  /** For both sides. */
  readonly config?: Change
}

/** Sets the stage; nothing of it is left when that fails. */
export async function createStage(options: StageOptions = {}): Promise<Stage> {
  const { emulated: profiles = [], rateMbit, secure = false, config = {} } = options
  const { lines = profiles.length || 2 } = options
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-system-'))
  const lab = await createLab()
  const dispose = async (): Promise<void> => {
    await lab.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const client = await lab.namespace('client')
    const server = await lab.namespace('server')
    const isEmulated = profiles.length > 0
    const links = isEmulated ? [] : await drawLines(lab, { client, server }, { lines, rateMbit })
    const emulated = await emulateLines(lab, { client, server }, profiles)
    const keys = secure ? { client: newKeys(), server: newKeys() } : undefined
    return {
      lab,
      client,
      server,
      links,
      emulated,
      folder,
      keys,
      startServer: (change) =>
        startDaemon(server, join(folder, 'server.json'), {
          ...serverConfig(keys),
          // Namespaces share the usual place.
          control: { socket: join(folder, 'server.sock') },
          ...config,
          ...change,
        }),
      startClient: async (change, { ready = true } = {}) => {
        const control = { socket: join(folder, 'client.sock') }
        const whole = { ...clientConfig(lines, keys), control, ...config, ...change }
        const daemon = await startDaemon(client, join(folder, 'client.json'), whole)
        if (ready) await allNormal(daemon, whole.client.remotePaths)
        return daemon
      },
      dispose,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function drawLines(
  lab: Lab,
  { client, server }: Hosts,
  { lines, rateMbit }: { readonly lines: number; readonly rateMbit: number | undefined },
): Promise<LabLink[]> {
  const links: LabLink[] = []
  for (let line = 1; line <= lines; line++) {
    const link = await lab.link(client, server, {
      aAddress: [`10.77.${line}.1/24`, `fd00:77:${line}::1/64`],
      bAddress: [`10.77.${line}.2/24`, `fd00:77:${line}::2/64`],
      ...(rateMbit === undefined ? {} : { rateMbit }),
    })
    links.push(link)
  }
  return links
}

async function emulateLines(
  lab: Lab,
  { client, server }: Hosts,
  profiles: readonly LineProfile[],
): Promise<LabLine[]> {
  const lines: LabLine[] = []
  for (const [index, profile] of profiles.entries()) {
    const net = `10.77.${index + 1}`
    const ends = { aAddress: `${net}.1/24`, bAddress: `${net}.2/24` }
    lines.push(await lab.line(client, server, { ...ends, profile, seed: index + 1 }))
  }
  return lines
}

async function allNormal(client: Daemon, paths: readonly object[]): Promise<void> {
  for (const [index, path] of paths.entries()) {
    const name = 'name' in path ? String(path.name) : `path${index + 1}`
    // One of a pattern is called after its interface too.
    await client.says(new RegExp(`^${name}(@[a-z0-9]+)?: normal`))
  }
}

export function serverConfig(keys?: PairKeys) {
  const allowedIPs = [`${INSIDE.client[0]}/32`, `${INSIDE.client[1]}/128`]
  return {
    security: keys === undefined ? 'none' : { privateKey: keys.server.privateKey },
    isServer: true,
    server: {
      listen: `0.0.0.0:${PORT}`,
      ...(keys && { peers: [{ name: 'client', publicKey: keys.client.publicKey, allowedIPs }] }),
    },
    tun: tunBetween(INSIDE.server, INSIDE.client),
  }
}

/** One path over each of `lines` lines. */
export function clientConfig(lines: number, keys?: PairKeys) {
  const remotePaths: { readonly name?: string; readonly remoteAddr: string; readonly localAddr: string }[] =
    []
  for (let line = 1; line <= lines; line++) {
    remotePaths.push({ remoteAddr: `10.77.${line}.2:${PORT}`, localAddr: `10.77.${line}.1` })
  }
  return {
    security: keys === undefined ? 'none' : clientSecurity(keys),
    client: { remotePaths },
    tun: tunBetween(INSIDE.client, INSIDE.server),
  }
}

function tunBetween(localAddr: readonly [string, string], remoteAddr: readonly [string, string]) {
  return { name: TUN, localAddr, remoteAddr }
}
