import type { Wakeable } from './driver.ts'

/** A place in the heap: when to look at a machine. Without one it is out of date and passed over. */
interface Appointment {
  readonly dueMs: number
  machine: Wakeable | undefined
}

/**
 * Wakes many machines of which few are ever due, such as the sessions of a server. A {@link Driver} asks each of its
 * machines after every batch when it wants to be woken; these are asked only when they say that something happened.
 */
export class Upkeep implements Wakeable {
  /** The next appointment of each machine. It is never too late; one that is too early does no harm. */
  readonly #next = new Map<Wakeable, Appointment>()
  /** A binary heap, the earliest first. */
  readonly #heap: Appointment[] = []

  /** `machine` is new here, or may want to be woken earlier than before. */
  update(machine: Wakeable): void {
    const dueMs = machine.pollTimeout()
    const known = this.#next.get(machine)
    if (known !== undefined && known.dueMs <= dueMs) return
    if (known !== undefined) known.machine = undefined
    const next = { dueMs, machine }
    this.#next.set(machine, next)
    if (dueMs < Infinity) this.#push(next)
  }

  remove(machine: Wakeable): void {
    const known = this.#next.get(machine)
    if (known !== undefined) known.machine = undefined
    this.#next.delete(machine)
  }

  pollTimeout(): number {
    while (this.#heap.length > 0 && this.#heap[0]!.machine === undefined) this.#pop()
    return this.#heap[0]?.dueMs ?? Infinity
  }

  handleTimeout(nowMs: number): void {
    const due: Wakeable[] = []
    while (this.pollTimeout() <= nowMs) due.push(this.#pop().machine!)
    for (const machine of due) {
      // Waking one may have ended another.
      if (!this.#next.has(machine)) continue
      machine.handleTimeout(nowMs)
      if (this.#next.delete(machine)) this.update(machine)
    }
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.dueMs <= appointment.dueMs) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = appointment
  }

  #pop(): Appointment {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) this.#sink(last)
    return first
  }

  /** Puts `appointment` in the place of the first one. */
  #sink(appointment: Appointment): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.dueMs < heap[child]!.dueMs) child++
      if (heap[child]!.dueMs >= appointment.dueMs) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = appointment
  }
}
