import type { Namespace } from '@mp/netlab'

/** What there is in the network of a host. */
export interface Traces {
  readonly devices: readonly string[]
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
  readonly rules: string
  /** Tables of nftables. */
  readonly tables: string
  readonly forwarding: string
  readonly sockets: string
}

/** All a daemon could leave behind in the network of a host. */
export async function traces(host: Namespace): Promise<Traces> {
  const ip = (...args: string[]): Promise<string> => host.run('ip', args)
  const routes = async (family: string): Promise<string[]> => {
    const lines = (await ip(family, 'route', 'show', 'table', 'all')).split('\n')
    // These come and go with the carrier of the line.
    return lines.filter((line) => !line.startsWith('multicast')).map((line) => line.replace(' linkdown', ''))
  }
  interface Device {
    readonly ifname: string
    readonly addr_info: readonly { readonly local: string }[]
  }
  const devices = JSON.parse(await ip('-json', 'address')) as Device[]
  return {
    devices: devices.map(({ ifname }) => ifname),
    addresses: devices.flatMap((device) => device.addr_info.map(({ local }) => local)),
    routes: [...(await routes('-4')), ...(await routes('-6'))],
    rules: (await ip('rule')) + (await ip('-6', 'rule')),
    tables: await host.run('nft', ['list', 'tables']),
    forwarding: await host.run('cat', [
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/sys/net/ipv6/conf/all/forwarding',
    ]),
    sockets: await host.run('cat', ['/proc/net/udp', '/proc/net/udp6']),
  }
}
