import { isIP } from 'node:net'
import type { NetworkInterface } from '@mp/interface'
import { parseEndpoint } from '@mp/runtime-node'
import type { RemotePath } from '../config/index.ts'
import { canonicalIp } from '../config/ip.ts'

/** What there is of the line under a path. */
export type Line =
  /** Nobody can say: dialling will show. */
  | { readonly state: 'unknown' }
  | { readonly state: 'down'; readonly reason: string }
  | {
      readonly state: 'up'
      readonly device: string
      /** Addresses the path may leave from, best first. */
      readonly ips: readonly string[]
      /** Those that are good for a new link. */
      readonly freshIps: readonly string[]
    }

type Ends = Pick<RemotePath, 'remoteAddr' | 'localAddr' | 'device'>

/** The line of a path, as the interfaces are now. */
export function lineOf(path: Ends, interfaces: readonly NetworkInterface[]): Line {
  const { device, localAddr } = path
  if (device !== undefined) return deviceLine(path, device, interfaces)
  if (localAddr === undefined) return { state: 'unknown' }
  for (const each of interfaces) {
    const own = each.addresses.find(({ ip }) => isSame(ip, localAddr))
    if (own !== undefined) return upLine(each, [own.ip], [own.ip])
  }
  return { state: 'unknown' }
}

const isSame = (a: string, b: string): boolean => canonicalIp(a) === canonicalIp(b)

function deviceLine(path: Ends, device: string, interfaces: readonly NetworkInterface[]): Line {
  const found = interfaces.find(({ name }) => name === device)
  if (found === undefined) return { state: 'down', reason: `there is no ${device}` }
  const family = familyOfRemote(path.remoteAddr)
  const fitting = found.addresses.filter(({ ip }) =>
    path.localAddr === undefined ? family === 0 || isIP(ip) === family : isSame(ip, path.localAddr),
  )
  const fresh = fitting.filter(({ isDeprecated }) => !isDeprecated)
  if (found.isUp && fitting.length === 0) {
    const wanted = path.localAddr ?? (family === 0 ? 'no address' : `no IPv${family} address`)
    return { state: 'down', reason: `${device} has ${path.localAddr === undefined ? '' : 'not '}${wanted}` }
  }
  const ipsOf = (addresses: typeof fitting): string[] => addresses.map(({ ip }) => ip)
  return upLine(found, ipsOf(fitting), ipsOf(fresh))
}

function upLine({ name, isUp }: NetworkInterface, ips: readonly string[], freshIps: readonly string[]): Line {
  return isUp ? { state: 'up', device: name, ips, freshIps } : { state: 'down', reason: `${name} is down` }
}

/** 4 or 6; 0 for a name, which may lead to both. */
function familyOfRemote(remoteAddr: string): number {
  const endpoint = parseEndpoint(remoteAddr)
  return 'error' in endpoint ? 0 : isIP(endpoint.host)
}

/** Whether a path stands for one on each interface that fits. */
export const hasPattern = ({ device = '' }: Pick<Ends, 'device'>): boolean => /[*?]/.test(device)

/** Whether an interface is one of those that `pattern` stands for: `*` is any text, `?` any character. */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}
