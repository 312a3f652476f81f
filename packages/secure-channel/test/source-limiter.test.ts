import { expect, test } from 'vitest'
import { SourceLimiter } from '../src/source-limiter.ts'

test('a source that is heard again and again is remembered, however many others come in between', () => {
  const limiter = new SourceLimiter({ perSecond: 1, burst: 1 })
  const taken: boolean[] = []
  for (let other = 0; other < 10_000; other++) {
    if (other % 1000 === 0) taken.push(limiter.take('192.0.2.1:1', 0))
    limiter.take(`10.0.${other >> 8}.${other & 255}:1`, 0)
  }
  expect(taken.map(Number)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
})
