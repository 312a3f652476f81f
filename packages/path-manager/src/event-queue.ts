import type { PathEvent, PathListener } from './path-event.ts'

/** Most events of one delivery: a path manager's bound on listeners that answer every event with another move. */
const MAX_EVENTS = 1024

interface Subscription<P> {
  readonly listener: PathListener<P>
  /** Events queued before the subscription; it gets none of them. */
  readonly after: number
}

/**
 * Delivers events to listeners one after the other. An event pushed by a listener waits until the one at hand has
 * reached all listeners, so that all of them see all events in one order.
 */
export class EventQueue<P> {
  readonly #onError: (error: unknown, event: PathEvent<P>) => void
  readonly #subscriptions = new Set<Subscription<P>>()
  /** The events of the delivery under way, delivered ones included; empty when there is none. */
  readonly #events: PathEvent<P>[] = []
  #pushed = 0

  constructor(onError: (error: unknown, event: PathEvent<P>) => void) {
    this.#onError = onError
  }

  /** True when no more events may be pushed before the delivery under way has ended. */
  get full(): boolean {
    return this.#events.length >= MAX_EVENTS
  }

  subscribe(listener: PathListener<P>): () => void {
    const subscription = { listener, after: this.#pushed }
    this.#subscriptions.add(subscription)
    return () => void this.#subscriptions.delete(subscription)
  }

  /** Delivers `event`, now or by the delivery under way. */
  push(event: PathEvent<P>): void {
    this.#pushed++
    if (this.#events.push(event) === 1) this.#deliver()
  }

  #deliver(): void {
    let number = this.#pushed
    // Both loops see what is appended while they run, and the inner one skips what is deleted.
    for (const event of this.#events) {
      for (const { listener, after } of this.#subscriptions) {
        if (after < number) this.#call(listener, event)
      }
      number++
    }
    this.#events.length = 0
  }

  #call(listener: PathListener<P>, event: PathEvent<P>): void {
    try {
      listener(event)
    } catch (error) {
      this.#onError(error, event)
    }
  }
}
