import type { PacketPool, Runtime } from '@mp/interface'
import { loadNativeIo } from '@mp/native-io'
import { systemRuntime } from '@mp/runtime-node'
import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import type { Io } from '../cli/io.ts'
import { createLog } from '../cli/log.ts'
import type { LeveledLog, Log } from '../cli/log.ts'
import { RepeatFilter } from '../cli/repeat-filter.ts'
import { NOT_ENCRYPTED } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { Network } from '../network/index.ts'
import { createTunnel } from './create-tunnel.ts'
import type { Tunnel } from './create-tunnel.ts'
import { describeTun } from './describe-tun.ts'
import { openDevice } from './device.ts'
import type { Device } from './device.ts'
import { EventLog } from './event-log.ts'
import { Living } from './living.ts'
import { Monitor } from './monitor.ts'
import { reportOffloadLosses } from './offloads.ts'
import { createPool } from './pool.ts'
import type { Reread } from './reload-file.ts'
import { createReporter } from './report.ts'
import { ServiceManager } from './service-manager.ts'
import { startServices } from './services.ts'
import type { Services } from './services.ts'
import { reportStatus, statusLine } from './status.ts'
import { StopRequest } from './stop-request.ts'
import { Tracing } from './tracing.ts'

/**
 * Runs a client or a server until SIGINT or SIGTERM, and then removes all it made.
 * Rejects with a coded error when it cannot start.
 * @param reread Reads the config file anew, for SIGHUP.
 * @returns the exit code.
 */
export async function runDaemon(config: Config, io: Io, reread: Reread): Promise<number> {
  const runtime = systemRuntime()
  const log = new RepeatFilter(createLog(io.stdout, config.log), runtime)
  try {
    return await runLogged(config, io, { log, runtime, reread })
  } finally {
    log.flush()
  }
}

async function runLogged(
  config: Config,
  io: Io,
  { log, runtime, reread }: Pick<Ground, 'log' | 'runtime' | 'reread'>,
): Promise<number> {
  const stop = new StopRequest(io)
  const pool = createPool(config)
  const tun = await openDevice(config, { pool, log, env: io.env })
  for (const route of tun.skippedRoutes ?? [])
    log.warn(
      `${route} is routed elsewhere already: left as it is. Delete that route first if the tunnel shall have it`,
      { route },
    )
  const events = new EventLog(Date.now)
  const endReport = reportOffloadLosses({ log, events })
  try {
    return await runOn({ config, io, log, stop, tun, pool, runtime, events, reread })
  } finally {
    endReport()
    // The tunnel closes it too; this is for what failed before.
    await tun.close()
  }
}

interface Ground {
  readonly config: Config
  readonly io: Io
  readonly log: LeveledLog
  readonly stop: StopRequest
  readonly tun: Device
  readonly pool: PacketPool
  readonly runtime: Runtime
  readonly events: EventLog
  readonly reread: Reread
}

/** The network around the device is set up before the tunnel, and undone before the tunnel says goodbye. */
async function runOn(ground: Ground): Promise<number> {
  const { config, log, stop, tun, pool, runtime, events } = ground
  const report = createReporter(config, { log, events })
  const tracing = new Tracing()
  let tunnel: Tunnel | undefined
  const network = new Network({
    config,
    log,
    pathControl: () => tunnel?.pathControl,
    onRefused: (reason) => stop.request({ exit: EXIT.unavailable, reason }),
  })
  try {
    await network.prepare()
    tunnel = createTunnel(config, {
      runtime,
      pool,
      tun,
      trace: tracing.toTunnel,
      transportFor: (path, transport) => network.names.transportFor(path, transport),
      onEvent: (event) => {
        report(event)
        network.handleEvent(event)
      },
      onTunClose: (error) => stop.handleTunClose(tun.name, error),
    })
    const living = new Living({ ...ground, tunnel, network })
    const monitor = new Monitor({ config: () => living.config, tunnel, tun, pool, runtime, wallMs: Date.now })
    return await runTunnel(tunnel, { ...ground, network, living, monitor, tracing })
  } finally {
    await network.close()
    await tunnel?.close()
  }
}

interface Running extends Ground {
  readonly network: Network
  readonly living: Living
  readonly monitor: Monitor
  readonly tracing: Tracing
}

async function runTunnel(tunnel: Tunnel, running: Running): Promise<number> {
  const { config, log, stop, tun, network, living, monitor } = running
  const sayStatus = (): void => reportStatus(tunnel, config, log)
  const manager = serviceManager(tunnel, running)
  let services: Services | undefined
  try {
    await tunnel.start()
    network.start()
    living.start()
    monitor.start()
    services = await startServices(config, { ...running, tunnel })
    if (config.user !== undefined) leaveRoot(config.user, config)
    sayStart(config, log, { tun: describeTun(tun), tunnel })
    manager.ready()
    process.on('SIGUSR1', sayStatus)
    const { exit, reason } = await stop.requested
    log[exit === EXIT.ok ? 'info' : 'error'](`stopping: ${reason}`, { stats: tunnel.stats() })
    return exit
  } finally {
    process.off('SIGUSR1', sayStatus)
    living.close()
    manager.stopping()
    monitor.close()
    await services?.close()
  }
}

function serviceManager(tunnel: Tunnel, { io, log, runtime }: Running): ServiceManager {
  const native = loadNativeIo()
  return new ServiceManager({
    env: io.env,
    runtime,
    log,
    status: () => statusLine(tunnel.stats()),
    notify: (socketPath, text) => {
      if (native.io === undefined) throw new Error(native.reason)
      native.io.notifyService(socketPath, text)
    },
  })
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
