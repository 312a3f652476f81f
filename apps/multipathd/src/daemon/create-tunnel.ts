import type { CipherName, Transport } from '@mp/interface'
import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { MAX_PATHS, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { ClientPath, PathSettings, TunnelOptions, TunnelStats } from '@mp/tunnel'
import { fragmenter } from '@mp/udpmux'
import type { Config, RemotePath } from '../config/index.ts'
import { hasPattern } from '../network/index.ts'
import type { PathControl } from '../network/index.ts'
import { changeClient, changeServer } from './change-tunnel.ts'
import type { ConfigDiff } from './config-diff.ts'
import { pathControl } from './path-control.ts'
import { settingsOfPath } from './path-settings.ts'
import { clientSecurity, serverPeers, serverSecurity } from './security.ts'
import { aboutTransports, pathTransports, serverTransports } from './transports.ts'

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
  /** The paths of a client, for who looks after their lines. */
  readonly pathControl: PathControl | undefined
  start(): Promise<void>
  stats(): TunnelStats
  close(): Promise<void>
}

interface Outside extends Pick<
  TunnelOptions,
  'runtime' | 'pool' | 'tun' | 'trace' | 'onEvent' | 'onTunClose'
> {
  /** Stands between a path and its transport: it finds the server. */
  readonly transportFor: (path: string, transport: Transport) => Transport
}

/** Remote addresses a server knows beside those of its clients: of strangers, and of clients that move. */
const OTHER_ADDRESSES = 4096
const MAX_ADDRESSES = 1_048_576

/** Chooses the parts the config asks for and puts them together. */
export function createTunnel(config: Config, { transportFor, ...outside }: Outside): Tunnel {
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
  return config.isServer ? createServer(config, common) : createClient(config, common, transportFor)
}

function createServer(config: Config, common: TunnelOptions): Tunnel {
  const keys = serverSecurity(config, common.pool)
  const server = new TunnelServer({
    ...common,
    ...(keys && { security: keys.security, peers: serverPeers(config) }),
    clientToClient: config.server!.clientToClient,
    listen: serverTransports(config, common, addressesOf(config)).map((transport) => ({
      transport,
      endpoint: config.server!.listen,
    })),
  })
  return {
    transport: aboutTransports(config, common),
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    change: (diff) => changeServer(server, diff),
    setPath: () => {},
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
  const { client: section, tun } = config
  const keys = clientSecurity(config, common.pool)
  const toPath = (path: RemotePath): ClientPath => {
    const { transport, fallback, ...rest } = clientPath(path, config, common)
    return {
      ...rest,
      transport: transportFor(path.name, transport),
      ...(fallback && { fallback: transportFor(path.name, fallback) }),
    }
  }
  const client = new TunnelClient({
    ...common,
    ...(keys && { security: keys.security, allowedIPs: [...tun.remoteAddr, ...tun.allowedIPs] }),
    // Those of a pattern come with their interfaces.
    paths: section.remotePaths.filter((path) => !hasPattern(path)).map((path) => toPath(path)),
  })
  return {
    transport: aboutTransports(config, common),
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    change: (diff) => changeClient(client, diff, toPath),
    setPath: (name, settings) => void client.setPath(name, settings),
    pathControl: pathControl(client, toPath),
    start: async () => client.start(),
    stats: () => client.stats(),
    close: () => client.close(),
  }
}

function clientPath(path: RemotePath, config: Config, common: TunnelOptions): ClientPath {
  const { name, remoteAddr, localAddr, device, fwmark } = path
  return {
    name,
    ...pathTransports(path, config, common),
    endpoint: remoteAddr,
    ...(localAddr === undefined ? {} : { localAddress: localAddr }),
    ...(device === undefined ? {} : { device }),
    ...(fwmark === undefined ? {} : { mark: fwmark }),
    ...settingsOfPath(path),
  }
}
