import type { PathManager } from '@mp/path-manager'
import type { TunnelPath } from './path.ts'

/** Frames come in trains of one path: it is looked up once per train. */
export class RecentPath {
  readonly #paths: PathManager<TunnelPath>
  #recent: TunnelPath | undefined

  constructor(paths: PathManager<TunnelPath>) {
    this.#paths = paths
  }

  /** The path with this id; undefined when there is none. */
  of(id: number): TunnelPath | undefined {
    if (this.#recent?.id !== id) this.#recent = this.#paths.get(id)
    return this.#recent
  }

  /** Paths may have come or gone. */
  forget(): void {
    this.#recent = undefined
  }
}
