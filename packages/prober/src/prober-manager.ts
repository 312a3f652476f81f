import type { Machine } from '@mp/interface'
import { TimerWheel } from './timer-wheel.ts'
import type { Probe, ProberEvent } from './types.ts'

/** What {@link ProberManager} drives: a prober, or anything that behaves like one. */
export type ProbeMachine = Machine<Probe, ProberEvent>

/** Callbacks of a {@link ProberManager}; they may call back into it. Called after the state has changed. */
export interface ProberManagerOptions<K> {
  /** Send `probe` over the path `key`. The object is used again: take the nonce from it before returning. */
  readonly onTransmit: (key: K, probe: Probe) => void
  /** The path `key` changed its state. */
  readonly onEvent: (key: K, event: ProberEvent) => void
  /** One of the other callbacks threw `error`. Default: it is only counted. */
  readonly onError?: (key: K, error: unknown) => void
}

/**
 * Drives thousands of probers with one timer: their deadlines lie on a hashed timing wheel of 10 ms ticks, so
 * setting one anew costs the same for ten probers and ten thousand.
 *
 * A prober in it is woken by the manager. After any other call that changes it (`handleReply`, `handleUnreachable`, …)
 * say {@link update}. Of `handleAlive` and `handleActivity` only the first after a pause in traffic and those on a lost
 * path need it: the others make nothing due earlier.
 */
export class ProberManager<K> {
  readonly #options: ProberManagerOptions<K>
  readonly #wheel: TimerWheel = new TimerWheel()
  readonly #ids = new Map<K, number>()
  readonly #keys: (K | undefined)[] = []
  readonly #probers: (ProbeMachine | undefined)[] = []
  readonly #freeIds: number[] = []
  #callbackErrors = 0

  constructor(options: ProberManagerOptions<K>) {
    this.#options = options
  }

  /** Probers in the manager. */
  get size(): number {
    return this.#ids.size
  }

  /** Exceptions out of callbacks so far. */
  get callbackErrors(): number {
    return this.#callbackErrors
  }

  /** Takes in `prober`, started or not, and sends its first probe if it is due. Throws RangeError for a key in use. */
  add(key: K, prober: ProbeMachine, nowMs: number): void {
    if (this.#ids.has(key))
      throw new RangeError(`a prober with the key ${String(key)} is there already: remove it first`)
    const id = this.#freeIds.pop() ?? this.#probers.length
    this.#ids.set(key, id)
    this.#keys[id] = key
    this.#probers[id] = prober
    this.#wheel.turn(nowMs)
    this.#serve(id, nowMs)
  }

  /** Forgets a prober; no callback for it follows. False when there is none with that key. */
  remove(key: K): boolean {
    const id = this.#ids.get(key)
    if (id === undefined) return false
    this.#ids.delete(key)
    this.#keys[id] = this.#probers[id] = undefined
    this.#wheel.cancel(id)
    this.#freeIds.push(id)
    return true
  }

  /** The prober `key` was told something: takes out what it has to send and to say, and sets its timer anew. */
  update(key: K, nowMs: number): boolean {
    const id = this.#ids.get(key)
    if (id === undefined) return false
    this.#serve(id, nowMs)
    return true
  }

  /** When to call {@link handleTimeout} next, ms; `Infinity` = never. */
  pollTimeout(): number {
    return this.#wheel.pollTimeout()
  }

  /** Wakes the probers whose time has come. */
  handleTimeout(nowMs: number): void {
    this.#wheel.turn(nowMs)
    for (let id = this.#wheel.takeDue(); id >= 0; id = this.#wheel.takeDue()) {
      this.#probers[id]?.handleTimeout(nowMs)
      this.#serve(id, nowMs)
    }
  }

  /**
   * Drains a prober and sets its timer. A callback may remove the prober meanwhile and its id go to another; the
   * timer is set even when the prober's own source of nonces throws.
   */
  #serve(id: number, nowMs: number): void {
    const prober = this.#probers[id]
    const key = this.#keys[id] as K
    if (prober === undefined) return
    try {
      while (this.#probers[id] === prober && this.#drainOne(key, prober, nowMs));
    } finally {
      if (this.#probers[id] === prober) this.#wheel.set(id, prober.pollTimeout())
    }
  }

  /** Hands on one probe or event; false when there is none. */
  #drainOne(key: K, prober: ProbeMachine, nowMs: number): boolean {
    const probe = prober.pollTransmit(nowMs)
    if (probe !== undefined) {
      this.#call(this.#options.onTransmit, key, probe)
      return true
    }
    const event = prober.pollEvent()
    if (event !== undefined) this.#call(this.#options.onEvent, key, event)
    return event !== undefined
  }

  #call<T>(callback: (key: K, value: T) => void, key: K, value: T): void {
    try {
      callback(key, value)
    } catch (error) {
      this.#callbackErrors++
      this.#report(key, error)
    }
  }

  #report(key: K, error: unknown): void {
    try {
      this.#options.onError?.(key, error)
    } catch {
      this.#callbackErrors++
    }
  }
}
