import { connectScheduler, PathManager } from '@mp/path-manager'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyMoves, FakeScheduler, makePath, move } from './support.ts'
import type { TestPath } from './support.ts'

const activeOf = (paths: PathManager<TestPath>): TestPath[] =>
  [...paths].filter((path) => paths.state(path.id) === 'active')

test('whatever is moved before and after it connects, the scheduler has all paths and runs the active ones', () => {
  fc.assert(
    fc.property(anyMoves, anyMoves, (before, after) => {
      const errors: unknown[] = []
      const paths = new PathManager<TestPath>({ maxPaths: 4, onError: (error) => errors.push(error) })
      const scheduler = new FakeScheduler<TestPath>()
      for (const what of before) move(paths, what)
      const disconnect = connectScheduler(paths, scheduler)
      const inStep = (): void => {
        expect(new Set(scheduler.runnable.keys())).toEqual(new Set(paths))
        expect(new Set(scheduler.active())).toEqual(new Set(activeOf(paths)))
      }
      inStep()
      for (const what of after) {
        move(paths, what)
        inStep()
      }
      expect(errors).toEqual([])
      disconnect()
      expect(scheduler.runnable.size).toBe(0)
    }),
  )
})

test('a path appended suspended is never runnable before it is resumed', () => {
  const paths = new PathManager<TestPath>()
  const scheduler = new FakeScheduler<TestPath>()
  connectScheduler(paths, scheduler)
  const path = makePath(1)
  const runnable: number[] = []
  paths.subscribe(() => runnable.push(scheduler.active().length))
  paths.append(path, { suspended: true })
  paths.resume(1)
  expect(runnable).toEqual([0, 1])
  expect(scheduler.active()).toEqual([path])
})

test('connected during a delivery it brings in the present state and is not told of the moves behind it', () => {
  const errors: unknown[] = []
  const paths = new PathManager<TestPath>({ onError: (error) => errors.push(error) })
  const scheduler = new FakeScheduler<TestPath>()
  const [first, second] = [makePath(1), makePath(2)]
  paths.subscribe((event) => {
    if (event.path !== first || event.type !== 'append') return
    paths.append(second)
    paths.suspend(1)
    connectScheduler(paths, scheduler)
  })
  paths.append(first)
  expect(errors).toEqual([])
  expect(scheduler.active()).toEqual([second])
  expect(scheduler.runnable.get(first)).toBe(false)
})

test('disconnected it leaves the scheduler without its paths, those of others alone, and can be connected again', () => {
  const paths = new PathManager<TestPath>()
  const scheduler = new FakeScheduler<TestPath>()
  const other = makePath(9)
  scheduler.add(other)
  paths.append(makePath(1))
  const disconnect = connectScheduler(paths, scheduler)
  paths.append(makePath(2))
  disconnect()
  disconnect()
  paths.append(makePath(3))
  expect([...scheduler.runnable.keys()]).toEqual([other])
  connectScheduler(paths, scheduler)
  expect(scheduler.active()).toEqual([other, ...paths])
})

test('a path the scheduler refuses when connecting throws and leaves nothing connected', () => {
  const paths = new PathManager<TestPath>()
  const scheduler = new FakeScheduler<TestPath>()
  paths.append(makePath(1))
  paths.append({ id: 2, weight: 0 })
  expect(() => connectScheduler(paths, scheduler)).toThrow(RangeError)
  paths.append(makePath(3))
  expect(scheduler.runnable.size).toBe(0)
})

test('a path the scheduler refuses later is reported and not scheduled', () => {
  const errors: unknown[] = []
  const paths = new PathManager<TestPath>({ onError: (error) => errors.push(error) })
  const scheduler = new FakeScheduler<TestPath>()
  connectScheduler(paths, scheduler)
  expect(paths.append({ id: 1, weight: 0 })).toBe(true)
  paths.suspend(1)
  paths.remove(1)
  expect(errors).toEqual([expect.any(RangeError)])
  expect(scheduler.runnable.size).toBe(0)
})

test('a path that is in the scheduler already by other hands is reported and stays theirs', () => {
  const errors: unknown[] = []
  const paths = new PathManager<TestPath>({ onError: (error) => errors.push(error) })
  const scheduler = new FakeScheduler<TestPath>()
  const other = makePath(1)
  scheduler.add(other)
  const disconnect = connectScheduler(paths, scheduler)
  paths.append(other)
  paths.suspend(1)
  paths.remove(1)
  disconnect()
  expect(errors).toEqual([expect.any(RangeError)])
  expect(scheduler.active()).toEqual([other])
})
