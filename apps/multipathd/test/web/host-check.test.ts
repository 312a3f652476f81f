import { expect, test } from 'vitest'
import { isForThisMachine } from '../../src/web/host-check.ts'

test.each([
  '127.0.0.1:2132',
  '127.0.0.1',
  'localhost:2132',
  'localhost',
  '[::1]:2132',
  '[::1]',
  '192.168.1.1:80',
])('a request for %s is for this machine', (host) => {
  expect(isForThisMachine(host)).toBe(true)
})

test.each([
  undefined,
  '',
  'evil.example:2132',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost:2132@evil.example',
  '[::1',
])('a request for %s is not', (host) => {
  expect(isForThisMachine(host)).toBe(false)
})
