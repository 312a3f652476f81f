import { parseEndpoint } from '@mp/runtime-node'
import { formatPath } from './fault.ts'
import type { Fault, PathParts } from './fault.ts'
import { FirstSeen } from './first-seen.ts'
import { canonicalCidr, canonicalIp, familyOf, familyOfCidr } from './ip.ts'
import { checkPeers } from './peer-checks.ts'
import type { DraftPeer } from './peer-checks.ts'
import { checkRelay } from './relay-checks.ts'
import type { DraftRelay } from './relay-checks.ts'
import { checkSecurity } from './security-checks.ts'
import type { DraftSecurity } from './security-checks.ts'

/** The role given on the command line. */
export type Role = 'client' | 'server'

/** What of a config is well-formed in itself; the checks here look at how its parts fit together. */
export interface Draft {
  readonly isServer?: boolean
  readonly scheduling?: string
  readonly mode?: unknown
  readonly security?: 'none' | DraftSecurity
  readonly client?: { readonly remotePaths?: readonly DraftPath[] }
  readonly server?: { readonly listen?: string; readonly peers?: readonly DraftPeer[] }
  readonly relay?: DraftRelay['relay']
  readonly tun?: {
    readonly localAddr?: string | readonly string[]
    readonly remoteAddr?: string | readonly string[]
    readonly allowedIPs?: readonly string[]
    readonly mtu?: number
  }
}

interface DraftPath {
  readonly name?: string | undefined
  readonly remoteAddr?: string | undefined
  readonly localAddr?: string | undefined
  readonly device?: string | undefined
  readonly transport?: string | undefined
  readonly role?: string | undefined
  readonly costMs?: number | undefined
  readonly maxSendMbit?: number | undefined
  readonly maxReceiveMbit?: number | undefined
}

export type Report = (path: PathParts, message: string) => void

/** Least MTU of a link that carries IPv6, bytes (RFC 8200 §5). */
const IPV6_MTU_FLOOR = 1280

export function faultsBetween(
  draft: Draft,
  { role, insecure = false }: { readonly role?: Role | undefined; readonly insecure?: boolean | undefined },
): Fault[] {
  const faults: Fault[] = []
  const report: Report = (path, message) => faults.push({ path: formatPath(path), message })
  const asServer = checkRole(draft, role, report)
  checkSecurity(draft, { asServer, insecure }, report)
  if (asServer) checkPeers(draft, report)
  faults.push(...faultsOfPaths(draft))
  checkTun(draft.tun ?? {}, report)
  checkRelay(draft, asServer, report)
  return faults
}

/** What is wrong with the paths of a client and their use, each of them being well-formed. */
export function faultsOfPaths(draft: Pick<Draft, 'client' | 'scheduling' | 'mode'>): Fault[] {
  const faults: Fault[] = []
  const report: Report = (path, message) => faults.push({ path: formatPath(path), message })
  checkPaths(draft.client?.remotePaths ?? [], report)
  if (draft.scheduling === 'static') checkStatic(draft, report)
  return faults
}

/** @returns whether it is a server. */
function checkRole({ isServer, server, client }: Draft, role: Role | undefined, report: Report): boolean {
  const asked = role === undefined ? isServer === true : role === 'server'
  if (isServer !== undefined && isServer !== asked) {
    report(['isServer'], `the file says ${isServer}, the command line says ${role}: correct one of them`)
  }
  if (asked && server?.listen === undefined) {
    report(['server', 'listen'], 'missing: a server needs an endpoint to listen on, such as "0.0.0.0:5000"')
  }
  if (!asked && (client?.remotePaths ?? []).length === 0) {
    report(
      ['client', 'remotePaths'],
      'a client needs at least one path, such as { "remoteAddr": "192.0.2.7:5000" }; a server needs "isServer": true',
    )
  }
  return asked
}

/** Without it paths have no queue that a limit could slow down, and no choice but by weight. */
function checkStatic({ mode, client }: Pick<Draft, 'mode' | 'client'>, report: Report): void {
  const needs = 'needs "scheduling": "adaptive", found "static": change that, or leave this out'
  if (mode !== undefined) report(['mode'], needs)
  for (const [index, path] of (client?.remotePaths ?? []).entries()) {
    const at = ['client', 'remotePaths', index] as const
    for (const key of ['maxSendMbit', 'maxReceiveMbit', 'costMs'] as const)
      if ((path[key] ?? 0) !== 0) report([...at, key], needs)
    if (path.role === 'secondary') report([...at, 'role'], `"secondary" ${needs}`)
  }
}

function checkPaths(paths: readonly DraftPath[], report: Report): void {
  const names = new FirstSeen()
  const ways = new FirstSeen()
  for (const [
    index,
    { name = `path${index + 1}`, remoteAddr, localAddr = '', device = '', transport = '' },
  ] of paths.entries()) {
    const at = ['client', 'remotePaths', index] as const
    const place = `remotePaths[${index}]`
    const namesake = names.earlier(name, place)
    if (namesake !== undefined) report([...at, 'name'], `"${name}" is also the name of ${namesake}`)
    if (remoteAddr === undefined) continue
    const way = `${remoteAddr.toLowerCase()} ${canonicalIp(localAddr)} ${device} ${transport}`
    const twin = ways.earlier(way, place)
    if (twin !== undefined) {
      report(at, `leads the same way as ${twin}: give it another remoteAddr, localAddr, device or transport`)
    }
    const endpoint = parseEndpoint(remoteAddr)
    const family = 'error' in endpoint ? 0 : familyOf(endpoint.host)
    if (localAddr !== '' && family !== 0 && familyOf(localAddr) !== family) {
      report(
        [...at, 'localAddr'],
        `"${localAddr}" is not of the family of remoteAddr "${remoteAddr}" (IPv${family})`,
      )
    }
  }
}

function checkTun(tun: NonNullable<Draft['tun']>, report: Report): void {
  const { allowedIPs = [], mtu = IPV6_MTU_FLOOR } = tun
  if (tun.localAddr === undefined || tun.remoteAddr === undefined) return
  const local = [tun.localAddr].flat()
  const remote = [tun.remoteAddr].flat()
  checkEnds(local, remote, report)
  const families = new Set(local.map(familyOf))
  if (families.size < local.length) report(['tun', 'localAddr'], 'expected at most one address per family')
  if (families.has(6) && mtu < IPV6_MTU_FLOOR) {
    report(['tun', 'mtu'], `IPv6 needs at least ${IPV6_MTU_FLOOR} bytes, found ${mtu}`)
  }
  const networks = new FirstSeen()
  for (const [index, network] of allowedIPs.entries()) {
    const twin = networks.earlier(canonicalCidr(network), `allowedIPs[${index}]`)
    if (twin !== undefined) report(['tun', 'allowedIPs', index], `"${network}" also stands at ${twin}`)
    const family = familyOfCidr(network)
    if (families.has(family)) continue
    report(
      ['tun', 'allowedIPs', index],
      `"${network}" is IPv${family}, but the tunnel has no IPv${family} address in localAddr and remoteAddr`,
    )
  }
}

function checkEnds(local: readonly string[], remote: readonly string[], report: Report): void {
  if (local.length !== remote.length) {
    report(
      ['tun', 'remoteAddr'],
      `expected as many addresses as in localAddr (${local.length}), found ${remote.length}`,
    )
  }
  for (const [index, address] of local.entries()) {
    const peer = remote[index]
    if (peer === undefined) continue
    if (familyOf(peer) !== familyOf(address)) {
      report(['tun', 'remoteAddr'], `"${peer}" and localAddr "${address}" are not of one family`)
    } else if (canonicalIp(peer) === canonicalIp(address)) {
      report(['tun', 'remoteAddr'], `"${peer}" is also localAddr: the two ends need different addresses`)
    }
  }
}
