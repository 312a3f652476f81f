import type { PacketPool, TunDevice } from '@mp/interface'
import { systemRuntime } from '@mp/runtime-node'
import { openTun } from '@mp/tun'
import type { Tun } from '@mp/tun'
import type { Io } from '../cli/io.ts'
import { createLog } from '../cli/log.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { createTunnel } from './create-tunnel.ts'
import type { Tunnel } from './create-tunnel.ts'
import { createPool } from './pool.ts'
import { createReporter } from './report.ts'
import { StopRequest } from './stop-request.ts'

/**
 * Runs a client or a server until SIGINT or SIGTERM, and then removes all it made.
 * Rejects with a coded error when it cannot start.
 * @returns the exit code.
 */
export async function runDaemon(config: Config, io: Io): Promise<number> {
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
    return await runTunnel(tunnel, { config, log, stop, tun })
  } finally {
    // The tunnel closes it too; this is for what failed before.
    await tun.close()
  }
}

interface Running {
  readonly config: Config
  readonly log: Log
  readonly stop: StopRequest
  readonly tun: TunDevice
}

async function runTunnel(tunnel: Tunnel, { config, log, stop, tun }: Running): Promise<number> {
  try {
    await tunnel.start()
    sayStart(config, log, { tun: `${tun.name} (${tun.backend})`, transport: tunnel.transport })
    const { exit, reason } = await stop.requested
    log.info(`stopping: ${reason}`, { stats: tunnel.stats() })
    return exit
  } finally {
    await tunnel.close()
  }
}

function openDevice(config: Config, pool: PacketPool): Promise<Tun> {
  const { name, mtu, backend, localAddr, remoteAddr, allowedIPs } = config.tun
  return openTun({
    pool,
    name,
    mtuBytes: mtu,
    ...(backend === 'auto' ? {} : { backend }),
    addresses: localAddr.map((local, index) => ({ local, peer: remoteAddr[index]! })),
    routes: allowedIPs,
  })
}

function sayStart(
  config: Config,
  log: Log,
  runs: { readonly tun: string; readonly transport: string },
): void {
  log.warn('nothing is encrypted and anyone may join: "security" is "none"')
  if (config.isServer) log.info(`server listens at ${config.server?.listen}`, runs)
  else log.info(`client has ${config.client.remotePaths.length} paths`, runs)
}
