import type { Refusal, Schedulable, Scheduler } from '@mp/interface'

/** The simplest {@link Scheduler}: every charge moves its path to the end of the line. Weights are ignored. */
export function roundRobin<P extends Schedulable>(): Scheduler<P> {
  return new RoundRobin<P>()
}

class RoundRobin<P extends Schedulable> implements Scheduler<P> {
  readonly refusal: Refusal = 'no-path'
  readonly #line: P[] = []
  readonly #suspended = new Set<P>()

  add(path: P): void {
    checkWeight(path.weight)
    if ([...this.#line, ...this.#suspended].some(({ id }) => id === path.id)) {
      throw new RangeError(`there is a path "${path.id}" already`)
    }
    this.#line.push(path)
  }

  remove(path: P): boolean {
    return this.#leave(path) || this.#suspended.delete(path)
  }

  suspend(path: P): boolean {
    if (!this.#leave(path)) return false
    this.#suspended.add(path)
    return true
  }

  resume(path: P): boolean {
    if (!this.#suspended.delete(path)) return false
    this.#line.push(path)
    return true
  }

  setWeight(path: P, weight: number): boolean {
    checkWeight(weight)
    return this.#line.includes(path) || this.#suspended.has(path)
  }

  observe(path: P): boolean {
    return this.#line.includes(path) || this.#suspended.has(path)
  }

  peek(): P | undefined {
    return this.#line[0]
  }

  copies(): number {
    return 0
  }

  charge(path: P): void {
    if (this.#leave(path)) this.#line.push(path)
  }

  #leave(path: P): boolean {
    const at = this.#line.indexOf(path)
    if (at >= 0) this.#line.splice(at, 1)
    return at >= 0
  }
}

function checkWeight(weight: number): void {
  if (!(weight > 0 && weight < Infinity)) throw new RangeError(`weight must be finite and > 0, got ${weight}`)
}
