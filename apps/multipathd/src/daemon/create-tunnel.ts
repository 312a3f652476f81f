import type { CipherName } from '@mp/interface'
import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { MAX_PATHS, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { ClientPath, TunnelOptions, TunnelStats } from '@mp/tunnel'
import { fragmenter } from '@mp/udpmux'
import type { Config, RemotePath } from '../config/index.ts'
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
  start(): Promise<void>
  stats(): TunnelStats
  close(): Promise<void>
}

type Outside = Pick<TunnelOptions, 'runtime' | 'pool' | 'tun' | 'onEvent' | 'onTunClose'>

/** Remote addresses a server knows beside those of its clients: of strangers, and of clients that move. */
const OTHER_ADDRESSES = 4096
const MAX_ADDRESSES = 1_048_576

/** Chooses the parts the config asks for and puts them together. */
export function createTunnel(config: Config, outside: Outside): Tunnel {
  const { pool } = outside
  const isAdaptive = config.scheduling === 'adaptive'
  const common: TunnelOptions = {
    ...outside,
    createScheduler: () => (isAdaptive ? new AdaptiveScheduler() : new CfsScheduler()),
    isAdaptive,
    createFragmenter: () => fragmenter({ pool }),
  }
  return config.isServer ? createServer(config, common) : createClient(config, common)
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
  const { client: settings, tun } = config
  const keys = clientSecurity(config, common.pool)
  const client = new TunnelClient({
    ...common,
    ...(keys && { security: keys.security, allowedIPs: [...tun.remoteAddr, ...tun.allowedIPs] }),
    paths: settings.remotePaths.map((path) => clientPath(path, config, common)),
  })
  return {
    transport: aboutTransports(config, common),
    encryption: keys?.about,
    reasonFor: (cipher) => keys?.reasonFor(cipher) ?? '',
    start: async () => client.start(),
    stats: () => client.stats(),
    close: () => client.close(),
  }
}

function clientPath(path: RemotePath, config: Config, common: TunnelOptions): ClientPath {
  const { name, remoteAddr, localAddr, device, weight } = path
  return {
    name,
    ...pathTransports(path, config, common),
    endpoint: remoteAddr,
    ...(localAddr === undefined ? {} : { localAddress: localAddr }),
    ...(device === undefined ? {} : { device }),
    weight,
  }
}
