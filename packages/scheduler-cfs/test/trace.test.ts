import { CfsScheduler } from '@mp/scheduler-cfs'
import { expect, test } from 'vitest'
import { makePaths, seeded, send } from './support.ts'
import type { TestPath } from './support.ts'

/** The picks of 240 packets while paths come, go and change weight, all from one seed; `.` is a packet with no path. */
function trace(seed: number): string {
  const below = seeded(seed)
  const paths = makePaths(1, 2, 5, 3)
  const scheduler = new CfsScheduler<TestPath>()
  for (const path of paths) scheduler.add(path)
  let picks = ''
  for (let i = 0; i < 240; i++) {
    const path = paths[below(paths.length)]!
    const move = below(16)
    if (move === 0) scheduler.suspend(path)
    else if (move < 5) scheduler.resume(path)
    else if (move === 5) scheduler.setWeight(path, 1 + below(8))
    picks += send(scheduler, 40 + below(1461))?.id ?? '.'
  }
  return picks
}

test('one seed always gives the same picks', () => {
  expect(trace(1)).toBe(trace(1))
  expect(trace(1)).toMatchInlineSnapshot(
    `"012320002321032023303002002002020000230230303232333223321323232003300303130010302032302223020212000002202002120002000322032030321012032331321212122121212212121213231233012323333330333330333333330333303333333030313313311333333303033303013303"`,
  )
})

test('equal paths take turns in the order they were added, also after a pause', () => {
  const paths = makePaths(1, 1, 1)
  const scheduler = new CfsScheduler<TestPath>()
  for (const path of paths) scheduler.add(path)
  const turns = (count: number): string =>
    Array.from({ length: count }, () => send(scheduler, 100)!.id).join('')
  expect(turns(6)).toBe('012012')
  scheduler.suspend(paths[0]!)
  scheduler.resume(paths[0]!)
  expect(turns(6)).toBe('012012')
})
