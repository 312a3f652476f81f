import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Upkeep } from '../src/upkeep.ts'

/** A machine that wants what it is told to, and wakes are written down by number. */
class Sleeper {
  readonly number: number
  readonly #wakes: number[]
  dueMs = Infinity

  constructor(number: number, wakes: number[]) {
    this.number = number
    this.#wakes = wakes
  }

  pollTimeout(): number {
    return this.dueMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.dueMs) return
    this.dueMs = Infinity
    this.#wakes.push(this.number)
  }
}

const MACHINES = 6
const machine = fc.nat({ max: MACHINES - 1 })

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('wish' as const), machine, dueMs: fc.nat({ max: 50 }) }),
    fc.record({ do: fc.constant('forget' as const), machine }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 20 }) }),
  ),
  { maxLength: 60 },
)
type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never

/** Who was woken in each round, who was due, and whether there was a moment at which the next wake was set too late. */
function play(run: Steps) {
  const wakes: number[] = []
  const upkeep = new Upkeep()
  const machines = Array.from({ length: MACHINES }, (_each, number) => new Sleeper(number, wakes))
  const known = new Set<Sleeper>()
  const rounds: { readonly woken: Set<number>; readonly times: number; readonly due: Set<number> }[] = []
  let nowMs = 0
  let isLate = false
  for (const step of run) {
    if (step.do === 'wish') {
      const sleeper = machines[step.machine]!
      sleeper.dueMs = nowMs + step.dueMs
      known.add(sleeper)
      upkeep.update(sleeper)
    } else if (step.do === 'forget') {
      known.delete(machines[step.machine]!)
      upkeep.remove(machines[step.machine]!)
    } else {
      nowMs += step.ms
      const due = new Set([...known].filter(({ dueMs }) => dueMs <= nowMs).map(({ number }) => number))
      upkeep.handleTimeout(nowMs)
      rounds.push({ woken: new Set(wakes), times: wakes.length, due })
      wakes.length = 0
    }
    isLate ||= upkeep.pollTimeout() > Math.min(...[...known].map(({ dueMs }) => dueMs))
  }
  for (const sleeper of known) upkeep.remove(sleeper)
  return { rounds, isLate, restMs: upkeep.pollTimeout() }
}

describe('upkeep', () => {
  test('wakes each machine at its time, whatever was wished before, as one does who asks all of them', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const { rounds, isLate, restMs } = play(run)
        expect(rounds.map(({ woken }) => woken)).toEqual(rounds.map(({ due }) => due))
        expect(rounds.map(({ times }) => times)).toEqual(rounds.map(({ due }) => due.size))
        expect(isLate).toBe(false)
        expect(restMs).toBe(Infinity)
      }),
    )
  })

  test('does not wake a machine that another one has removed in the same round', () => {
    const wakes: number[] = []
    const upkeep = new Upkeep()
    const victim = new Sleeper(2, wakes)
    const remover = {
      pollTimeout: () => (wakes.length === 0 ? 1 : Infinity),
      handleTimeout: () => {
        wakes.push(1)
        upkeep.remove(victim)
      },
    }
    victim.dueMs = 2
    upkeep.update(remover)
    upkeep.update(victim)
    upkeep.handleTimeout(5)
    expect(wakes).toEqual([1])
    expect(upkeep.pollTimeout()).toBe(Infinity)
  })

  test('is asked once a round even by a machine that stays due', () => {
    let rounds = 0
    const upkeep = new Upkeep()
    upkeep.update({ pollTimeout: () => 0, handleTimeout: () => void rounds++ })
    upkeep.handleTimeout(1)
    expect(rounds).toBe(1)
    expect(upkeep.pollTimeout()).toBe(0)
  })
})
