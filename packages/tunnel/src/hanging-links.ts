import type { Wakeable } from './driver.ts'
import type { TunnelPath } from './path.ts'

/** A connection whose path has been lost for this long is given up, ms. Short outages cost no new connection. */
const HANG_MS = 3000

/**
 * Finds TCP connections that hang. The waits between the retries of TCP double: after a line was away for a minute
 * they may go on for another one, while a new connection gets through within seconds. UDP has no such memory.
 */
export class HangingLinks implements Wakeable {
  readonly #giveUp: (path: TunnelPath) => void
  /** When to give up the connections of paths that are lost now. */
  readonly #dueMs = new Map<TunnelPath, number>()
  #nextMs = Infinity

  /** `giveUp` closes the link of a path. */
  constructor(giveUp: (path: TunnelPath) => void) {
    this.#giveUp = giveUp
  }

  /** The health or the link of a path may have changed. */
  update(paths: Iterable<TunnelPath>, nowMs: number): void {
    this.#nextMs = Infinity
    for (const path of paths) {
      if (path.link?.transport !== 'tcp' || path.prober.state !== 'lost') {
        this.#dueMs.delete(path)
        continue
      }
      const dueMs = this.#dueMs.get(path) ?? nowMs + HANG_MS
      this.#dueMs.set(path, dueMs)
      this.#nextMs = Math.min(this.#nextMs, dueMs)
    }
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  /** Giving up a link changes its path, of which {@link update} is told. */
  handleTimeout(nowMs: number): void {
    for (const [path, dueMs] of [...this.#dueMs]) if (dueMs <= nowMs) this.#giveUp(path)
  }
}
