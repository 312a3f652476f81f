import type { LinkState } from './connect.ts'
import { History } from './history.ts'
import type { LoggedEvent, Moment, Snapshot } from './types.ts'

/** Everything the page shows. */
export interface State {
  readonly link: LinkState
  readonly snapshot: Snapshot | undefined
  readonly history: History
  /** The last ones, the newest first. */
  readonly events: readonly LoggedEvent[]
}

/** Most events that are kept. */
const MAX_EVENTS = 200

/** Holds the state and tells one listener of each change. Events of an earlier run of the daemon are kept: they happened. */
export class Store {
  #state: State = { link: 'connecting', snapshot: undefined, history: new History(), events: [] }
  #listener: () => void = () => {}

  get state(): State {
    return this.#state
  }

  subscribe(listener: () => void): void {
    this.#listener = listener
  }

  onLink(link: LinkState): void {
    if (link !== this.#state.link) this.#set({ link })
  }

  /** Shown with the snapshot that follows. */
  onMoments(moments: readonly Moment[]): void {
    this.#state.history.fill(moments)
  }

  onSnapshot(snapshot: Snapshot): void {
    this.#state.history.add(snapshot)
    this.#set({ snapshot })
  }

  onEvents(events: readonly LoggedEvent[]): void {
    const known = new Set(this.#state.events.map(keyOf))
    this.#set({
      events: withNew(
        this.#state.events,
        events.filter((event) => !known.has(keyOf(event))),
      ),
    })
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change }
    this.#listener()
  }
}

/** Numbers begin anew with the daemon; times go on. */
export const keyOf = ({ at, number }: LoggedEvent): string => `${at} ${number}`

function withNew(events: readonly LoggedEvent[], added: readonly LoggedEvent[]): readonly LoggedEvent[] {
  if (added.length === 0) return events
  const all = [...added.toReversed(), ...events]
  return all.toSorted((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MAX_EVENTS)
}
