import type { PacketPool, Runtime } from '@mp/interface'
import type { Io } from '../cli/io.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { DashboardHost } from '../dashboard/host.ts'
import { Metrics, serveMetrics } from '../metrics/index.ts'
import { startControl } from './control.ts'
import type { Tunnel } from './create-tunnel.ts'
import type { EventLog } from './event-log.ts'
import type { Living } from './living.ts'
import type { Monitor } from './monitor.ts'
import type { Tracing } from './tracing.ts'

export interface ServiceParts {
  readonly io: Io
  readonly log: Log
  readonly tunnel: Tunnel
  readonly living: Living
  readonly monitor: Monitor
  readonly events: EventLog
  readonly tracing: Tracing
  readonly pool: Pick<PacketPool, 'capacity'>
  readonly runtime: Runtime
}

/** By what others look at the daemon. */
export interface Services {
  close(): Promise<void>
}

/** Opens the control socket, metrics and the page. The tunnel is worth more than they: where one fails, a warning says so. */
export async function startServices(config: Config, parts: ServiceParts): Promise<Services> {
  const { io, log, living, monitor, events, tracing } = parts
  const dashboard = new DashboardHost(config.dashboard, {
    snapshot: () => monitor.snapshot(),
    snapshotNow: () => monitor.snapshotNow(),
    moments: () => monitor.moments,
    recentEvents: (limit) => events.recent({ limit }),
    onEvent: (listener) => events.subscribe(listener),
  })
  const context = { monitor, events, living, tracing, dashboard }
  const control = await startControl(config, { io, log }, context)
  const metrics = await startMetrics(config, parts)
  await startDashboard(dashboard, log)
  return {
    close: async () => {
      await Promise.all([control?.close(), metrics?.close(), dashboard.close()])
    },
  }
}

async function startMetrics(
  config: Config,
  { log, tunnel, pool, runtime }: ServiceParts,
): Promise<Services | undefined> {
  const { promListenAddr } = config
  if (promListenAddr === 'none') return undefined
  const metrics = new Metrics({ config, stats: () => tunnel.stats(), pool, runtime })
  try {
    const server = await serveMetrics(promListenAddr, metrics)
    log.info(`metrics are at http://${server.address}/metrics`)
    return {
      close: async () => {
        metrics.close()
        await server.close()
      },
    }
  } catch (error) {
    log.warn(
      `no metrics: ${(error as Error).message}. Set "promListenAddr" to a free port of this machine, or to "none"`,
    )
    return undefined
  }
}

async function startDashboard(dashboard: DashboardHost, log: Log): Promise<void> {
  try {
    const address = await dashboard.start()
    if (address !== undefined)
      log.info(`the page is at ${address}; \`multipathd dashboard\` prints a link to it`)
  } catch (error) {
    log.warn(`no page: ${(error as Error).message}. Set "dashboard.listen" to a free port of this machine`)
  }
}
