import type { Link } from '@mp/interface'
import type { Wakeable } from './driver.ts'
import type { TunnelPath } from './path.ts'

/** A connection whose path has been lost for this long is given up, ms. Short outages cost no new connection. */
const FIRST_PATIENCE_MS = 3000
/** Patience with connections that follow while the path stays lost, ms, and the factor from one to the next. */
const LAST_PATIENCE_MS = 60_000
const FACTOR = 2

/** The connection of a lost path. */
interface Suspect {
  link: Link | undefined
  patienceMs: number
  dueMs: number
}

/**
 * Finds TCP connections that hang. The waits between the retries of TCP double: after a line was away for a minute
 * they may go on for another one, while a new connection gets through within seconds. UDP has no such memory.
 */
export class HangingLinks implements Wakeable {
  readonly #giveUp: (path: TunnelPath) => void
  readonly #suspects = new Map<TunnelPath, Suspect>()
  #nextMs = Infinity

  /** `giveUp` closes the link of a path. */
  constructor(giveUp: (path: TunnelPath) => void) {
    this.#giveUp = giveUp
  }

  /** The health or the link of a path may have changed. */
  update(paths: Iterable<TunnelPath>, nowMs: number): void {
    for (const path of paths) this.#look(path, nowMs)
    this.#findNext()
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    for (const [path, suspect] of this.#suspects) {
      if (suspect.dueMs > nowMs) continue
      suspect.dueMs = Infinity
      suspect.patienceMs = Math.min(LAST_PATIENCE_MS, suspect.patienceMs * FACTOR)
      this.#giveUp(path)
    }
    this.#findNext()
  }

  #look(path: TunnelPath, nowMs: number): void {
    if (path.prober.state !== 'lost') {
      this.#suspects.delete(path)
      return
    }
    const link = path.link?.transport === 'tcp' ? path.link : undefined
    const suspect = this.#suspects.get(path) ?? { link: undefined, patienceMs: FIRST_PATIENCE_MS, dueMs: 0 }
    this.#suspects.set(path, suspect)
    if (link !== undefined && link === suspect.link) return
    suspect.link = link
    suspect.dueMs = link === undefined ? Infinity : nowMs + suspect.patienceMs
  }

  #findNext(): void {
    this.#nextMs = Infinity
    for (const { dueMs } of this.#suspects.values()) this.#nextMs = Math.min(this.#nextMs, dueMs)
  }
}
