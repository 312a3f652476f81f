import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLab } from '@mp/netlab'
import type { Lab, LabLink, Namespace } from '@mp/netlab'
import { startDaemon } from './daemon.ts'
import type { Daemon } from './daemon.ts'

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
export interface Stage extends Hosts {
  readonly lab: Lab
  /** Line i (from 1) leads from 10.77.i.1 to 10.77.i.2, and from fd00:77:i::1 to fd00:77:i::2. */
  readonly links: readonly LabLink[]
  /** Where config files go. */
  readonly folder: string
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
  readonly client?: { readonly remotePaths: readonly object[] }
  readonly server?: object
  readonly tun?: object
}

export interface StageOptions {
  /** How many lines. Default 2. */
  readonly lines?: number
  /** For both sides. */
  readonly config?: Change
}

/** Sets the stage; nothing of it is left when that fails. */
export async function createStage({ lines = 2, config = {} }: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-system-'))
  const lab = await createLab()
  const dispose = async (): Promise<void> => {
    await lab.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const client = await lab.namespace('client')
    const server = await lab.namespace('server')
    const links = await drawLines(lab, { client, server }, lines)
    return {
      lab,
      client,
      server,
      links,
      folder,
      startServer: (change) =>
        startDaemon(server, join(folder, 'server.json'), { ...serverConfig(), ...config, ...change }),
      startClient: async (change, { ready = true } = {}) => {
        const whole = { ...clientConfig(lines), ...config, ...change }
        const daemon = await startDaemon(client, join(folder, 'client.json'), whole)
        if (ready) await allNormal(daemon, whole.client.remotePaths.length)
        return daemon
      },
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function drawLines(lab: Lab, { client, server }: Hosts, lines: number): Promise<LabLink[]> {
  const links: LabLink[] = []
  for (let line = 1; line <= lines; line++) {
    const link = await lab.link(client, server, {
      aAddress: [`10.77.${line}.1/24`, `fd00:77:${line}::1/64`],
      bAddress: [`10.77.${line}.2/24`, `fd00:77:${line}::2/64`],
    })
    links.push(link)
  }
  return links
}

async function allNormal(client: Daemon, paths: number): Promise<void> {
  for (let path = 1; path <= paths; path++) await client.says(new RegExp(`^path${path}: normal`))
}

export function serverConfig() {
  return {
    security: 'none',
    isServer: true,
    server: { listen: `0.0.0.0:${PORT}` },
    tun: tunBetween(INSIDE.server, INSIDE.client),
  }
}

/** One path over each of `lines` lines. */
export function clientConfig(lines: number) {
  const remotePaths: object[] = []
  for (let line = 1; line <= lines; line++) {
    remotePaths.push({ remoteAddr: `10.77.${line}.2:${PORT}`, localAddr: `10.77.${line}.1` })
  }
  return {
    security: 'none',
    client: { remotePaths },
    tun: tunBetween(INSIDE.client, INSIDE.server),
  }
}

function tunBetween(localAddr: readonly [string, string], remoteAddr: readonly [string, string]) {
  return { name: TUN, localAddr, remoteAddr }
}
