import { PathManager } from '@mp/path-manager'
import type { PathEvent } from '@mp/path-manager'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyMoves, makePath, Model, move, statesOf } from './support.ts'
import type { TestPath } from './support.ts'

const MAX_PATHS = 4

const fail = (): never => {
  throw new Error('broken')
}

test('after any moves the states, the answers and the replayed events are those of the model', () => {
  fc.assert(
    fc.property(anyMoves, (moves) => {
      const paths = new PathManager<TestPath>({ maxPaths: MAX_PATHS })
      const model = new Model(MAX_PATHS)
      const replayed = new Model(MAX_PATHS)
      let events = 0
      paths.subscribe((event) => {
        events++
        replayed.replay(event)
        expect(paths.state(event.path.id)).toBe(replayed.states.get(event.path.id))
      })
      let legal = 0
      for (const what of moves) {
        const answer = move(paths, what)
        expect(answer).toBe(model.move(what))
        if (answer) legal++
        expect(events).toBe(legal)
        expect(statesOf(paths)).toEqual(model.states)
        expect(replayed.states).toEqual(model.states)
      }
      const { active, suspended, refused, listenerErrors } = paths.stats()
      expect(active + suspended).toBe(paths.size)
      expect(active).toBe([...model.states.values()].filter((state) => state === 'active').length)
      expect(Object.values(refused).reduce((sum, count) => sum + count)).toBe(moves.length - legal)
      expect(listenerErrors).toBe(0)
    }),
  )
})

test('events stay in the order of the moves when listeners move paths themselves', () => {
  fc.assert(
    fc.property(anyMoves, anyMoves, (moves, answers) => {
      const paths = new PathManager<TestPath>({ maxPaths: MAX_PATHS })
      const seen: PathEvent<TestPath>[][] = [[], [], []]
      const queued = [...answers]
      const listen = (own: PathEvent<TestPath>[]): void => {
        paths.subscribe((event) => {
          own.push(event)
          const answer = queued.pop()
          if (answer !== undefined) move(paths, answer)
        })
      }
      for (const own of seen) listen(own)
      for (const what of moves) move(paths, what)
      const replayed = new Model(MAX_PATHS)
      for (const event of seen[0]!) replayed.replay(event)
      expect(replayed.states).toEqual(statesOf(paths))
      expect(seen[1]).toEqual(seen[0])
      expect(seen[2]).toEqual(seen[0])
    }),
  )
})

describe('events', () => {
  test('say what happened to which path and why', () => {
    const paths = new PathManager<TestPath>()
    const events: PathEvent<TestPath>[] = []
    paths.subscribe((event) => events.push(event))
    const [a, b] = [makePath(1), makePath(2)]
    paths.append(a)
    paths.append(b, { suspended: true, reason: 'not probed yet' })
    paths.resume(2, 'probes answered')
    paths.suspend(1, 'lost')
    paths.remove(1)
    expect(events).toEqual([
      { type: 'append', path: a, state: 'active', reason: undefined },
      { type: 'append', path: b, state: 'suspended', reason: 'not probed yet' },
      { type: 'resume', path: b, reason: 'probes answered' },
      { type: 'suspend', path: a, reason: 'lost' },
      { type: 'remove', path: a, reason: undefined },
    ])
    expect([...paths]).toEqual([b])
    expect(paths.list).toEqual([b])
    expect(paths.get(2)).toBe(b)
    expect(paths.get(1)).toBeUndefined()
  })

  test('the list of paths is the same array until one comes or goes', () => {
    const paths = new PathManager<TestPath>()
    const [a, b] = [makePath(1), makePath(2)]
    paths.append(a)
    const { list } = paths
    paths.suspend(1)
    expect(paths.list).toBe(list)
    paths.append(b)
    expect([list, paths.list]).toEqual([[a], [a, b]])
  })

  test('a move made by a listener acts at once, and is told after the event at hand', () => {
    const paths = new PathManager<TestPath>()
    const log: string[] = []
    paths.subscribe((event) => {
      log.push(`first ${event.type}`)
      if (event.type === 'append') log.push(`${paths.suspend(1)}, now ${paths.state(1)}`)
    })
    paths.subscribe((event) => log.push(`second ${event.type}`))
    paths.append(makePath(1))
    const told = ['first append', 'true, now suspended', 'second append', 'first suspend', 'second suspend']
    expect(log).toEqual(told)
  })

  test('a listener subscribed during a delivery gets the moves made from then on and none before', () => {
    const paths = new PathManager<TestPath>()
    const late: string[] = []
    const stop = paths.subscribe((event) => {
      if (event.type !== 'append') return
      paths.suspend(1)
      paths.subscribe((later) => late.push(later.type))
      paths.resume(1)
    })
    paths.append(makePath(1))
    expect(late).toEqual(['resume'])
    stop()
    paths.remove(1)
    expect(late).toEqual(['resume', 'remove'])
  })

  test('a listener unsubscribed during a delivery hears no more, not even of the event at hand', () => {
    const paths = new PathManager<TestPath>()
    const heard: string[] = []
    const stops = new Set<() => void>()
    paths.subscribe(() => {
      for (const stop of stops) stop()
    })
    stops.add(paths.subscribe((event) => heard.push(event.type)))
    paths.append(makePath(1))
    for (const stop of stops) stop()
    paths.remove(1)
    expect(heard).toEqual([])
  })

  test('one function subscribed twice is told twice until each subscription ends', () => {
    const paths = new PathManager<TestPath>()
    let calls = 0
    const listener = (): void => void calls++
    const stop = paths.subscribe(listener)
    paths.subscribe(listener)
    paths.append(makePath(1))
    expect(calls).toBe(2)
    stop()
    stop()
    paths.remove(1)
    expect(calls).toBe(3)
  })
})

describe('listeners that misbehave', () => {
  test('what a listener throws is reported with its event, and disturbs nobody else', () => {
    const errors: unknown[] = []
    const onError = (error: unknown, event: PathEvent<TestPath>): void =>
      void errors.push([error, event.type])
    const paths = new PathManager<TestPath>({ onError })
    const heard: string[] = []
    const broken = new Error('broken listener')
    paths.subscribe(() => {
      throw broken
    })
    paths.subscribe((event) => heard.push(event.type))
    expect(paths.append(makePath(1))).toBe(true)
    expect(paths.remove(1)).toBe(true)
    expect(heard).toEqual(['append', 'remove'])
    expect(errors).toEqual([
      [broken, 'append'],
      [broken, 'remove'],
    ])
    expect(paths.stats().listenerErrors).toBe(2)
  })

  test('an onError that throws, or none at all, is only counted', () => {
    const loud = new PathManager<TestPath>({ onError: fail })
    const silent = new PathManager<TestPath>()
    for (const paths of [loud, silent]) {
      paths.subscribe(fail)
      expect(paths.append(makePath(1))).toBe(true)
      expect(paths.state(1)).toBe('active')
    }
    expect(loud.stats().listenerErrors).toBe(2)
    expect(silent.stats().listenerErrors).toBe(1)
  })

  test('two listeners that undo each other are stopped, and all listeners still agree on the state', () => {
    const paths = new PathManager<TestPath>()
    const replayed = new Model(32)
    paths.subscribe((event) => void (event.type === 'suspend' && paths.resume(1)))
    paths.subscribe((event) => void (event.type === 'resume' && paths.suspend(1)))
    paths.subscribe((event) => replayed.replay(event))
    paths.append(makePath(1))
    let events = 0
    paths.subscribe(() => events++)
    expect(paths.suspend(1)).toBe(true)
    expect(events).toBe(1024)
    expect(paths.stats().refused['event-storm']).toBe(1)
    expect(replayed.states).toEqual(statesOf(paths))
    expect(paths.append(makePath(2))).toBe(true)
  })
})

describe('refused moves', () => {
  test('are counted by reason', () => {
    const paths = new PathManager<TestPath>({ maxPaths: 1 })
    paths.append(makePath(1))
    expect(paths.append(makePath(1))).toBe(false)
    expect(paths.append(makePath(2))).toBe(false)
    expect(paths.resume(1)).toBe(false)
    paths.suspend(1)
    expect(paths.suspend(1)).toBe(false)
    expect(paths.remove(2)).toBe(false)
    expect(paths.suspend(2)).toBe(false)
    expect(paths.stats().refused).toEqual({
      'duplicate-id': 1,
      'too-many-paths': 1,
      'unknown-id': 2,
      'already-suspended': 1,
      'already-active': 1,
      'event-storm': 0,
    })
  })

  test('32 paths are the most unless told otherwise', () => {
    const paths = new PathManager<TestPath>()
    const answers = Array.from({ length: 33 }, (_, id) => paths.append(makePath(id)))
    expect(answers.lastIndexOf(true)).toBe(31)
    expect(answers[32]).toBe(false)
  })

  test('a maxPaths that is not a whole number > 0 throws', () => {
    for (const maxPaths of [0, -1, 1.5, Number.NaN, Infinity]) {
      expect(() => new PathManager({ maxPaths })).toThrow(RangeError)
    }
  })
})
