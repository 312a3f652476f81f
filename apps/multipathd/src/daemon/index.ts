import type { PacketPool } from '@mp/interface'
import { loadNativeIo } from '@mp/native-io'
import { systemRuntime } from '@mp/runtime-node'
import { openTun } from '@mp/tun'
import type { Tun } from '@mp/tun'
import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import type { Io } from '../cli/io.ts'
import { createLog } from '../cli/log.ts'
import type { Log } from '../cli/log.ts'
import { NOT_ENCRYPTED } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { createTunnel } from './create-tunnel.ts'
import type { Tunnel } from './create-tunnel.ts'
import { describeTun } from './describe-tun.ts'
import { startLiving } from './living.ts'
import type { Living } from './living.ts'
import { createPool } from './pool.ts'
import type { Reread } from './reload-file.ts'
import { createReporter } from './report.ts'
import { reportStatus } from './status.ts'
import { StopRequest } from './stop-request.ts'

/**
 * Runs a client or a server until SIGINT or SIGTERM, and then removes all it made.
 * Rejects with a coded error when it cannot start.
 * @param reread Reads the config file anew, for SIGHUP.
 * @returns the exit code.
 */
export async function runDaemon(config: Config, io: Io, reread: Reread): Promise<number> {
  const log = createLog(io.stdout)
  const stop = new StopRequest(io)
  const pool = createPool(config)
  const tun = await openDevice(config, pool)
  for (const route of tun.skippedRoutes)
    log.warn(`${route} is routed elsewhere already: left as it is`, { route })
  try {
    const tunnel = createTunnel(config, {
      runtime: systemRuntime(),
      pool,
      tun,
      onEvent: createReporter(config, log),
      onTunClose: (error) => stop.handleTunClose(tun.name, error),
    })
    return await runTunnel(tunnel, { config, io, log, stop, tun, reread })
  } finally {
    // The tunnel closes it too; this is for what failed before.
    await tun.close()
  }
}

interface Running {
  readonly config: Config
  readonly io: Io
  readonly log: Log
  readonly stop: StopRequest
  readonly tun: Tun
  readonly reread: Reread
}

async function runTunnel(tunnel: Tunnel, running: Running): Promise<number> {
  const { config, log, stop, tun } = running
  const sayStatus = (): void => reportStatus(tunnel, config, log)
  let living: Living | undefined
  try {
    await tunnel.start()
    living = startLiving({ ...running, tunnel, routesOf })
    if (config.user !== undefined) leaveRoot(config.user, config)
    sayStart(config, log, { tun: describeTun(tun), tunnel })
    process.on('SIGUSR1', sayStatus)
    const { exit, reason } = await stop.requested
    log.info(`stopping: ${reason}`, { stats: tunnel.stats() })
    return exit
  } finally {
    process.off('SIGUSR1', sayStatus)
    living?.close()
    await tunnel.close()
  }
}

function openDevice(config: Config, pool: PacketPool): Promise<Tun> {
  const { name, mtu, backend, localAddr, remoteAddr } = config.tun
  return openTun({
    pool,
    name,
    mtuBytes: mtu,
    // With keys nothing can change between the ends, so that a checksum over it would protect nothing.
    partialChecksums: config.security !== 'none',
    offload: config.offload,
    ...(backend === 'auto' ? {} : { backend }),
    addresses: localAddr.map((local, index) => ({ local, peer: remoteAddr[index]! })),
    routes: routesOf(config),
  })
}

/** What the config routes into the tunnel; a server also what belongs to its clients, but never everything. */
function routesOf({ tun, server }: Config): readonly string[] {
  const clients = (server?.peers ?? []).flatMap((peer) => peer.allowedIPs)
  const wanted = [...tun.allowedIPs, ...clients.filter((network) => !network.endsWith('/0'))]
  const peers = new Set(tun.remoteAddr.flatMap((ip) => [ip, `${ip}/32`, `${ip}/128`]))
  return [...new Set(wanted)].filter((network) => !peers.has(network))
}

/** What needs root is open by now. Routes are still removed at the end, and devices bound when paths are dialled. */
function leaveRoot(user: string, { client }: Config): void {
  const native = loadNativeIo()
  if (native.io === undefined) {
    throw new ExitError(EXIT.unavailable, `"user" needs the native addon: ${native.reason}`)
  }
  native.io.dropPrivileges({ user, keepNetRaw: client.remotePaths.some((path) => path.device !== undefined) })
}

function sayStart(config: Config, log: Log, runs: { readonly tun: string; readonly tunnel: Tunnel }): void {
  const { transport, encryption } = runs.tunnel
  const { user } = config
  const fields = { tun: runs.tun, transport, encryption: encryption ?? 'none', ...(user && { user }) }
  if (encryption === undefined) log.warn(NOT_ENCRYPTED)
  if (config.isServer) log.info(`server listens at ${config.server?.listen}`, fields)
  else log.info(`client has ${config.client.remotePaths.length} paths`, fields)
}
