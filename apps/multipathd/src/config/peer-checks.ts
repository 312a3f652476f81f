import type { Draft, Report } from './checks.ts'
import { FirstSeen } from './first-seen.ts'
import { canonicalCidr, canonicalIp, familyOf, familyOfCidr } from './ip.ts'
import { checkPresharedForms } from './security-checks.ts'
import type { PresharedForms } from './security-checks.ts'

/** What of a peer is well-formed in itself. */
export interface DraftPeer extends PresharedForms {
  readonly name?: string
  readonly publicKey?: string
  readonly allowedIPs?: readonly string[]
}

/** Whether the peers of a server can be told apart. */
export function checkPeers({ security, server = {}, tun = {} }: Draft, report: Report): void {
  const { peers = [] } = server
  if (security === undefined) return
  if (security === 'none') {
    if (peers.length > 0) {
      report(['server', 'peers'], 'clients are told apart by their keys: make keys, or leave the peers out')
    }
    return
  }
  if (peers.length === 0) {
    report(
      ['server', 'peers'],
      'a server needs at least one peer, such as { "publicKey": "…", "allowedIPs": ["10.8.0.2/32"] }',
    )
  }
  checkIdentities(peers, report)
  checkNetworks(peers, [tun.localAddr ?? []].flat(), report)
}

function checkIdentities(peers: readonly DraftPeer[], report: Report): void {
  const names = new FirstSeen()
  const publicKeys = new FirstSeen()
  for (const [index, peer] of peers.entries()) {
    const { name = `peer${index + 1}`, publicKey } = peer
    const at = ['server', 'peers', index] as const
    const place = `peers[${index}]`
    const namesake = names.earlier(name, place)
    if (namesake !== undefined) report([...at, 'name'], `"${name}" is also the name of ${namesake}`)
    const twin = publicKey === undefined ? undefined : publicKeys.earlier(publicKey, place)
    if (twin !== undefined) {
      report([...at, 'publicKey'], `is also the key of ${twin}: every client needs a key of its own`)
    }
    checkPresharedForms(peer, at, report)
  }
}

/** A network inside that of another peer is fine, the longest prefix decides; the very same one leads nowhere. */
function checkNetworks(peers: readonly DraftPeer[], ownAddresses: readonly string[], report: Report): void {
  const networks = new FirstSeen()
  const families = new Set(ownAddresses.map(familyOf))
  for (const address of ownAddresses) {
    const bits = familyOf(address) === 4 ? 32 : 128
    networks.earlier(`${canonicalIp(address)}/${bits}`, 'tun.localAddr, which is this server')
  }
  for (const [peer, { allowedIPs = [] }] of peers.entries()) {
    for (const [index, network] of allowedIPs.entries()) {
      const at = ['server', 'peers', peer, 'allowedIPs', index] as const
      const place = `peers[${peer}].allowedIPs[${index}]`
      const twin = networks.earlier(canonicalCidr(network), place)
      if (twin !== undefined) report(at, `"${network}" also stands at ${twin}`)
      const family = familyOfCidr(network)
      // Without an own address there is a fault at it already.
      if (families.size === 0 || families.has(family)) continue
      report(at, `"${network}" is IPv${family}, but the tunnel has no IPv${family} address in localAddr`)
    }
  }
}
