import type { CipherName, Transport } from '@mp/interface'
import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { tcpTransport } from '@mp/tcp-transport'
import { MAX_PATHS, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { ClientPath, TunnelOptions, TunnelStats } from '@mp/tunnel'
import { fragmenter, udpMux } from '@mp/udpmux'
import type { UdpMuxOptions } from '@mp/udpmux'
import type { Config, RemotePath } from '../config/index.ts'
import { hasPattern } from '../network/index.ts'
import type { PathControl } from '../network/index.ts'
import { pathControl } from './path-control.ts'
import { clientSecurity, serverPeers, serverSecurity } from './security.ts'

/** One end of a tunnel, whichever. */
export interface Tunnel {
  /** What carries the frames, and why that, for the log. */
  readonly transport: string
  /** What seals packets, and why that, for the log. Undefined when nothing is encrypted. */
  readonly encryption: string | undefined
  /** Why the sessions that use `cipher` use it, for the status. */
  readonly reasonFor: (cipher: CipherName) => string
  /** The paths of a client, for who looks after their lines. */
  readonly pathControl: PathControl | undefined
  start(): Promise<void>
  stats(): TunnelStats
  close(): Promise<void>
}

interface Outside extends Pick<TunnelOptions, 'runtime' | 'pool' | 'tun' | 'onEvent' | 'onTunClose'> {
  /** Stands between a path and its transport: it finds the server. */
  readonly transportFor: (path: string, transport: Transport) => Transport
}

/** UDP and IP headers around a frame, bytes. */
const UDP_OVER_IPV4_BYTES = 28
const UDP_OVER_IPV6_BYTES = 48
/** Remote addresses a server knows beside those of its clients: of strangers, and of clients that move. */
const OTHER_ADDRESSES = 4096
const MAX_ADDRESSES = 1_048_576

/** Chooses the parts the config asks for and puts them together. */
export function createTunnel(config: Config, { transportFor, ...outside }: Outside): Tunnel {
  const { pool } = outside
  const isAdaptive = config.scheduling === 'adaptive'
  const common: TunnelOptions = {
    ...outside,
    createScheduler: () => (isAdaptive ? new AdaptiveScheduler() : new CfsScheduler()),
    isAdaptive,
    clampMss: config.tun.clampMss,
    fragment: config.tun.fragment,
    createFragmenter: () => fragmenter({ pool }),
  }
  return config.isServer ? createServer(config, common) : createClient(config, common, transportFor)
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
    pathControl: undefined,
    start: () => server.start(),
    stats: () => server.stats(),
    close: () => server.close(),
  }
}

/** An address in use keeps its place, so there must be one for each path that the clients may have. */
function addressesOf({ server }: Config): number {
  return Math.min(MAX_ADDRESSES, OTHER_ADDRESSES + MAX_PATHS * (server?.peers.length ?? 0))
}

function createClient(config: Config, common: TunnelOptions, transportFor: Outside['transportFor']): Tunnel {
  const { client: settings, tun } = config
  const keys = clientSecurity(config, common.pool)
  const toPath = (path: RemotePath): ClientPath => {
    const { transport, ...rest } = clientPath(path, config, common)
    return { ...rest, transport: transportFor(path.name, transport) }
  }
  const client = new TunnelClient({
    ...common,
    ...(keys && { security: keys.security, allowedIPs: [...tun.remoteAddr, ...tun.allowedIPs] }),
    // Those of a pattern come with their interfaces.
    paths: settings.remotePaths.filter((path) => !hasPattern(path)).map((path) => toPath(path)),
  })
  return {
    transport: createTransport(config, common).about,
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    pathControl: pathControl(client, toPath),
    start: async () => client.start(),
    stats: () => client.stats(),
    close: () => client.close(),
  }
}

function clientPath(path: RemotePath, config: Config, common: TunnelOptions): ClientPath {
  const { name, remoteAddr, localAddr, device, fwmark, weight, mtu } = path
  // A name may lead to either family: then the larger headers are reckoned with.
  const isIpv4 = /^\d+(\.\d+){3}:/.test(remoteAddr)
  const maxFrameBytes = mtu - (isIpv4 ? UDP_OVER_IPV4_BYTES : UDP_OVER_IPV6_BYTES)
  return {
    name,
    transport: createTransport(config, common, { maxFrameBytes }).transport,
    endpoint: remoteAddr,
    ...(localAddr === undefined ? {} : { localAddress: localAddr }),
    ...(device === undefined ? {} : { device }),
    ...(fwmark === undefined ? {} : { mark: fwmark }),
    weight,
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
