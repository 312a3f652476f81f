import { isIP } from 'node:net'
import { parseEndpoint } from '@mp/runtime-node'
import { addressIn, faultOfCidr } from '../../config/ip.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'

/** What `init` was told on the command line. */
export interface InitFlags {
  readonly serverEndpoint?: string
  readonly path?: readonly string[]
  readonly tunnelNet?: string
  readonly serverIp?: string
  readonly clientIp?: string
  readonly out: string
  readonly force?: boolean
}

/** What the two configs are made from. */
export interface Settings {
  /** Where the client finds the server, `host:port`. */
  readonly endpoint: string
  /** Where the server listens: all its addresses, that port. */
  readonly listen: string
  /** Addresses inside the tunnel. */
  readonly serverIp: string
  readonly clientIp: string
  readonly paths: readonly PathSetting[]
}

export interface PathSetting {
  readonly name: string
  readonly localAddr?: string
  readonly device?: string
}

/** Answers a question; undefined when there is nobody to ask. */
export type Ask = (question: string) => Promise<string | undefined>

const DEFAULT_NETWORK = '10.99.0.0/30'
const DEFAULT_PATH = 'path1'

/** Puts the settings together and asks for what is missing. @throws ExitError that names the flag that is wrong. */
export async function settingsOf(flags: InitFlags, ask: Ask): Promise<Settings> {
  const tunnel = tunnelOf(flags)
  const endpoint =
    flags.serverEndpoint ??
    (await ask('Where will clients reach the server? HOST:PORT, such as vpn.example.net:5000'))
  if (endpoint === undefined || endpoint === '') {
    throw wrong('missing --server-endpoint HOST:PORT: where clients reach the server')
  }
  const listen = listenOf(endpoint)
  const paths =
    flags.path ??
    (await ask('Lines of the client, such as: dsl=192.168.1.20 lte@wwan0. Empty: one, by the routing table'))
  const texts =
    typeof paths === 'string' ? paths.split(/[\s,]+/).filter((text) => text !== '') : (paths ?? [])
  return { endpoint, listen, ...tunnel, paths: (texts.length > 0 ? texts : [DEFAULT_PATH]).map(parsePath) }
}

function listenOf(endpoint: string): string {
  const parsed = parseEndpoint(endpoint)
  if ('error' in parsed) throw wrong(`--server-endpoint: ${parsed.error}`)
  return isIP(parsed.host) === 6 ? `[::]:${parsed.port}` : `0.0.0.0:${parsed.port}`
}

/** `dsl`, `dsl=192.168.1.20` or `dsl@eth0`. */
function parsePath(text: string): PathSetting {
  const [, name, localAddr, device] = /^([^=@]+)(?:=([^=@]+)|@([^=@]+))?$/.exec(text) ?? []
  if (name === undefined) {
    throw wrong(`--path: expected NAME, NAME=LOCAL-ADDRESS or NAME@DEVICE, found "${text}"`)
  }
  return {
    name,
    ...(localAddr === undefined ? {} : { localAddr }),
    ...(device === undefined ? {} : { device }),
  }
}

function tunnelOf({ tunnelNet, serverIp, clientIp }: InitFlags): Pick<Settings, 'serverIp' | 'clientIp'> {
  if (serverIp === undefined && clientIp === undefined) return addressesIn(tunnelNet ?? DEFAULT_NETWORK)
  if (tunnelNet !== undefined)
    throw wrong('--tunnel-net and --server-ip, --client-ip: leave one or the other out')
  if (serverIp === undefined) throw wrong('--client-ip needs --server-ip')
  if (clientIp === undefined) throw wrong('--server-ip needs --client-ip')
  return { serverIp, clientIp }
}

/** The first two hosts of a network; the network's own address is none, unless there are just two (RFC 3021, RFC 6164). */
function addressesIn(network: string): Pick<Settings, 'serverIp' | 'clientIp'> {
  const fault = faultOfCidr(network)
  if (fault !== undefined) throw wrong(`--tunnel-net: ${fault}`)
  const bits = network.includes(':') ? 128 : 32
  const hostBits = bits - Number(network.split('/')[1])
  if (hostBits === 0) throw wrong(`--tunnel-net: ${network} has room for one address, expected two or more`)
  const first = hostBits === 1 ? 0 : 1
  return { serverIp: addressIn(network, first), clientIp: addressIn(network, first + 1) }
}

const wrong = (message: string): ExitError => new ExitError(EXIT.usage, message)
