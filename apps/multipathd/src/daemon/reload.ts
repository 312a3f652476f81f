import { messageOf } from '../cli/explain.ts'
import type { LeveledLog } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { afterStep, stepsOf } from './change-steps.ts'
import { diffConfigs } from './config-diff.ts'
import type { Changes, ConfigDiff } from './config-diff.ts'

/** What became of a config that was to take the place of the one that runs. */
export interface ReloadOutcome {
  /** What was done, a line each. */
  readonly applied: readonly string[]
  /** What stays as it was, a line each: which key, why, and what to do. */
  readonly needsRestart: readonly string[]
}

/** What of the daemon can change while it runs. */
export interface ReloadParts {
  /** Paths, peers and modes, one at a time. It throws before it changes anything. */
  readonly tunnel: { change(step: ConfigDiff): void }
  /** Networks that are routed into the tunnel. @returns those that have a route already. */
  readonly route: (config: Config) => Promise<readonly string[]>
  /** What is around the tunnel: told once the paths of no pattern are made. Rejects when the system refuses something. */
  readonly network: { follow(config: Config): Promise<void> }
  /** Who looks after metered lines. */
  readonly meters: { follow(config: Config): void }
  readonly log: Pick<LeveledLog, 'setLevel'>
}

/** Has the running daemon follow another config, without dropping a packet or a session. */
export class Reloader {
  readonly #parts: ReloadParts
  #config: Config

  constructor(config: Config, parts: ReloadParts) {
    this.#config = config
    this.#parts = parts
  }

  /** The config as it runs now: with what cannot change as it was at the start. */
  get config(): Config {
    return this.#config
  }

  /**
   * Does what can be done of `next` now, and names the rest. Rejects when the tunnel refuses a change, and when the system
   * refuses NAT, or a route, with all that was refused and what was done: the next one goes on from there.
   */
  async apply(next: Config): Promise<ReloadOutcome> {
    const { network, meters, route } = this.#parts
    const before = this.#config
    const diff = diffConfigs(before, next)
    let routedElsewhere: readonly string[] = []
    // What is around the tunnel does as the config says that runs, however far the change of it came.
    const refusals = await refusalsOf([
      () => this.#change(diff, next),
      () => network.follow(this.#config),
      () => meters.follow(this.#config),
      async () => {
        routedElsewhere = await route(this.#config)
      },
    ])
    if (refusals.length > 0) throw refused(refusals, appliedLines(diffConfigs(before, this.#config)))
    return outcomeOf(diff, routedElsewhere)
  }

  #change(diff: ConfigDiff, next: Config): void {
    const { tunnel, log } = this.#parts
    for (const step of stepsOf(diff)) {
      tunnel.change(step)
      this.#config = afterStep(this.#config, step)
    }
    this.#config = runningConfig(this.#config, next)
    if (diff.logLevel !== undefined) log.setLevel(diff.logLevel)
  }
}

/** Takes every step, whatever became of those before. @returns what those were refused with that failed, in order. */
async function refusalsOf(steps: readonly (() => unknown)[]): Promise<readonly unknown[]> {
  const refusals: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      refusals.push(error)
    }
  }
  return refusals
}

function refused(refusals: readonly unknown[], applied: readonly string[]): Error {
  const done = applied.length === 0 ? 'nothing was applied' : `applied all the same: ${applied.join('; ')}`
  return new AggregateError(refusals, `${refusals.map(messageOf).join('; then: ')} (${done})`)
}

function outcomeOf(diff: ConfigDiff, routedElsewhere: readonly string[]): ReloadOutcome {
  return {
    applied: [
      ...appliedLines(diff),
      ...routedElsewhere.map((network) => `${network} is routed elsewhere already: left as it is`),
    ],
    needsRestart: diff.fixed.map(
      ({ key, why }) => `${key}: cannot change while the daemon runs, as ${why}: restart it`,
    ),
  }
}

function appliedLines({ paths, peers, modes, logLevel }: ConfigDiff): readonly string[] {
  return [
    ...linesOf('client.remotePaths', paths),
    ...linesOf('server.peers', peers),
    ...(modes === undefined ? [] : ['mode: changed']),
    ...(logLevel === undefined ? [] : [`log.level: ${logLevel}`]),
  ]
}

/** What runs once `next` was applied to `from`. */
function runningConfig(from: Config, next: Config): Config {
  const { client, mode } = next
  const server = from.server && { ...from.server, peers: next.server?.peers ?? [] }
  return { ...from, client, mode, server, log: { ...from.log, level: next.log.level } }
}

function linesOf(key: string, changes: Changes<{ readonly name: string }>): string[] {
  const { added, removed, replaced, changed } = changes
  return Object.entries({ added, removed, replaced, changed }).flatMap(([what, entries]) =>
    entries.map(({ name }) => `${key}: ${what} ${name}`),
  )
}
