import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { TunnelStats } from '@mp/tunnel'
import type { Finished, Namespace, RunOptions, Running } from '@mp/netlab'

/** The program under test, as `pnpm build` left it. */
export const MULTIPATHD: string = fileURLToPath(new URL('../../../bin/multipathd.js', import.meta.url))

/** A line of the log. */
export interface Said {
  readonly atMs: number
  readonly message: string
  /** What stands beside it. */
  readonly fields: Readonly<Record<string, unknown>>
}

const LOOK_MS = 10

/** A daemon under way and what it says. Times are those of the system clock, ms. */
export class Daemon {
  readonly #running: Running

  constructor(running: Running) {
    this.#running = running
  }

  get pid(): number {
    return this.#running.pid!
  }

  /** Both its streams so far, as they are. */
  output(): string {
    const { stdout, stderr } = this.#running.output()
    return stdout + stderr
  }

  /** All it has said so far. */
  said(): Said[] {
    const lines = this.#running.output().stdout.split('\n')
    // The last one may be under way.
    return lines.slice(0, -1).map((line) => {
      const { time, msg, ...fields } = JSON.parse(line) as { readonly time: string; readonly msg: string }
      return { atMs: Date.parse(time), message: msg, fields }
    })
  }

  /** How often a message that matches came. */
  count(pattern: RegExp): number {
    return this.said().filter(({ message }) => pattern.test(message)).length
  }

  /**
   * Waits for a message that matches and is not older than `sinceMs`; answers when it came.
   * Rejects with all that was said when it does not come `withinMs` after that.
   */
  async says(pattern: RegExp, { sinceMs = 0, withinMs = 10_000 } = {}): Promise<number> {
    const deadlineMs = (sinceMs === 0 ? Date.now() : sinceMs) + withinMs
    for (;;) {
      const found = this.said().find(({ atMs, message }) => atMs >= sinceMs && pattern.test(message))
      if (found !== undefined) return found.atMs
      const ended = this.#running.child.exitCode !== null
      if (ended || Date.now() > deadlineMs) throw new Error(this.#silence(pattern, ended))
      await sleep(LOOK_MS)
    }
  }

  /** Settles when it is gone. */
  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    return this.#running.kill(signal)
  }

  #silence(pattern: RegExp, ended: boolean): string {
    return `the daemon ${ended ? 'ended and ' : ''}never said ${pattern}. It said:\n${this.output()}`
  }
}

/** Starts a daemon in a namespace and does not wait for anything. */
export async function spawnDaemon(
  host: Namespace,
  file: string,
  config: object,
  options: RunOptions = {},
): Promise<Running> {
  await writeFile(file, JSON.stringify(config))
  // What it keeps beside: not where daemons of this machine do.
  const env = { RUNTIME_DIRECTORY: `${file}.run`, ...options.env }
  return host.spawn(process.execPath, [MULTIPATHD, '-config', file], { ...options, env })
}

/** Starts a daemon in a namespace and waits until it runs. */
export async function startDaemon(host: Namespace, file: string, config: object): Promise<Daemon> {
  const daemon = new Daemon(await spawnDaemon(host, file, config))
  await daemon.says(/^server listens|^client has/)
  return daemon
}

/** What a daemon that was stopped had counted. */
export function statsOf(daemon: Daemon): TunnelStats {
  const last = daemon.said().findLast(({ message }) => message.startsWith('stopping: '))
  if (last === undefined) throw new Error('the daemon did not say its counts: stop it first')
  return last.fields['stats'] as TunnelStats
}
