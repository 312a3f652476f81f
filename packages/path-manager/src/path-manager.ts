import { EventQueue } from './event-queue.ts'
import type { PathEvent, PathListener, PathState } from './path-event.ts'

/** Why a move was refused. Nothing has changed then, and no event was sent. */
export type PathRefusal =
  /** `append` of an id that is in use. */
  | 'duplicate-id'
  /** `append` beyond `maxPaths`. */
  | 'too-many-paths'
  /** A move of a path that was never appended or is removed. */
  | 'unknown-id'
  | 'already-suspended'
  | 'already-active'
  /** Listeners answered the events of one call with more than 1024 moves: two of them probably fight. */
  | 'event-storm'

/** Bounds of a path manager, and who hears of faults. */
export interface PathManagerOptions<P> {
  /** Most paths at a time, a whole number > 0. Default 32. */
  readonly maxPaths?: number
  /** Told what a listener threw, and at which event. What it throws itself is only counted. */
  readonly onError?: (error: unknown, event: PathEvent<P>) => void
}

/** How a path begins. */
export interface AppendOptions {
  /** Start suspended, for instance until the path has been probed. Default false. */
  readonly suspended?: boolean
  /** Passed on in the event. */
  readonly reason?: string
}

/** Paths now, and counters since the manager was made. */
export interface PathManagerStats {
  readonly active: number
  readonly suspended: number
  /** Refused moves by reason. */
  readonly refused: Readonly<Record<PathRefusal, number>>
  /** Errors thrown by listeners and by `onError`. */
  readonly listenerErrors: number
}

interface Entry<P> {
  readonly path: P
  state: PathState
}

/**
 * The paths of one session and whether each may carry packets.
 *
 * Every move either happens, and then all listeners are told, or is refused: it answers false, is counted by reason in
 * {@link stats} and changes nothing. No move throws, whatever the listeners do.
 *
 * **Order.** Listeners are told after the state has changed, in the order they subscribed. They may move paths: such a
 * move acts at once, and its event follows when the one at hand has reached every listener. So each listener sees all
 * events in the order of the moves, while the manager may be some moves ahead of the event at hand. A listener gets the
 * events of all moves made after it subscribed, of no move made before, and none after it unsubscribed.
 */
export class PathManager<P extends { readonly id: string | number }> {
  readonly #entries = new Map<P['id'], Entry<P>>()
  #list: readonly P[] = []
  readonly #events: EventQueue<P>
  readonly #maxPaths: number
  readonly #onError: ((error: unknown, event: PathEvent<P>) => void) | undefined
  readonly #refused: Record<PathRefusal, number> = {
    'duplicate-id': 0,
    'too-many-paths': 0,
    'unknown-id': 0,
    'already-suspended': 0,
    'already-active': 0,
    'event-storm': 0,
  }
  #listenerErrors = 0

  /** Throws RangeError for a `maxPaths` that is not a whole number > 0. */
  constructor(options: PathManagerOptions<P> = {}) {
    this.#maxPaths = options.maxPaths ?? 32
    if (!(Number.isSafeInteger(this.#maxPaths) && this.#maxPaths > 0)) {
      throw new RangeError(`expected maxPaths to be a whole number > 0, found ${this.#maxPaths}`)
    }
    this.#onError = options.onError
    this.#events = new EventQueue((error, event) => this.#report(error, event))
  }

  /** Paths known now. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * All paths in the order they were appended, in whatever state: for the packet path, where going through the manager
   * itself would make an iterator each time. Another array once a path came or went.
   */
  get list(): readonly P[] {
    return this.#list
  }

  /** Makes `path` known, active unless told otherwise. False when its id is in use or there are `maxPaths` already. */
  append(path: P, options: AppendOptions = {}): boolean {
    if (this.#entries.has(path.id)) return this.#refuse('duplicate-id')
    if (this.#entries.size >= this.#maxPaths) return this.#refuse('too-many-paths')
    if (this.#events.full) return this.#refuse('event-storm')
    const state = options.suspended ? 'suspended' : 'active'
    this.#entries.set(path.id, { path, state })
    this.#list = [...this]
    this.#events.push({ type: 'append', path, state, reason: options.reason })
    return true
  }

  /** Takes a path out of use for now. False when it is unknown or suspended already. */
  suspend(id: P['id'], reason?: string): boolean {
    return this.#change(id, 'suspended', reason)
  }

  /** Puts a path back into use. False when it is unknown or active already. */
  resume(id: P['id'], reason?: string): boolean {
    return this.#change(id, 'active', reason)
  }

  /** Forgets a path for good, in whatever state. False when it is unknown. */
  remove(id: P['id'], reason?: string): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return this.#refuse('unknown-id')
    if (this.#events.full) return this.#refuse('event-storm')
    this.#entries.delete(id)
    this.#list = [...this]
    this.#events.push({ type: 'remove', path: entry.path, reason })
    return true
  }

  get(id: P['id']): P | undefined {
    return this.#entries.get(id)?.path
  }

  /** The state of a path; undefined when it is unknown. */
  state(id: P['id']): PathState | undefined {
    return this.#entries.get(id)?.state
  }

  /** All paths in the order they were appended, in whatever state. */
  *[Symbol.iterator](): Generator<P, void, undefined> {
    for (const entry of this.#entries.values()) yield entry.path
  }

  /** Tells `listener` of every move from now on. Returns the function that ends it, which may be called again. */
  subscribe(listener: PathListener<P>): () => void {
    return this.#events.subscribe(listener)
  }

  stats(): PathManagerStats {
    let active = 0
    for (const entry of this.#entries.values()) if (entry.state === 'active') active++
    return {
      active,
      suspended: this.#entries.size - active,
      refused: { ...this.#refused },
      listenerErrors: this.#listenerErrors,
    }
  }

  #change(id: P['id'], state: PathState, reason: string | undefined): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return this.#refuse('unknown-id')
    if (entry.state === state) return this.#refuse(`already-${state}`)
    if (this.#events.full) return this.#refuse('event-storm')
    entry.state = state
    this.#events.push({ type: state === 'active' ? 'resume' : 'suspend', path: entry.path, reason })
    return true
  }

  #refuse(why: PathRefusal): false {
    this.#refused[why]++
    return false
  }

  #report(error: unknown, event: PathEvent<P>): void {
    this.#listenerErrors++
    try {
      this.#onError?.(error, event)
    } catch {
      this.#listenerErrors++
    }
  }
}
