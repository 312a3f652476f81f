import { messageOf } from '../cli/explain.ts'
import type { Config, Fault } from '../config/index.ts'
import type { LogLevel } from '../config/schema/log.ts'
import { ControlError } from '../control/protocol.ts'
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
      if ('config' in read) return read.config
      const lines = read.faults.map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}`)
      throw new ControlError('bad-config', `the config is faulty, all stays as it is: ${lines.join('; ')}`)
    })
  }

  /** Follows what `change` makes of the config that runs, without a look at the file, which keeps what it has. */
  change(change: (config: Config) => Config): Promise<ReloadOutcome> {
    return this.#inTurn(() => change(this.#reloader.config))
  }

  /** For a signal: reads the file, and logs also when that brings nothing new. */
  readonly handleSignal = (): void => void this.#reloadAloud()

  async #reloadAloud(): Promise<void> {
    const outcome = await this.reload().catch(() => undefined)
    if (outcome?.applied.length === 0 && outcome.needsRestart.length === 0)
      this.#outlets.log.info('config read: nothing changed')
  }

  #inTurn(wish: () => Config): Promise<ReloadOutcome> {
    const turn = this.#last.then(() => this.#follow(wish))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #follow(wish: () => Config): Promise<ReloadOutcome> {
    try {
      const outcome = await this.#reloader.apply(wish())
      for (const line of outcome.applied) this.#say('info', `config: ${line}`)
      for (const line of outcome.needsRestart) this.#say('warn', `config: ${line}`)
      return outcome
    } catch (error) {
      this.#say('error', `config not followed: ${messageOf(error)}`)
      throw error
    }
  }

  #say(level: LogLevel, message: string): void {
    const { log, events } = this.#outlets
    log[level](message)
    events.add({ type: 'config', level: level === 'info' ? 'info' : 'warn', message, fields: {} })
  }
}
