import type { Runtime, Timer } from '@mp/interface'

/** What a driver wakes: the timing half of a `Machine`. */
export interface Wakeable {
  pollTimeout(): number
  handleTimeout(nowMs: number): void
}

/**
 * Gives many machines one timer. The only place where the tunnel waits for a time: whoever changes a machine calls
 * {@link rearm} when done, or, where it is known which one wants what, {@link wakeBy}.
 */
export class Driver {
  readonly #runtime: Runtime
  readonly #machines = new Set<Wakeable>()
  #timer: Timer | undefined
  #armedMs = Infinity

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  add(machine: Wakeable): void {
    this.#machines.add(machine)
    this.rearm()
  }

  remove(machine: Wakeable): void {
    this.#machines.delete(machine)
  }

  /** Any of the machines may want to be woken earlier than before. */
  rearm(): void {
    let dueMs = Infinity
    for (const machine of this.#machines) dueMs = Math.min(dueMs, machine.pollTimeout())
    this.wakeBy(dueMs)
  }

  /** One of the machines wants to be woken at `dueMs`. A timer that is armed earlier stays: it looks again when it fires. */
  wakeBy(dueMs: number): void {
    if (dueMs >= this.#armedMs) return
    this.#timer?.cancel()
    this.#armedMs = dueMs
    this.#timer = this.#runtime.setTimer(dueMs, () => this.#wake())
  }

  close(): void {
    this.#machines.clear()
    this.#timer?.cancel()
    this.#armedMs = Infinity
  }

  #wake(): void {
    this.#armedMs = Infinity
    const nowMs = this.#runtime.nowMs()
    for (const machine of this.#machines) {
      if (machine.pollTimeout() <= nowMs) machine.handleTimeout(nowMs)
    }
    this.rearm()
  }
}
