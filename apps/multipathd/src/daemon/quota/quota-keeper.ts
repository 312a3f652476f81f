import type { PathSettings, PathStats } from '@mp/tunnel'
import type { Config } from '../../config/index.ts'
import type { Outlets } from '../report.ts'
import { Meter } from './meter.ts'
import type { Stage } from './meter.ts'
import { nextReset } from './period.ts'
import type { UsageFile, Usages } from './usage-file.ts'

export interface QuotaKeeperOptions {
  readonly outlets: Outlets
  /** Called once there is a quota; without a file nothing is kept across restarts. */
  readonly openFile: () => UsageStore | undefined
  /** All paths of the client now. */
  readonly paths: () => readonly PathStats[]
  readonly setPath: (name: string, settings: Partial<PathSettings>) => void
  /** The time of day, ms since 1970. */
  readonly wallMs: () => number
}

/** What of a {@link UsageFile} is needed. */
type UsageStore = Pick<UsageFile, 'path' | 'read' | 'write' | 'close'>

/** A stage, and the paths of the line that are used as it says, by id. */
interface Acted {
  readonly stage: Stage
  readonly paths: ReadonlySet<number>
}

/** What is used is written to the file this often, ms: so much of it is lost when the machine is. */
const SAVE_MS = 60_000

/** Keeps metered lines within their quotas: counts what goes over them, warns, and changes their use once all is used. */
export class QuotaKeeper {
  readonly #options: QuotaKeeperOptions
  readonly #meters = new Map<string, Meter>()
  /** What was last acted on, by line. */
  readonly #acted = new Map<string, Acted>()
  #file: UsageStore | undefined
  /** Of all paths that the file knows, also of those that have no quota now; undefined before it was opened. */
  #kept: Usages | undefined
  #savedMs: number
  /** The last try to write failed, and was spoken of. */
  #isUnwritable = false

  constructor(options: QuotaKeeperOptions) {
    this.#options = options
    this.#savedMs = options.wallMs()
  }

  /** The quotas may be others now, and paths may be new. */
  follow({ client }: Config): void {
    const before = new Map(this.#meters)
    this.#meters.clear()
    for (const path of client.remotePaths) {
      const { name, quota } = path
      if (quota === undefined) continue
      this.#meters.set(
        name,
        before.get(name)?.with(path, quota) ?? new Meter(path, quota, this.#usages().get(name)),
      )
    }
    for (const [name, { stage }] of this.#acted) this.#acted.set(name, { stage, paths: new Set() })
    this.look()
  }

  /** Counts, and acts when a threshold is passed or a new month begins. To be called every second or so. */
  look(): void {
    const nowMs = this.#options.wallMs()
    for (const [name, meter] of this.#meters) {
      const paths = this.#options.paths().filter((path) => isOf(name, path.name))
      meter.count(paths, nowMs)
      this.#act(meter, paths, nowMs)
    }
    if (Math.abs(nowMs - this.#savedMs) >= SAVE_MS) this.#save()
  }

  /** What was used of each quota; for the status. */
  snapshot(): ReadonlyMap<string, Meter> {
    return this.#meters
  }

  close(): void {
    this.look()
    this.#save()
    this.#file?.close()
  }

  /** Also for a path that is new: an interface that fits a pattern may come at any time. */
  #act(meter: Meter, paths: readonly PathStats[], nowMs: number): void {
    const { name } = meter.path
    const acted = this.#acted.get(name)
    const isNewStage = acted?.stage !== meter.stage
    if (isNewStage) this.#say(meter, nowMs, acted?.stage)
    const affected = paths.filter(({ id }) => isNewStage || !acted.paths.has(id))
    for (const path of new Set(affected.map((each) => each.name))) this.#options.setPath(path, meter.settings)
    this.#acted.set(name, { stage: meter.stage, paths: new Set(paths.map(({ id }) => id)) })
  }

  #usages(): Usages {
    if (this.#kept !== undefined) return this.#kept
    this.#file = this.#options.openFile()
    return (this.#kept = this.#file?.read() ?? new Map())
  }

  #save(): void {
    if (this.#kept === undefined) return
    this.#savedMs = this.#options.wallMs()
    const usages = [...this.#meters].map(([name, meter]) => [name, meter.usage] as const)
    this.#kept = new Map([...this.#kept, ...usages])
    this.#write(this.#kept)
  }

  /** A full disk ends no tunnel: it is said once, and tried again a minute later. */
  #write(usages: Usages): void {
    try {
      this.#file?.write(usages)
      this.#isUnwritable = false
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const message = `cannot keep what is used of quotas: ${why}. Make room for ${this.#file?.path}; counting goes on`
      if (!this.#isUnwritable) this.#options.outlets.log.warn(message)
      this.#isUnwritable = true
    }
  }

  #say(meter: Meter, nowMs: number, before: Stage | undefined): void {
    const { log, events } = this.#options.outlets
    const { path, quota, stage, usage } = meter
    // That nothing is used yet goes without saying.
    if (stage === 'free' && before === undefined) return
    const level = stage === 'free' ? 'info' : 'warn'
    const message = `${path.name}: ${stageText(meter, nowMs)}`
    const fields = { path: path.name, usedBytes: Math.round(usage.bytes), quotaBytes: quota.bytes }
    log[level](message, fields)
    events.add({ type: 'quota', level, message, fields })
  }
}

/** What the stage of a quota means until its month ends. */
function stageText({ quota, stage, usage }: Meter, nowMs: number): string {
  const until = new Date(nextReset(nowMs, quota.resetDay)).toDateString()
  const all = gigabytes(quota.bytes)
  if (stage === 'free') return `may carry ${all} until ${until}`
  if (stage === 'warned')
    return `${gigabytes(usage.bytes)} of ${all} are used, which have to last until ${until}`
  const becomes = quota.whenUsed === 'stop' ? 'it carries nothing' : 'it is a backup'
  return `all of its ${all} are used: ${becomes} until ${until}`
}

/** Paths of a pattern of interfaces are called by the name of the pattern and their interface. */
const isOf = (line: string, path: string): boolean => path === line || path.startsWith(`${line}@`)

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`
