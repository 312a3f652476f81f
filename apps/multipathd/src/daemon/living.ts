import type { Io } from '../cli/io.ts'
import type { LeveledLog, Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { ownRoutes } from '../network/index.ts'
import type { Tunnel } from './create-tunnel.ts'
import type { Device } from './device.ts'
import type { EventLog } from './event-log.ts'
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
  readonly log: LeveledLog
  readonly events: EventLog
  readonly tunnel: Tunnel
  readonly tun: Pick<Device, 'setRoutes'>
  /** What is around the tunnel. */
  readonly network: { follow(config: Config): Promise<void> }
  readonly reread: Reread
}

/** What may change of a running daemon: by its config file, by whoever asks, or by a month that ends. */
export class Living {
  readonly files: FileReloader
  readonly quotas: QuotaKeeper
  readonly #reloader: Reloader
  #timer: NodeJS.Timeout | undefined

  constructor({ config, io, log, events, tunnel, tun, network, reread }: LivingParts) {
    this.quotas = new QuotaKeeper({
      outlets: { log, events },
      openFile: () => openUsage(config, io, log),
      paths: () => (config.isServer ? [] : (tunnel.stats().sessions[0]?.paths ?? [])),
      setPath: (name, settings) => tunnel.setPath(name, settings),
      wallMs: Date.now,
    })
    this.#reloader = new Reloader(config, {
      tunnel,
      route: async (next) => (await tun.setRoutes?.(ownRoutes(next))) ?? [],
      network,
      meters: this.quotas,
      log,
    })
    this.files = new FileReloader(reread, this.#reloader, { log, events })
  }

  /** The config as it runs now. */
  get config(): Config {
    return this.#reloader.config
  }

  /** Begins to look after metered lines, and to listen to SIGHUP. Before root is given up: it opens a file. */
  start(): void {
    this.quotas.follow(this.config)
    this.#timer = setInterval(() => this.quotas.look(), LOOK_MS)
    process.on('SIGHUP', this.files.handleSignal)
  }

  close(): void {
    process.off('SIGHUP', this.files.handleSignal)
    clearInterval(this.#timer)
    this.quotas.close()
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
