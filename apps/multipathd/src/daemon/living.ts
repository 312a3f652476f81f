import type { Tun } from '@mp/tun'
import type { Io } from '../cli/io.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import type { Tunnel } from './create-tunnel.ts'
import { QuotaKeeper } from './quota/quota-keeper.ts'
import { UsageFile, usualStateFolder } from './quota/usage-file.ts'
import { Reloader } from './reload.ts'
import { FileReloader } from './reload-file.ts'
import type { Reread } from './reload-file.ts'

/** What is used of quotas is looked at this often, ms. */
const LOOK_MS = 1000

export interface LivingParts {
  readonly config: Config
  readonly io: Io
  readonly log: Log
  readonly tunnel: Tunnel
  readonly tun: Pick<Tun, 'setRoutes'>
  readonly reread: Reread
  /** What the config routes into the tunnel. */
  readonly routesOf: (config: Config) => readonly string[]
}

/** What may change of a running daemon, by its config file or by a month that ends. */
export interface Living {
  readonly files: FileReloader
  readonly quotas: QuotaKeeper
  close(): void
}

/** Begins to listen to SIGHUP and to look after metered lines. To be called before root is given up. */
export function startLiving({ config, io, log, tunnel, tun, reread, routesOf }: LivingParts): Living {
  const quotas = new QuotaKeeper({
    log,
    openFile: () => openUsage(config, io, log),
    paths: () => (config.isServer ? [] : (tunnel.stats().sessions[0]?.paths ?? [])),
    setPath: (name, settings) => tunnel.setPath(name, settings),
    wallMs: Date.now,
  })
  const route = (next: Config): Promise<readonly string[]> => tun.setRoutes(routesOf(next))
  const files = new FileReloader(reread, new Reloader(config, { tunnel, route, meters: quotas }), log)
  quotas.follow(config)
  const timer = setInterval(() => quotas.look(), LOOK_MS)
  process.on('SIGHUP', files.handleSignal)
  return {
    files,
    quotas,
    close: () => {
      process.off('SIGHUP', files.handleSignal)
      clearInterval(timer)
      quotas.close()
    },
  }
}

/** Without a file quotas hold until the daemon ends, and that is worth a word. */
function openUsage({ stateDir, tun }: Config, { env }: Io, log: Log): UsageFile | undefined {
  const folder = stateDir ?? usualStateFolder(env)
  try {
    const file = new UsageFile(folder, tun.name)
    if (file.read() === undefined)
      log.warn(`${file.path} holds something else than what was used: counting begins anew`)
    return file
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log.warn(
      `what is used of quotas is forgotten at the end: ${why}. Set "stateDir" to a folder that can be written`,
    )
    return undefined
  }
}
