import { isIP } from 'node:net'
import type { NetworkChanges } from './changes.ts'

/** What the server does for its clients. */
export interface NatWishes {
  /** The TUN device, which also names our table of nftables. */
  readonly tun: string
  /** Networks whose packets leave under an address of this machine. */
  readonly networks: readonly string[]
  /** Only what leaves through this interface. Default: all that does not go back into the tunnel. */
  readonly device?: string | undefined
}

/**
 * Lets the networks of the tunnel reach what this machine reaches: forwards their packets, and gives them its address.
 * Our table of nftables is our own, and no other one is touched. Rejects with an Error that says what to do.
 */
export async function startNat(changes: NetworkChanges, wishes: NatWishes): Promise<void> {
  const name = `multipathd-${wishes.tun}`
  changes.note({ kind: 'nat', name })
  const { isOk, stderr } = await changes.host.run('nft', ['-f', '-'], natScript(name, wishes))
  if (!isOk) throw new Error(`cannot set up NAT: nft says: ${stderr.trim()}`)
  changes.setSysctl('net/ipv4/ip_forward', '1')
  if (wishes.networks.some((network) => familyOf(network) === 6))
    changes.setSysctl('net/ipv6/conf/all/forwarding', '1')
}

/** The table of before, if there is one, is replaced in the same step. */
function natScript(name: string, { tun, networks, device }: NatWishes): string {
  const where = device === undefined ? `oifname != "${tun}"` : `oifname "${device}"`
  const rules = networks.map(
    (network) => `    ${familyOf(network) === 4 ? 'ip' : 'ip6'} saddr ${network} ${where} masquerade`,
  )
  return [
    `table inet ${name}`,
    `delete table inet ${name}`,
    `table inet ${name} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat;',
    ...rules,
    '  }',
    '}',
    '',
  ].join('\n')
}

const familyOf = (network: string): number => isIP(network.split('/', 1)[0] ?? '')
