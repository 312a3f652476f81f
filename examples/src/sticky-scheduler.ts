/**
 * A scheduler of one's own: every flow stays on one line, so that nothing is ever reordered, and flows are spread over
 * the lines by weight. A line that fails gives its flows to the others; theirs stay where they are.
 *
 * How: rendezvous hashing (Thaler and Ravishankar, 1998), weighted. Each line draws a number for the flow, the best one
 * wins, and nothing has to be remembered.
 */
import type { PickRequest, Refusal, Schedulable, Scheduler } from '@mp/interface'

export class StickyScheduler<P extends Schedulable> implements Scheduler<P> {
  readonly refusal: Refusal = 'no-path'
  readonly #known = new Map<P, { weight: number; readonly seed: number; isRunnable: boolean }>()

  add(path: P): void {
    checkWeight(path.weight)
    for (const { id } of this.#known.keys())
      if (id === path.id) throw new RangeError(`there is a path "${id}" already`)
    this.#known.set(path, { weight: path.weight, seed: seedOf(path.id), isRunnable: true })
  }

  remove(path: P): boolean {
    return this.#known.delete(path)
  }

  suspend(path: P): boolean {
    return this.#switch(path, false)
  }

  resume(path: P): boolean {
    return this.#switch(path, true)
  }

  setWeight(path: P, weight: number): boolean {
    checkWeight(weight)
    const entry = this.#known.get(path)
    if (entry !== undefined) entry.weight = weight
    return entry !== undefined
  }

  /** What a path is like does not matter here. */
  observe(path: P): boolean {
    return this.#known.has(path)
  }

  peek({ flow }: Readonly<PickRequest>): P | undefined {
    let best: P | undefined
    let bestScore = -1
    for (const [path, { weight, seed, isRunnable }] of this.#known) {
      if (!isRunnable) continue
      const score = -weight / Math.log(draw(flow ^ seed))
      if (score > bestScore) [best, bestScore] = [path, score]
    }
    return best
  }

  copies(): number {
    return 0
  }

  /** Where a flow goes does not depend on what was sent. */
  charge(): void {}

  #switch(path: P, isRunnable: boolean): boolean {
    const entry = this.#known.get(path)
    if (entry === undefined || entry.isRunnable === isRunnable) return false
    entry.isRunnable = isRunnable
    return true
  }
}

function checkWeight(weight: number): void {
  if (!(weight > 0 && weight < Infinity)) throw new RangeError(`weight must be finite and > 0, got ${weight}`)
}

/** A number between 0 and 1, without both, that is always the same for `value`: the finalizer of MurmurHash3. */
function draw(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32
}

/** FNV-1a of the id. */
function seedOf(id: string | number): number {
  let seed = 0x811c9dc5
  for (const character of String(id)) seed = Math.imul(seed ^ character.codePointAt(0)!, 0x01000193)
  return seed
}

/** Sends one packet of each of 8000 flows, and says what each line got. */
export function main(): string {
  const lines = [
    { id: 'dsl', weight: 1 },
    { id: 'fibre', weight: 3 },
  ]
  const scheduler = new StickyScheduler<Schedulable>()
  for (const line of lines) scheduler.add(line)
  const flows = new Map(lines.map((line) => [line as Schedulable, 0]))
  for (let flow = 0; flow < 8000; flow++) {
    const path = scheduler.peek({ flow, lengthBytes: 1200, nowMs: 0, trafficClass: 0 })
    if (path !== undefined) flows.set(path, flows.get(path)! + 1)
  }
  return [...flows].map(([{ id, weight }, count]) => `${id}  weight ${weight}  ${count} flows`).join('\n')
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${main()}\n`)
