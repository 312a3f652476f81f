import type { Config } from '../config/index.ts'
import { familyOfCidr } from '../config/ip.ts'

type Families = readonly (4 | 6)[]

/** Whether rules and tables are kept for lines and a full tunnel. */
export function managesRoutes({ isServer, manageRoutes, relay }: Config): boolean {
  return manageRoutes && !isServer && relay === undefined && process.platform === 'linux'
}

/** Where a server sends its clients' packets on under its own address, if it does: through any interface, or one. */
export function natOf({ isServer, server, relay }: Config): { readonly device?: string } | undefined {
  if (!isServer || relay !== undefined || server === undefined || server.nat === false) return undefined
  return server.nat === true ? {} : server.nat
}

/** The families of which all traffic of a client shall go into the tunnel. */
export function fullTunnelFamilies(config: Config): Families {
  if (!managesRoutes(config)) return []
  const { tun } = config
  return ([4, 6] as const).filter((family) => tun.allowedIPs.some((network) => isAll(network, family)))
}

/** What the config routes into the tunnel with a route each; a server also what belongs to its clients, but never everything. */
export function ownRoutes(config: Config): readonly string[] {
  const { tun, server } = config
  const all = fullTunnelFamilies(config)
  const networks = tun.allowedIPs.filter((network) => !all.some((family) => isAll(network, family)))
  const peers = new Set(tun.remoteAddr.flatMap((ip) => [ip, `${ip}/32`, `${ip}/128`]))
  return [...new Set([...networks, ...clientNetworks(server)])].filter((network) => !peers.has(network))
}

/** The networks whose packets a server sends on under its own address. */
export function natNetworks({ tun, server }: Config): readonly string[] {
  const behind = tun.allowedIPs.filter((network) => !network.endsWith('/0'))
  return [...new Set([...tun.remoteAddr, ...behind, ...clientNetworks(server)])]
}

function clientNetworks(server: Config['server']): readonly string[] {
  return (server?.peers ?? []).flatMap(({ allowedIPs }) =>
    allowedIPs.filter((network) => !network.endsWith('/0')),
  )
}

function isAll(network: string, family: 4 | 6): boolean {
  return network.endsWith('/0') && familyOfCidr(network) === family
}
