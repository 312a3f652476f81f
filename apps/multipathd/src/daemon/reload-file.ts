import type { Log } from '../cli/log.ts'
import type { Config, Fault } from '../config/index.ts'
import type { Reloader, ReloadOutcome } from './reload.ts'

/** The config as it is in its file now, or what is wrong with it. Throws when the file cannot be read. */
export type Reread = () => { readonly config: Config } | { readonly faults: readonly Fault[] }

/** Has the daemon follow its config file, one reading after the other. */
export class FileReloader {
  readonly #reread: Reread
  readonly #reloader: Reloader
  readonly #log: Log
  #last: Promise<unknown> = Promise.resolve()

  constructor(reread: Reread, reloader: Reloader, log: Log) {
    this.#reread = reread
    this.#reloader = reloader
    this.#log = log
  }

  /** Reads the file and follows it. Rejects, and nothing has changed, when it is faulty or cannot be read. */
  reload(): Promise<ReloadOutcome> {
    return this.#inTurn(() => {
      const read = this.#reread()
      if ('config' in read) return this.#reloader.apply(read.config)
      const lines = read.faults.map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}`)
      throw new RangeError(`the config is faulty, all stays as it is: ${lines.join('; ')}`)
    })
  }

  /** Follows what `change` makes of the config that runs, without a look at the file, which keeps what it has. */
  change(change: (config: Config) => Config): Promise<ReloadOutcome> {
    return this.#inTurn(() => this.#reloader.apply(change(this.#reloader.config)))
  }

  /** For a signal: reads the file, and says in the log what came of it. */
  readonly handleSignal = (): void => void this.#reloadAloud()

  async #reloadAloud(): Promise<void> {
    try {
      const { applied, needsRestart } = await this.reload()
      if (applied.length === 0 && needsRestart.length === 0) this.#log.info('config read: nothing changed')
      for (const line of applied) this.#log.info(`config: ${line}`)
      for (const line of needsRestart) this.#log.warn(`config: ${line}`)
    } catch (error) {
      this.#log.error(`config not changed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  #inTurn(step: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const turn = this.#last.then(step)
    this.#last = turn.catch(() => {})
    return turn
  }
}
