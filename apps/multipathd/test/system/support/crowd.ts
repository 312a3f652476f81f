import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLab } from '@mp/netlab'
import type { Lab, Namespace } from '@mp/netlab'
import { startDaemon } from './daemon.ts'
import type { Daemon } from './daemon.ts'
import { clientSecurity, newKeys } from './keys.ts'
import type { SideKeys } from './keys.ts'
import { INSIDE, PORT, TUN } from './stage.ts'

/** Networks inside the tunnel: that of all clients, and the part of the address in front of a client's number. */
const NETWORK = '10.99.0.0/24'
const CLIENT_PREFIX = '10.99.0.1'

/** One of several clients. */
export interface Member {
  readonly name: string
  readonly host: Namespace
  /** Its address inside the tunnel. */
  readonly address: string
  readonly keys: SideKeys
  start(): Promise<Daemon>
}

/** One server and several clients, each on a line of its own. */
export interface Crowd extends AsyncDisposable {
  readonly server: Namespace
  readonly members: readonly Member[]
  /** Starts the server for some of the members (default: all), with more in its section `server`. */
  startServer(options?: { readonly members?: readonly Member[]; readonly more?: object }): Promise<Daemon>
}

/** Gathers `count` (at most 9) clients and a server; nothing of them is left when that fails. */
export async function createCrowd(count: number): Promise<Crowd> {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-crowd-'))
  const lab = await createLab()
  const dispose = async (): Promise<void> => {
    await lab.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const server = await lab.namespace('server')
    const keys = newKeys()
    const members: Member[] = []
    for (let number = 1; number <= count; number++) {
      members.push(await enlist({ lab, server, folder, serverKeys: keys }, number))
    }
    return {
      server,
      members,
      startServer: ({ members: some = members, more = {} } = {}) =>
        startDaemon(server, join(folder, 'server.json'), serverConfig(keys, some, more)),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

interface Place {
  readonly lab: Lab
  readonly server: Namespace
  readonly folder: string
  readonly serverKeys: SideKeys
}

async function enlist({ lab, server, folder, serverKeys }: Place, number: number): Promise<Member> {
  const name = `client${number}`
  const host = await lab.namespace(name)
  const net = `10.77.${number}`
  await lab.link(host, server, { aAddress: `${net}.1/24`, bAddress: `${net}.2/24` })
  const address = `${CLIENT_PREFIX}${number}`
  const keys = newKeys()
  const config = {
    security: clientSecurity({ client: keys, server: serverKeys }),
    client: { remotePaths: [{ remoteAddr: `${net}.2:${PORT}` }] },
    control: { socket: 'none' },
    tun: { name: TUN, localAddr: address, remoteAddr: INSIDE.server[0], allowedIPs: [NETWORK] },
  }
  return {
    name,
    host,
    address,
    keys,
    start: async () => {
      const daemon = await startDaemon(host, join(folder, `${name}.json`), config)
      await daemon.says(/^path1: normal/)
      return daemon
    },
  }
}

function serverConfig({ privateKey }: SideKeys, members: readonly Member[], more: object): object {
  return {
    isServer: true,
    security: { privateKey },
    server: {
      listen: `0.0.0.0:${PORT}`,
      peers: members.map(({ name, address, keys }) => ({
        name,
        publicKey: keys.publicKey,
        allowedIPs: [`${address}/32`],
      })),
      ...more,
    },
    control: { socket: 'none' },
    tun: { name: TUN, localAddr: INSIDE.server[0], remoteAddr: members[0]!.address },
  }
}
