import type { Schedulable, Scheduler } from '@mp/interface'
import type { PathEvent, PathManager, PathState } from '@mp/path-manager'
import fc from 'fast-check'

export interface TestPath {
  readonly id: number
  readonly weight: number
}

export const makePath = (id: number): TestPath => ({ id, weight: 1 })

export type Move =
  | { readonly do: 'append'; readonly id: number; readonly suspended: boolean }
  | { readonly do: 'suspend' | 'resume' | 'remove'; readonly id: number }

/** Moves of paths 0 … 5, legal and illegal ones. */
export const anyMoves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('append' as const), id: fc.nat({ max: 5 }), suspended: fc.boolean() }),
    fc.record({ do: fc.constantFrom('suspend', 'resume', 'remove'), id: fc.nat({ max: 5 }) }),
  ),
  { maxLength: 60, size: 'max' },
)

export function move(paths: PathManager<TestPath>, what: Move): boolean {
  if (what.do === 'append') return paths.append(makePath(what.id), { suspended: what.suspended })
  return paths[what.do](what.id)
}

/** The states of paths, kept as plainly as possible: by hand for moves, or by listening to events. */
export class Model {
  readonly states = new Map<number, PathState>()
  readonly maxPaths: number

  constructor(maxPaths: number) {
    this.maxPaths = maxPaths
  }

  move(what: Move): boolean {
    const state = this.states.get(what.id)
    const legal =
      (what.do === 'append' && state === undefined && this.states.size < this.maxPaths) ||
      (what.do === 'suspend' && state === 'active') ||
      (what.do === 'resume' && state === 'suspended') ||
      (what.do === 'remove' && state !== undefined)
    if (legal && what.do === 'remove') this.states.delete(what.id)
    else if (legal && what.do === 'append') this.states.set(what.id, what.suspended ? 'suspended' : 'active')
    else if (legal) this.states.set(what.id, what.do === 'resume' ? 'active' : 'suspended')
    return legal
  }

  /** Fails for an event that does not follow from the ones before. */
  replay(event: PathEvent<TestPath>): void {
    const suspended = event.type === 'append' && event.state === 'suspended'
    const id = event.path.id
    const legal = this.move(
      event.type === 'append' ? { do: 'append', id, suspended } : { do: event.type, id },
    )
    if (!legal) throw new Error(`${event.type} of path ${id} does not follow from the events before`)
  }
}

/** What a manager says of its paths. */
export const statesOf = (paths: PathManager<TestPath>): Map<number, PathState> =>
  new Map(Array.from(paths, (path) => [path.id, paths.state(path.id)!]))

/** Remembers which paths are runnable, and insists on the contract. */
export class FakeScheduler<P extends Schedulable> implements Scheduler<P> {
  readonly refusal = 'no-path'
  readonly runnable = new Map<P, boolean>()

  add(path: P): void {
    const duplicate = [...this.runnable.keys()].some((known) => known.id === path.id)
    if (duplicate || !(path.weight > 0)) throw new RangeError('duplicate id or bad weight')
    this.runnable.set(path, true)
  }

  remove(path: P): boolean {
    return this.runnable.delete(path)
  }

  suspend(path: P): boolean {
    return this.switch(path, false)
  }

  resume(path: P): boolean {
    return this.switch(path, true)
  }

  setWeight(): boolean {
    return false
  }

  observe(): boolean {
    return false
  }

  copies(): number {
    return 0
  }

  peek(): P | undefined {
    return this.active()[0]
  }

  charge(): void {}

  active(): P[] {
    return [...this.runnable].filter(([, runnable]) => runnable).map(([path]) => path)
  }

  private switch(path: P, to: boolean): boolean {
    if (this.runnable.get(path) !== !to) return false
    this.runnable.set(path, to)
    return true
  }
}
