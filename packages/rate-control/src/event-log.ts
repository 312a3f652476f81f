import type { CapacityEvent } from './capacity-event.ts'

/** The last events, as many as there is room for; without room nothing is kept. */
export class EventLog {
  readonly #events: CapacityEvent[] = []
  readonly #capacity: number

  /** Throws RangeError unless `capacity` is an integer ≥ 0. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 0) {
      throw new RangeError(`maxEvents must be an integer from 0, not ${capacity}`)
    }
    this.#capacity = capacity
  }

  /** Whether making an event is worth while. */
  get enabled(): boolean {
    return this.#capacity > 0
  }

  push(event: CapacityEvent): void {
    if (this.#events.length === this.#capacity) this.#events.shift()
    this.#events.push(event)
  }

  shift(): CapacityEvent | undefined {
    return this.#events.shift()
  }
}
