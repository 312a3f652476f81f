/** What happened, for people and programs. */
export interface LoggedEvent {
  /** Counts on by one: who sees a gap has missed something. */
  readonly number: number
  /** ISO 8601. */
  readonly at: string
  /** Kind of event, such as `path-state`. */
  readonly type: string
  readonly level: 'info' | 'warn'
  /** In words. */
  readonly message: string
  /** What it is about: `peer`, `path`, `from`, `to`, `reason`, … */
  readonly fields: Readonly<Record<string, unknown>>
}

/** What {@link EventLog.add} does not know by itself. */
export type NewEvent = Omit<LoggedEvent, 'number' | 'at'>

const DEFAULT_CAPACITY = 1000
/** Events that come by themselves every few minutes, with each peer. */
export const ROUTINE = 'rekeyed'

/** The last events, for timelines, and who wants to hear of the next ones. */
export class EventLog {
  readonly #wallMs: () => number
  readonly #capacity: number
  readonly #events: LoggedEvent[] = []
  readonly #listeners = new Set<(event: LoggedEvent) => void>()
  #next = 1

  /** `wallMs` is the time of day, ms since 1970; at most `capacity` events are kept. */
  constructor(wallMs: () => number, capacity: number = DEFAULT_CAPACITY) {
    this.#wallMs = wallMs
    this.#capacity = capacity
  }

  add(event: NewEvent): void {
    const logged = { number: this.#next++, at: new Date(this.#wallMs()).toISOString(), ...event }
    if (this.#events.length === this.#capacity) this.#forgetOne()
    this.#events.push(logged)
    for (const listener of this.#listeners) listener(logged)
  }

  /** The oldest one, but first those of routine: with many peers they would soon be all there is. */
  #forgetOne(): void {
    const routine = this.#events.findIndex(({ type }) => type === ROUTINE)
    this.#events.splice(Math.max(0, routine), 1)
  }

  /** The last `limit` events with a number above `after`, the oldest first. */
  recent({
    limit = Infinity,
    after = 0,
  }: { readonly limit?: number; readonly after?: number } = {}): readonly LoggedEvent[] {
    const wanted = this.#events.filter(({ number }) => number > after)
    return wanted.slice(Math.max(0, wanted.length - limit))
  }

  /** Tells `listener` of every event from now on; what is returned ends it. */
  subscribe(listener: (event: LoggedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
