import { PathIds } from '@mp/secure-channel'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('path ids are given in turn, to 32 paths at most', () => {
  const ids = new PathIds()
  expect(Array.from({ length: 33 }, () => ids.acquire())).toEqual([...Array.from({ length: 32 }).keys(), -1])
  expect(ids.claim(200)).toBe(false)
  ids.release(7)
  expect(ids.acquire()).toBe(32)
  expect(ids.count).toBe(32)
})

test('an id that was given up rests for two epochs', () => {
  const ids = new PathIds()
  expect(ids.claim(9)).toBe(true)
  expect(ids.claim(9)).toBe(false)
  ids.release(9)
  expect(ids.claim(9)).toBe(false)
  ids.handleRekey()
  expect(ids.claim(9)).toBe(false)
  ids.handleRekey()
  expect(ids.claim(9)).toBe(true)
})

test('an id that no path has cannot be released, nor one that does not exist be taken', () => {
  const ids = new PathIds()
  for (const id of [0, 256, -1]) expect(() => ids.release(id)).toThrow(RangeError)
  for (const id of [256, -1, 0.5]) expect(ids.claim(id)).toBe(false)
})

test('ids run out rather than being used twice in two epochs', () => {
  const ids = new PathIds()
  for (let i = 0; i < 256; i++) ids.release(ids.acquire())
  expect(ids.acquire()).toBe(-1)
  ids.handleRekey()
  ids.handleRekey()
  expect(ids.acquire()).toBe(0)
})

test('no id is ever used by two paths under the same key, whatever comes and goes', () => {
  const action = fc.constantFrom('acquire', 'release', 'rekey')
  fc.assert(
    fc.property(fc.array(action, { maxLength: 600 }), (actions) => {
      const ids = new PathIds()
      const live: number[] = []
      // The keys an id was used under; a path that lives on through a change uses the next one too.
      const used = new Set<string>()
      let epoch = 0
      let fresh = true
      const use = (id: number): void => {
        expect(used.has(`${id} in ${epoch}`)).toBe(false)
        used.add(`${id} in ${epoch}`)
      }
      for (const what of actions) {
        if (what === 'rekey') {
          ids.handleRekey()
          epoch++
          for (const id of live) use(id)
        } else if (what === 'release') {
          const id = live.shift()
          if (id !== undefined) ids.release(id)
        } else {
          const id = ids.acquire()
          if (id < 0) continue
          use(id)
          fresh = fresh && !used.has(`${id} in ${epoch - 1}`)
          live.push(id)
        }
      }
      expect(fresh).toBe(true)
    }),
  )
})
