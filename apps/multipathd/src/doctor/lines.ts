import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { parseEndpoint } from '@mp/runtime-node'
import type { RemotePath } from '../config/index.ts'
import { hasPattern } from '../network/index.ts'
import { strictFilterAdvice } from '../network/rp-filter.ts'
import { managesRoutes } from '../network/wishes.ts'
import type { Check, Finding, Patient } from './finding.ts'

/** Each path: is its interface there, its address on it, and does the MTU fit? */
export const lines: Check = ({ config }) => {
  if (config.isServer) return []
  return config.client.remotePaths.flatMap((path) => line(path))
}

function line(path: RemotePath): readonly Finding[] {
  const about = `path ${path.name}`
  const interfaces = networkInterfaces()
  const { device, localAddr } = path
  if (hasPattern(path))
    return [{ about, level: 'ok', found: `any interface like ${device}, when it is there` }]
  if (device !== undefined && interfaces[device] === undefined) {
    const advice = `plug it in, or name one of ${Object.keys(interfaces).join(', ')}; the path waits for it`
    return [{ about, level: 'warning', found: `no interface ${device} with an address`, advice }]
  }
  const owner = localAddr === undefined ? device : ownerOf(localAddr)
  if (owner === undefined && localAddr !== undefined) {
    const advice = 'write an address of this machine, or `device` instead; the path waits for it'
    return [{ about, level: 'warning', found: `no interface has ${localAddr}`, advice }]
  }
  return owner === undefined
    ? [{ about, level: 'ok', found: 'by the routing table' }]
    : [size(about, owner, path)]
}

function ownerOf(address: string): string | undefined {
  const entries = Object.entries(networkInterfaces())
  return entries.find(([, all = []]) => all.some((each) => each.address === address))?.[0]
}

function size(about: string, device: string, { mtu }: RemotePath): Finding {
  const own = mtuOf(device)
  if (own === undefined || mtu <= own)
    return { about, level: 'ok', found: `${device}, MTU ${own ?? 'unknown'}` }
  const advice = `write "mtu": ${own} for this path, or leave it out`
  return { about, level: 'warning', found: `"mtu" is ${mtu}, that of ${device} ${own}`, advice }
}

function mtuOf(device: string): number | undefined {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Filters that drop answers which come in on the line that their question left by. */
export const filters: Check = ({ config, host }) => {
  if (config.isServer || managesRoutes(config)) return []
  const devices = config.client.remotePaths.flatMap(({ device, localAddr }) => {
    return device ?? (localAddr === undefined ? undefined : ownerOf(localAddr)) ?? []
  })
  return [...new Set(devices)].flatMap((device): Finding[] => {
    const advice = strictFilterAdvice(host, device)
    return advice === undefined
      ? []
      : [{ about: `rp_filter of ${device}`, level: 'warning', found: 'strict', advice }]
  })
}

/** The port of a server: free, or taken by a daemon that runs already. */
export const port: Check = async (patient) => {
  const { config } = patient
  if (!config.isServer || config.server === undefined) return []
  const { listen } = config.server
  const endpoint = parseEndpoint(listen)
  if ('error' in endpoint) return []
  const about = `port ${endpoint.port}`
  const code = await tryToBind(endpoint)
  if (code === undefined) return [{ about, level: 'ok', found: `free at ${endpoint.host}` }]
  const advice =
    code === 'EADDRINUSE'
      ? 'that is right if this daemon runs already; else `ss -lupn` shows who has it'
      : 'write an address of this machine into "server.listen", or 0.0.0.0 for all'
  return [{ about, level: code === 'EADDRINUSE' ? 'warning' : 'fault', found: `${listen}: ${code}`, advice }]
}

/** Why a UDP socket cannot have that address and port; undefined when it can. */
export async function tryToBind({
  host,
  port: number,
}: {
  host: string
  port: number
}): Promise<string | undefined> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
  try {
    socket.bind({ address: host, port: number, exclusive: true })
    await once(socket, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  } finally {
    socket.close()
  }
}

/** A server whose clients want more than the server itself has to forward. */
export const forwarding: Check = ({ config, host }: Patient) => {
  const peers = config.server?.peers ?? []
  if (!config.isServer || config.relay !== undefined || config.server?.nat !== false || peers.length === 0)
    return []
  const about = 'forwarding'
  if (host.sysctl('net/ipv4/ip_forward') === '1') return [{ about, level: 'ok', found: 'on' }]
  const advice =
    'clients reach this machine only: `sysctl -w net.ipv4.ip_forward=1`, or "nat": true in "server", for more'
  return [{ about, level: 'warning', found: 'off', advice }]
}
