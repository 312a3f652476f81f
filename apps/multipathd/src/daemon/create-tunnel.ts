import type { CipherName, Transport } from '@mp/interface'
import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { tcpTransport } from '@mp/tcp-transport'
import { MAX_PATHS, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { ClientPath, PathSettings, TunnelOptions, TunnelStats } from '@mp/tunnel'
import { fragmenter, udpMux } from '@mp/udpmux'
import type { UdpMuxOptions } from '@mp/udpmux'
import type { Config, RemotePath } from '../config/index.ts'
import type { ConfigDiff } from './config-diff.ts'
import { settingsOfPath } from './path-settings.ts'
import { clientSecurity, serverPeer, serverPeers, serverSecurity } from './security.ts'

/** One end of a tunnel, whichever. */
export interface Tunnel {
  /** What carries the frames, and why that, for the log. */
  readonly transport: string
  /** What seals packets, and why that, for the log. Undefined when nothing is encrypted. */
  readonly encryption: string | undefined
  /** Why the sessions that use `cipher` use it, for the status. */
  readonly reasonFor: (cipher: CipherName) => string
  /** Changes paths, peers and modes while it runs. Throws RangeError for what there is no room for. */
  change(diff: ConfigDiff): void
  /** Uses a path of a client in another way; not that of a server. */
  setPath(name: string, settings: Partial<PathSettings>): void
  start(): Promise<void>
  stats(): TunnelStats
  close(): Promise<void>
}

type Outside = Pick<TunnelOptions, 'runtime' | 'pool' | 'tun' | 'onEvent' | 'onTunClose'>

/** UDP and IP headers around a frame, bytes. */
const UDP_OVER_IPV4_BYTES = 28
const UDP_OVER_IPV6_BYTES = 48
/** Remote addresses a server knows beside those of its clients: of strangers, and of clients that move. */
const OTHER_ADDRESSES = 4096
const MAX_ADDRESSES = 1_048_576

/** Chooses the parts the config asks for and puts them together. */
export function createTunnel(config: Config, outside: Outside): Tunnel {
  const { pool } = outside
  const isAdaptive = config.scheduling === 'adaptive'
  const common: TunnelOptions = {
    ...outside,
    ...(config.mode && { modes: config.mode }),
    createScheduler: () => (isAdaptive ? new AdaptiveScheduler() : new CfsScheduler()),
    isAdaptive,
    clampMss: config.tun.clampMss,
    fragment: config.tun.fragment,
    createFragmenter: () => fragmenter({ pool }),
  }
  return config.isServer ? createServer(config, common) : createClient(config, common)
}

function createServer(config: Config, common: TunnelOptions): Tunnel {
  const peerCapacity = addressesOf(config)
  const { transport, about } = createTransport(config, common, { peerCapacity })
  const keys = serverSecurity(config, common.pool)
  const server = new TunnelServer({
    ...common,
    ...(keys && { security: keys.security, peers: serverPeers(config) }),
    clientToClient: config.server!.clientToClient,
    listen: [{ transport, endpoint: config.server!.listen }],
  })
  return {
    transport: about,
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    change: ({ peers, modes }) => {
      // The old ones first: a network or a key may go from one client to another.
      for (const { name } of [...peers.removed, ...peers.replaced]) server.removePeer(name)
      for (const peer of [...peers.replaced, ...peers.added]) server.addPeer(serverPeer(peer))
      if (modes !== undefined) server.setModes(modes)
    },
    setPath: () => {},
    start: () => server.start(),
    stats: () => server.stats(),
    close: () => server.close(),
  }
}

/** An address in use keeps its place, so there must be one for each path that the clients may have. */
function addressesOf({ server }: Config): number {
  return Math.min(MAX_ADDRESSES, OTHER_ADDRESSES + MAX_PATHS * (server?.peers.length ?? 0))
}

function createClient(config: Config, common: TunnelOptions): Tunnel {
  const {
    client: { remotePaths },
    tun,
  } = config
  const keys = clientSecurity(config, common.pool)
  const client = new TunnelClient({
    ...common,
    ...(keys && { security: keys.security, allowedIPs: [...tun.remoteAddr, ...tun.allowedIPs] }),
    paths: remotePaths.map((path) => clientPath(path, config, common)),
  })
  return {
    transport: createTransport(config, common).about,
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    change: ({ paths, modes }) => {
      for (const path of paths.changed) client.setPath(path.name, settingsOfPath(path))
      for (const path of paths.replaced) client.replacePath(clientPath(path, config, common))
      // Those that come first: what goes over one that leaves has another to take.
      for (const path of paths.added) client.addPath(clientPath(path, config, common))
      for (const { name } of paths.removed) client.retirePath(name)
      if (modes !== undefined) client.setModes(modes)
    },
    setPath: (name, settings) => void client.setPath(name, settings),
    start: async () => client.start(),
    stats: () => client.stats(),
    close: () => client.close(),
  }
}

function clientPath(path: RemotePath, config: Config, common: TunnelOptions): ClientPath {
  const { name, remoteAddr, localAddr, device, mtu } = path
  // A name may lead to either family: then the larger headers are reckoned with.
  const isIpv4 = /^\d+(\.\d+){3}:/.test(remoteAddr)
  const ofPath = mtu - (isIpv4 ? UDP_OVER_IPV4_BYTES : UDP_OVER_IPV6_BYTES)
  // The memory for packets was made for the paths that there were at the start.
  const maxFrameBytes = Math.min(common.pool.packetBytes, ofPath)
  return {
    name,
    transport: createTransport(config, common, { maxFrameBytes }).transport,
    endpoint: remoteAddr,
    ...(localAddr === undefined ? {} : { localAddress: localAddr }),
    ...(device === undefined ? {} : { device }),
    ...settingsOfPath(path),
  }
}

/** Transports have no state of their own, so that each path may have one that knows its MTU. */
function createTransport(
  { tcp, offload: { gso, gro } }: Config,
  { pool, runtime }: TunnelOptions,
  udp: Pick<UdpMuxOptions, 'maxFrameBytes' | 'peerCapacity'> = {},
): { readonly transport: Transport; readonly about: string } {
  if (tcp) return { transport: tcpTransport({ pool, runtime }), about: 'tcp' }
  const transport = udpMux({ pool, runtime, gso, gro, dontFragment: true, ...udp })
  const { backend, backendReason } = transport
  const mtus = backend === 'dgram' ? '; packets as large as "mtu" says, whatever paths take' : ''
  return { transport, about: `udp (${backend}: ${backendReason}${mtus})` }
}
