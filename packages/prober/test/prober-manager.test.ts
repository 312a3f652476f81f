import { Prober, ProberManager } from '@mp/prober'
import type { Probe, ProbeMachine, ProberEvent } from '@mp/prober'
import { seededRandom } from '@mp/testkit'
import { describe, expect, test } from 'vitest'

/** A machine that sends at given times and notes when it was woken. */
class Clockwork implements ProbeMachine {
  readonly woken: number[] = []
  readonly #times: number[]
  /** Probes waiting to be sent. */
  backlog = 0

  constructor(...times: number[]) {
    this.#times = times
  }

  pollTimeout(): number {
    return this.#times[0] ?? Infinity
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.pollTimeout()) return
    this.woken.push(nowMs)
    this.#times.shift()
    this.backlog++
  }

  pollTransmit(): Probe | undefined {
    if (this.backlog === 0) return undefined
    this.backlog--
    return { nonce: 1 }
  }

  pollEvent(): ProberEvent | undefined {
    return undefined
  }
}

function turnUntil(manager: ProberManager<string>, untilMs: number): void {
  for (let nowMs = manager.pollTimeout(); nowMs <= untilMs; nowMs = manager.pollTimeout())
    manager.handleTimeout(nowMs)
}

describe('prober manager', () => {
  test('wakes each machine at its times, at most a tick late, near and far', () => {
    const machines = [new Clockwork(0, 15, 3000), new Clockwork(15, 25_000.5, 100_000), new Clockwork()]
    const manager = new ProberManager<string>({ onTransmit: () => {}, onEvent: () => {} })
    for (const [i, machine] of machines.entries()) manager.add(`m${i}`, machine, 0)
    turnUntil(manager, 200_000)
    expect(machines.map((machine) => machine.woken)).toEqual([[10, 20, 3000], [20, 25_010, 100_000], []])
    expect(manager.pollTimeout()).toBe(Infinity)
  })

  test('a thousand probers over lossy paths end in the states they end in alone', () => {
    const manager = new ProberManager<number>({
      onTransmit: (key, { nonce }) => {
        if (nonce % 50 !== 0 && key % 10 !== 0) replies.push({ key, nonce, atMs: nowMs + 20 + (key % 100) })
      },
      onEvent: (key, event) => states.set(key, event.to),
    })
    const replies: { key: number; nonce: number; atMs: number }[] = []
    const states = new Map<number, string>()
    const probers = Array.from({ length: 1000 }, (_, key) => {
      const random = seededRandom(key)
      return new Prober({ nextNonce: () => random() * 2 ** 32 })
    })
    let nowMs = 0
    for (const [key, prober] of probers.entries()) {
      prober.start(0)
      manager.add(key, prober, 0)
    }
    for (nowMs = 10; nowMs <= 15_000; nowMs += 10) {
      replies.sort((a, b) => a.atMs - b.atMs)
      while (replies[0] && replies[0].atMs <= nowMs) {
        const { key, nonce } = replies.shift()!
        probers[key]!.handleReply(nonce, nowMs)
        manager.update(key, nowMs)
      }
      manager.handleTimeout(nowMs)
    }
    for (const [key, prober] of probers.entries()) {
      expect(states.get(key)).toBe(prober.state)
      expect(prober.state === 'lost').toBe(key % 10 === 0)
    }
  })

  test('update hands out what a call made due and sets the timer anew', () => {
    const sent: number[] = []
    const seen: string[] = []
    const manager = new ProberManager<string>({
      onTransmit: (_, probe) => sent.push(probe.nonce),
      onEvent: (key, event) => seen.push(`${key} ${event.to}`),
    })
    let nonce = 0
    const prober = new Prober({ nextNonce: () => ++nonce })
    prober.start(0)
    manager.add('dsl', prober, 0)
    expect(sent).toEqual([1])
    prober.handleReply(1, 20)
    expect(manager.update('dsl', 20)).toBe(true)
    expect(seen).toEqual(['dsl normal'])
    prober.handleUnreachable(30)
    manager.update('dsl', 30)
    expect(seen).toEqual(['dsl normal', 'dsl lost'])
    expect(manager.pollTimeout()).toBe(530)
    expect(manager.update('lte', 30)).toBe(false)
  })

  test('callbacks that throw are counted and reported, and all others run', () => {
    const machines = Array.from({ length: 5 }, () => new Clockwork(10, 20))
    const reported: string[] = []
    const sent: string[] = []
    const manager = new ProberManager<string>({
      onTransmit: (key) => {
        if (key === 'm1' || key === 'm3') throw new Error('no route')
        sent.push(key)
      },
      onEvent: () => {},
      onError: (key, error) => {
        reported.push(`${key}: ${(error as Error).message}`)
        if (key === 'm3') throw new Error('and no log')
      },
    })
    for (const [i, machine] of machines.entries()) manager.add(`m${i}`, machine, 0)
    turnUntil(manager, 100)
    expect(sent).toEqual(['m0', 'm2', 'm4', 'm0', 'm2', 'm4'])
    expect(reported).toEqual(['m1: no route', 'm3: no route', 'm1: no route', 'm3: no route'])
    expect(manager.callbackErrors).toBe(6)
    for (const machine of machines) expect(machine.woken).toEqual([10, 20])
  })

  test('a source of nonces that throws stops nobody else', () => {
    const manager = new ProberManager<string>({ onTransmit: () => {}, onEvent: () => {} })
    let broken = false
    const prober = new Prober({
      nextNonce: () => {
        if (broken) throw new Error('no entropy')
        return 1
      },
    })
    const other = new Clockwork(500, 600)
    prober.start(0)
    manager.add('broken', prober, 0)
    manager.add('other', other, 0)
    broken = true
    expect(() => manager.handleTimeout(500)).toThrow('no entropy')
    expect(manager.pollTimeout()).toBeLessThanOrEqual(510)
    broken = false
    turnUntil(manager, 700)
    expect(other.woken).toEqual([500, 600])
    expect(prober.stats().sent).toBeGreaterThan(1)
  })

  test('a callback may remove its own prober and any other, and add a new one under the key', () => {
    const machines = Array.from({ length: 3 }, () => new Clockwork(10, 20, 30))
    const late = new Clockwork(20)
    const manager = new ProberManager<string>({
      onTransmit: (key) => {
        if (key !== 'm0') return
        manager.remove('m0')
        manager.remove('m2')
        manager.add('m2', late, 10)
      },
      onEvent: () => {},
    })
    for (const [i, machine] of machines.entries()) manager.add(`m${i}`, machine, 0)
    turnUntil(manager, 100)
    expect(machines.map((machine) => machine.woken)).toEqual([[10], [10, 20, 30], []])
    expect(late.woken).toEqual([20])
    expect(manager.size).toBe(2)
  })

  test('a prober that removes itself is heard no more, and its timer does not haunt the one that comes next', () => {
    const seen: string[] = []
    const first = new Clockwork(50)
    const next = new Clockwork(20)
    const manager = new ProberManager<string>({
      onTransmit: (key) => {
        seen.push(key)
        if (key !== 'first') return
        manager.remove('first')
        manager.add('next', next, 0)
      },
      onEvent: () => {},
    })
    first.backlog = 3
    manager.add('first', first, 0)
    turnUntil(manager, 100)
    expect(seen).toEqual(['first', 'next'])
    expect(next.woken).toEqual([20])
  })

  test('a key is in use once, and free again after removal', () => {
    const manager = new ProberManager<string>({ onTransmit: () => {}, onEvent: () => {} })
    manager.add('dsl', new Clockwork(10), 0)
    expect(() => manager.add('dsl', new Clockwork(), 0)).toThrow(RangeError)
    expect(manager.remove('dsl')).toBe(true)
    expect(manager.remove('dsl')).toBe(false)
    expect(manager.pollTimeout()).toBe(Infinity)
    manager.add('dsl', new Clockwork(), 0)
    expect(manager.size).toBe(1)
  })
})
