import type { Config, Fault } from '../config/index.ts'
import type { Outlets } from './report.ts'
import type { Reloader, ReloadOutcome } from './reload.ts'

/** The config as it is in its file now, or what is wrong with it. Throws when the file cannot be read. */
export type Reread = () => { readonly config: Config } | { readonly faults: readonly Fault[] }

/** Has the daemon follow its config file, one reading after the other. What came of it is logged, whoever asked for it. */
export class FileReloader {
  readonly #reread: Reread
  readonly #reloader: Reloader
  readonly #outlets: Outlets
  #last: Promise<unknown> = Promise.resolve()

  constructor(reread: Reread, reloader: Reloader, outlets: Outlets) {
    this.#reread = reread
    this.#reloader = reloader
    this.#outlets = outlets
  }

  /** Reads the file and follows it. Rejects, and nothing has changed, when it is faulty or cannot be read; else as {@link Reloader.apply}. */
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

  /** For a signal: reads the file, and logs also when that is faulty, or brings nothing new. */
  readonly handleSignal = (): void => void this.#reloadAloud()

  async #reloadAloud(): Promise<void> {
    const { log, events } = this.#outlets
    try {
      const { applied, needsRestart } = await this.reload()
      if (applied.length === 0 && needsRestart.length === 0) log.info('config read: nothing changed')
    } catch (error) {
      const message = `config not followed: ${error instanceof Error ? error.message : String(error)}`
      log.error(message)
      events.add({ type: 'config', level: 'warn', message, fields: {} })
    }
  }

  #inTurn(step: () => Promise<ReloadOutcome>): Promise<ReloadOutcome> {
    const turn = this.#last.then(step).then((outcome) => this.#told(outcome))
    this.#last = turn.catch(() => {})
    return turn
  }

  #told(outcome: ReloadOutcome): ReloadOutcome {
    for (const line of outcome.applied) this.#say('info', `config: ${line}`)
    for (const line of outcome.needsRestart) this.#say('warn', `config: ${line}`)
    return outcome
  }

  #say(level: 'info' | 'warn', message: string): void {
    const { log, events } = this.#outlets
    log[level](message)
    events.add({ type: 'config', level, message, fields: {} })
  }
}
