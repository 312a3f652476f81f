import type { Runtime, Timer } from '@mp/interface'
import { EventHeap, type HeapEvent } from './event-heap.ts'
import { fillRandom, seededRandom, type Random } from './random.ts'

/** How a simulation begins. */
export interface SimRuntimeOptions {
  /** The same seed gives the same run. Default 1. */
  readonly seed?: number
  /** Time at the start, ms. Default 0. */
  readonly startMs?: number
  /** Most timers that may run before the runtime throws, so that an endless loop ends. Default 10 000 000. */
  readonly maxTimers?: number
}

/** A {@link Runtime} whose clock moves only when it is told to. */
export interface SimRuntime extends Runtime {
  /** Uniform in [0, 1), from the seed. */
  readonly random: Random
  /** Timers that wait now. */
  readonly pendingTimers: number
  /** When the next timer runs, ms; `Infinity` = there is none. */
  pollTimeout(): number
  /**
   * Runs every timer due up to `atMs` in the order of time, equal times in the order they were set, and leaves
   * the clock at `atMs`. Promises are not waited for: see {@link SimRuntime.advance}.
   * Throws RangeError for a time in the past, Error when called from a timer or after `maxTimers`.
   */
  runUntil(atMs: number): void
  /** {@link SimRuntime.runUntil} counted from now. */
  runFor(ms: number): void
  /**
   * Runs timers until none is left, but not past `limitMs` from now (default: no limit).
   * @returns whether none is left.
   */
  runUntilIdle(limitMs?: number): boolean
  /** {@link SimRuntime.runFor} that lets promises go on before the first timer and after each. */
  advance(ms: number): Promise<void>
  /** Lets promises that wait for nothing but other promises go on. Time stands still. */
  settle(): Promise<void>
}

/**
 * A world without clock, threads and chance: an hour takes as long as its events take to compute.
 * Throws RangeError for options out of range.
 */
export function simRuntime(options: SimRuntimeOptions = {}): SimRuntime {
  return new Simulation(options)
}

class SimTimer implements HeapEvent, Timer {
  readonly #heap: EventHeap<SimTimer>
  readonly fn: () => void
  atMs: number
  order: number
  index = -1

  constructor(
    heap: EventHeap<SimTimer>,
    when: { readonly atMs: number; readonly order: number },
    fn: () => void,
  ) {
    this.#heap = heap
    this.atMs = when.atMs
    this.order = when.order
    this.fn = fn
  }

  cancel(): void {
    this.#heap.remove(this)
  }
}

/** Promises that hang on each other this deep are through after one {@link SimRuntime.settle}. */
const SETTLE_TURNS = 32

class Simulation implements SimRuntime {
  readonly random: Random
  readonly #timers = new EventHeap<SimTimer>()
  readonly #maxTimers: number
  #nowMs: number
  #timersSet = 0
  #timersRun = 0
  #running = false

  constructor({ seed = 1, startMs = 0, maxTimers = 10_000_000 }: SimRuntimeOptions) {
    if (!Number.isFinite(startMs)) throw new RangeError(`startMs must be finite, got ${startMs}`)
    if (!(maxTimers > 0)) throw new RangeError(`maxTimers must be > 0, got ${maxTimers}`)
    this.random = seededRandom(seed)
    this.#nowMs = startMs
    this.#maxTimers = maxTimers
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(atMs: number, fn: () => void): Timer {
    if (Number.isNaN(atMs)) throw new RangeError('setTimer needs a time in ms, got NaN')
    const when = { atMs: Math.max(atMs, this.#nowMs), order: this.#timersSet++ }
    const timer = new SimTimer(this.#timers, when, fn)
    this.#timers.push(timer)
    return timer
  }

  randomBytes(into: Uint8Array): void {
    fillRandom(into, this.random)
  }

  pollTimeout(): number {
    return this.#timers.peek()?.atMs ?? Infinity
  }

  runUntil(atMs: number): void {
    this.#checkTarget(atMs)
    while (this.pollTimeout() <= atMs) this.#runNext()
    this.#nowMs = atMs
  }

  runFor(ms: number): void {
    this.runUntil(this.#nowMs + ms)
  }

  runUntilIdle(limitMs = Infinity): boolean {
    const untilMs = this.#nowMs + limitMs
    while (this.pollTimeout() <= untilMs && this.pollTimeout() < Infinity) this.#runNext()
    return this.#timers.size === 0
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    this.#checkTarget(untilMs)
    await this.settle()
    while (this.pollTimeout() <= untilMs) {
      this.#runNext()
      // Each timer must see what the promises before it did.
      await this.settle()
    }
    this.#nowMs = untilMs
  }

  async settle(): Promise<void> {
    // Each turn runs what the turn before made ready.
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await Promise.resolve()
  }

  #runNext(): void {
    if (this.#running) throw new Error('the simulation runs already: a timer cannot move the clock')
    if (this.#timersRun++ >= this.#maxTimers) throw new Error(this.#endlessText())
    const timer = this.#timers.pop() as SimTimer
    this.#nowMs = timer.atMs
    this.#running = true
    try {
      timer.fn()
    } finally {
      this.#running = false
    }
  }

  #checkTarget(atMs: number): void {
    if (!(atMs >= this.#nowMs && atMs < Infinity)) {
      throw new RangeError(`the clock stands at ${this.#nowMs} ms and cannot be moved to ${atMs} ms`)
    }
  }

  #endlessText(): string {
    return (
      `${this.#maxTimers} timers have run and the clock stands at ${this.#nowMs} ms: ` +
      'something arms a timer without end; if not, raise maxTimers'
    )
  }
}
