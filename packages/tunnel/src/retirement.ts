import type { PathManager } from '@mp/path-manager'
import type { Wakeable } from './driver.ts'
import { isReplaceable } from './path-gate.ts'
import type { TunnelPath } from './path.ts'

/** Another path has this long to work before one that is to go stops carrying data, ms. */
const PATIENCE_MS = 10_000
/** How often it is looked whether one does, ms. */
const LOOK_MS = 50
/** From the last data on a path to its end, ms: what is under way arrives, and the peer has heard that it is to send no more. */
const DRAIN_MS = 1000

export interface RetirementOptions {
  readonly paths: PathManager<TunnelPath>
  /** The path is to carry nothing any more, at both ends. */
  readonly rest: (path: TunnelPath) => void
  readonly close: (path: TunnelPath) => void
}

/** Has paths go without losing a packet: first another one works, then nothing more is sent over them, then they end. */
export class Retirement implements Wakeable {
  readonly #options: RetirementOptions
  /** When a path is given up whatever happens, ms, and since when it rests. */
  readonly #leaving = new Map<TunnelPath, { readonly untilMs: number; restingMs: number }>()
  #nextMs = Infinity

  constructor(options: RetirementOptions) {
    this.#options = options
  }

  /** Paths that are to go. */
  get count(): number {
    return this.#leaving.size
  }

  has(path: TunnelPath): boolean {
    return this.#leaving.has(path)
  }

  begin(path: TunnelPath, nowMs: number): void {
    this.#leaving.set(path, { untilMs: nowMs + PATIENCE_MS, restingMs: Infinity })
    this.#nextMs = nowMs
  }

  /** The path is gone. */
  forget(path: TunnelPath): void {
    this.#leaving.delete(path)
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    const { paths, rest, close } = this.#options
    for (const [path, leaving] of this.#leaving) {
      if (path.prober.state === 'lost' || nowMs >= leaving.restingMs + DRAIN_MS) {
        close(path)
      } else if (leaving.restingMs === Infinity && (isReplaceable(path, paths) || nowMs >= leaving.untilMs)) {
        leaving.restingMs = nowMs
        rest(path)
      }
    }
    this.#nextMs = this.#leaving.size > 0 ? nowMs + LOOK_MS : Infinity
  }
}
