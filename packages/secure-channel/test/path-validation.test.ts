import { PathValidation } from '@mp/secure-channel'
import { expect, test } from 'vitest'

const challenge = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const begin = (): PathValidation => new PathValidation({ nowMs: 1000, challenge })

/** Times at which the challenge goes out, driven by nothing but the timeout. */
function sendTimes(validation: PathValidation): number[] {
  const times: number[] = []
  while (validation.pollTimeout() < Infinity) {
    const nowMs = validation.pollTimeout()
    validation.handleTimeout(nowMs)
    if (validation.pollTransmit(nowMs)) times.push(nowMs)
  }
  return times
}

test('an address is validated by the challenge that comes back, once', () => {
  const validation = begin()
  expect(validation.pollTransmit(1000)).toEqual(challenge)
  expect(validation.pollTransmit(1001)).toBeUndefined()
  validation.handleResponse(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9))
  validation.handleResponse(challenge.subarray(0, 7))
  expect(validation.state).toBe('validating')
  validation.handleResponse(challenge)
  expect(validation.state).toBe('validated')
  expect(validation.pollEvent()).toBe('validated')
  expect(validation.pollEvent()).toBeUndefined()
  expect(validation.pollTimeout()).toBe(Infinity)
  expect(validation.pollTransmit(9999)).toBeUndefined()
  expect(validation.canSend(1e6)).toBe(true)
})

test('a challenge is repeated ever more rarely and given up after 3 s', () => {
  const validation = begin()
  expect(sendTimes(validation)).toEqual([1000, 1250, 1750, 2750])
  expect(validation.pollEvent()).toBe('failed')
  validation.handleResponse(challenge)
  expect(validation.state).toBe('failed')
  expect(validation.canSend(0)).toBe(false)
})

test('pauses and patience can be fitted to a slow path', () => {
  const slow = new PathValidation({ nowMs: 0, challenge, retryMs: 2000, timeoutMs: 9000 })
  expect(sendTimes(slow)).toEqual([0, 2000, 6000])
})

test('an address that has not answered gets at most three times what came from it', () => {
  const validation = begin()
  expect(validation.canSend(1)).toBe(false)
  validation.handleReceived(100)
  let sentBytes = 0
  while (validation.canSend(44)) {
    validation.handleSent(44)
    sentBytes += 44
  }
  expect(sentBytes).toBe(264)
  validation.handleReceived(10)
  expect(validation.canSend(66)).toBe(true)
  expect(validation.canSend(67)).toBe(false)
})

test('the challenge is a copy of eight bytes', () => {
  expect(() => new PathValidation({ nowMs: 0, challenge: new Uint8Array(7) })).toThrow('has 8 bytes, not 7')
  const bytes = Uint8Array.from(challenge)
  const validation = new PathValidation({ nowMs: 0, challenge: bytes })
  bytes.fill(0)
  expect(validation.pollTransmit(0)).toEqual(challenge)
})
