import { CfsScheduler } from '@mp/scheduler-cfs'
import { seededRandom } from '@mp/testkit'
import { expect, test } from 'vitest'
import { makePaths, send } from './support.ts'
import type { TestPath } from './support.ts'

/** The picks of 240 packets while paths come, go and change weight, all from one seed; `.` is a packet with no path. */
function trace(seed: number): string {
  const random = seededRandom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
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
    `"012323323213332232303130002303301022230201213203321122321311123110321001330130013100130212030020110313033011313032021013003012313313321301220010102031003330213010013100120100033210332012101222033002200002320020200223202020130001011030203022"`,
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
