import type { Wakeable } from './driver.ts'

/** How often the machines are looked at, ms. What they wait for takes seconds to minutes, and may be late by this. */
const TICK_MS = 500

/**
 * Wakes what sessions consist of, of which a server may have thousands: keys that age, packets that wait for their
 * pieces. A {@link Driver} asks its machines after each batch when they want to be woken; these are asked twice a
 * second, all at once.
 */
export class Upkeep implements Wakeable {
  readonly #machines = new Set<Wakeable>()
  #tickMs = Infinity

  add(machine: Wakeable, nowMs: number): void {
    this.#machines.add(machine)
    if (this.#tickMs === Infinity) this.#tickMs = nowMs + TICK_MS
  }

  remove(machine: Wakeable): void {
    this.#machines.delete(machine)
    if (this.#machines.size === 0) this.#tickMs = Infinity
  }

  pollTimeout(): number {
    return this.#tickMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#tickMs) return
    this.#tickMs = nowMs + TICK_MS
    for (const machine of this.#machines) {
      if (machine.pollTimeout() <= nowMs) machine.handleTimeout(nowMs)
    }
  }
}
