import { words } from './process.ts'
import type { Lab } from './lab.ts'
import type { LabLink } from './link.ts'
import type { Namespace } from './namespace.ts'

/** What the network behind a NAT is like. */
export interface NatOptions {
  /** How many lines lead from the client to the NAT. Default 2. */
  readonly lines?: number
  /** Rate of each of these lines, Mbit/s. Default: as fast as the machine goes. */
  readonly rateMbit?: number
}

/** A client with several lines behind one public address. */
export interface NatBetween {
  readonly nat: Namespace
  /** Client to NAT: line i (from 1) has 192.168.i.2 at the client and 192.168.i.1 at the NAT. */
  readonly lines: readonly LabLink[]
  /** NAT to server, with the one address the server sees: 203.0.113.1. */
  readonly outside: LabLink
  readonly clientAddresses: readonly string[]
  readonly serverAddress: string
}

const SERVER = '203.0.113.2'

/**
 * Puts a masquerading router between two namespaces, so that all lines of the client reach the server from one
 * address. The client routes by source address: a socket bound to an address of line i leaves through line i.
 */
export async function natBetween(
  lab: Lab,
  { client, server }: { readonly client: Namespace; readonly server: Namespace },
  { lines: count = 2, rateMbit }: NatOptions = {},
): Promise<NatBetween> {
  const nat = await lab.namespace('nat')
  const outside = await lab.link(nat, server, {
    name: 'outside',
    aAddress: '203.0.113.1/24',
    bAddress: `${SERVER}/24`,
  })
  const lines: LabLink[] = []
  for (let line = 1; line <= count; line++) {
    const link = await lab.link(client, nat, {
      name: `line${line}`,
      aAddress: `192.168.${line}.2/24`,
      bAddress: `192.168.${line}.1/24`,
      ...(rateMbit === undefined ? {} : { rateMbit }),
    })
    await routeBySource(client, link.name, line)
    lines.push(link)
  }
  await masquerade(nat, outside.name)
  const clientAddresses = lines.map((_link, index) => `192.168.${index + 1}.2`)
  return { nat, lines, outside, clientAddresses, serverAddress: SERVER }
}

async function routeBySource(client: Namespace, device: string, line: number): Promise<void> {
  const table = 100 + line
  const route = `default via 192.168.${line}.1 dev ${device}`
  await client.run('ip', words(`rule add from 192.168.${line}.2 table ${table}`))
  await client.run('ip', words(`route add ${route} table ${table}`))
  // For sockets that are bound to nothing or to the device.
  await client.run('ip', words(`route add ${route} metric ${table}`))
}

async function masquerade(namespace: Namespace, device: string): Promise<void> {
  await namespace.setSysctl('net/ipv4/ip_forward', '1')
  await namespace.run('nft', ['add table ip nat'])
  await namespace.run('nft', ['add chain ip nat leaving { type nat hook postrouting priority 100; }'])
  await namespace.run('nft', [`add rule ip nat leaving oifname ${device} masquerade`])
}
