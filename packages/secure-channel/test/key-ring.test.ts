import type { CipherName } from '@mp/interface'
import { describe, expect, test } from 'vitest'
import { markOf, markOfByte, keysOf, ringOf } from './key-ring-support.ts'

describe('the ring of an initiator', () => {
  test('seals with new keys at once and keeps opening under the old ones until 3 s after the change', () => {
    const { ring, made, events } = ringOf('initiator')
    ring.install(keysOf('initiator', 0), 0)
    ring.handleOpened(0, 1, 10)
    ring.install(keysOf('initiator', 1), 1000)
    expect([ring.sendEpoch, markOf(ring.sendKey)]).toEqual([1, markOfByte(2)])
    expect(markOf(ring.receiveKey(0))).toBe(markOfByte(101))
    expect(markOf(ring.receiveKey(1))).toBe(markOfByte(102))
    ring.handleTimeout(100_000)
    expect(ring.receiveKey(0)).toBeDefined()
    ring.handleOpened(1, 1, 100_500)
    expect(ring.pollTimeout()).toBe(103_500)
    ring.handleTimeout(103_499)
    expect(ring.receiveKey(0)).toBeDefined()
    ring.handleTimeout(103_500)
    expect(ring.receiveKey(0)).toBeUndefined()
    expect(made.keys.map(({ wiped }) => wiped)).toEqual([true, true, false, false])
    expect(events()).toEqual([{ type: 'confirmed' }, { type: 'confirmed' }])
  })

  test('wishes for new keys once after 120 s, and again after the next', () => {
    const { ring, events } = ringOf('initiator')
    ring.install(keysOf('initiator', 0), 500)
    expect(ring.pollTimeout()).toBe(120_500)
    ring.handleTimeout(120_499)
    expect(events()).toEqual([])
    ring.handleTimeout(120_500)
    ring.handleTimeout(120_501)
    expect(events()).toEqual([{ type: 'rekey' }])
    expect(ring.pollTimeout()).toBe(180_500)
    ring.install(keysOf('initiator', 1), 121_000)
    ring.handleTimeout(241_000)
    expect(events()).toEqual([{ type: 'rekey' }])
  })

  test.each([
    ['aes-256-gcm', 2 ** 22],
    ['chacha20-poly1305', 2 ** 40],
  ] as const)('wishes for new keys of %s after %d packets of either direction', (cipher, packets) => {
    const sender = ringOf('initiator')
    sender.ring.install(keysOf('initiator', 0, { cipher }), 0)
    sender.ring.handleSealed(packets - 1)
    expect(sender.events()).toEqual([])
    sender.ring.handleSealed(1)
    sender.ring.handleSealed(1)
    expect(sender.events()).toEqual([{ type: 'rekey' }])
    const receiver = ringOf('initiator')
    receiver.ring.install(keysOf('initiator', 0, { cipher }), 0)
    receiver.ring.handleOpened(0, packets - 1, 0)
    receiver.ring.handleOpened(0, 1, 0)
    expect(receiver.events()).toEqual([{ type: 'confirmed' }, { type: 'rekey' }])
    expect(receiver.ring.cipher).toBe(cipher)
  })

  test('holds no keys older than the ones before the newest, however short ago they were in use', () => {
    const { ring, made } = ringOf('initiator')
    for (const epoch of [0, 1]) {
      ring.install(keysOf('initiator', epoch), 1000)
      ring.handleOpened(epoch, 1, 1000)
    }
    expect(ring.receiveKey(0)).toBeDefined()
    ring.install(keysOf('initiator', 2), 1000)
    expect([ring.receiveKey(0), markOf(ring.receiveKey(1))]).toEqual([undefined, markOfByte(102)])
    expect(made.keys.map(({ wiped }) => wiped)).toEqual([true, true, false, false, false, false])
  })

  test('wishes for nothing because of late frames under the keys before', () => {
    const { ring, events } = ringOf('initiator')
    ring.install(keysOf('initiator', 0), 0)
    ring.handleOpened(0, 2 ** 22 - 1, 0)
    ring.install(keysOf('initiator', 1), 0)
    ring.handleOpened(0, 1, 0)
    expect(events()).toEqual([{ type: 'confirmed' }])
  })

  test('takes other keys for an epoch the responder never used', () => {
    const { ring, made } = ringOf('initiator')
    ring.install(keysOf('initiator', 0), 0)
    ring.handleOpened(0, 1, 0)
    ring.install(keysOf('initiator', 1, { byte: 50 }), 1000)
    ring.install(keysOf('initiator', 1, { byte: 60 }), 9000)
    expect(markOf(ring.sendKey)).toBe(markOfByte(60))
    expect(ring.receiveKey(0)).toBeDefined()
    expect(made.keys.map(({ wiped }) => wiped)).toEqual([false, false, true, true, false, false])
    ring.handleOpened(1, 1, 9100)
    expect(ring.install(keysOf('initiator', 1), 9200)).toBe(false)
    expect(markOf(ring.sendKey)).toBe(markOfByte(60))
    expect(ring.install(keysOf('initiator', ring.nextEpoch), 9200)).toBe(true)
  })
})

describe('the ring of a responder', () => {
  test('cannot seal before the initiator showed that it has the keys', () => {
    const { ring, events } = ringOf('responder')
    ring.install(keysOf('responder', 0), 0)
    expect(ring.sendKey).toBeUndefined()
    expect(markOf(ring.receiveKey(0))).toBe(markOfByte(1))
    ring.handleOpened(0, 0, 4)
    expect(ring.sendKey).toBeUndefined()
    ring.handleOpened(0, 1, 5)
    expect(markOf(ring.sendKey)).toBe(markOfByte(101))
    expect(events()).toEqual([{ type: 'confirmed' }])
  })

  test('goes on with the old keys until a frame under the new ones was opened', () => {
    const { ring } = ringOf('responder')
    ring.install(keysOf('responder', 0), 0)
    ring.handleOpened(0, 1, 0)
    expect(ring.nextEpoch).toBe(1)
    ring.install(keysOf('responder', 1), 1000)
    expect([ring.sendEpoch, ring.nextEpoch]).toEqual([0, 1])
    ring.handleOpened(0, 1, 2000)
    expect(ring.sendEpoch).toBe(0)
    ring.handleOpened(1, 1, 3000)
    expect([ring.sendEpoch, ring.nextEpoch]).toEqual([1, 2])
    ring.handleTimeout(6000)
    expect(ring.receiveKey(0)).toBeUndefined()
  })

  test('replaces keys that were never used by those of the next handshake', () => {
    const { ring, made } = ringOf('responder')
    ring.install(keysOf('responder', 0), 0)
    ring.handleOpened(0, 1, 0)
    ring.install(keysOf('responder', 1, { byte: 50 }), 1000)
    ring.install(keysOf('responder', 1, { byte: 60 }), 2000)
    expect(markOf(ring.receiveKey(1))).toBe(markOfByte(60))
    expect(made.keys.map(({ wiped }) => wiped)).toEqual([false, false, true, true, false, false])
  })

  test('wishes for nothing: it cannot renew keys', () => {
    const { ring, events } = ringOf('responder')
    ring.install(keysOf('responder', 0), 0)
    ring.handleOpened(0, 2 ** 22, 0)
    ring.handleSealed(2 ** 22)
    ring.handleTimeout(179_999)
    expect(events()).toEqual([{ type: 'confirmed' }])
    expect(ring.pollTimeout()).toBe(180_000)
  })
})

/** A responder's ring with confirmed keys. */
function used(cipher: CipherName): ReturnType<typeof ringOf> {
  const all = ringOf('responder')
  all.ring.install(keysOf('responder', 0, { cipher }), 0)
  all.ring.handleOpened(0, 1, 0)
  return all
}

function expectClosed({ ring, made, events }: ReturnType<typeof ringOf>, reason: string): void {
  expect(events()).toEqual([{ type: 'confirmed' }, { type: 'closed', reason }])
  expect([ring.sendKey, ring.receiveKey(0), ring.pollTimeout()]).toEqual([undefined, undefined, Infinity])
  expect(made.keys.every(({ wiped }) => wiped)).toBe(true)
  expect(() => ring.install(keysOf('responder', 1), 0)).toThrow('begin a new one')
  ring.handleTimeout(1e9)
  ring.handleSealed(1)
  ring.handleForged(1)
  expect(events()).toEqual([])
}

describe('a ring is closed and wiped', () => {
  test('180 s after its last keys came', () => {
    const all = used('aes-256-gcm')
    all.ring.handleTimeout(179_999)
    expect(all.ring.sendKey).toBeDefined()
    all.ring.handleTimeout(180_000)
    expectClosed(all, 'expired')
  })

  test.each([
    ['aes-256-gcm', 2 ** 23],
    ['chacha20-poly1305', 2 ** 41],
  ] as const)('when %s has sealed %d packets', (cipher, packets) => {
    const all = used(cipher)
    all.ring.handleSealed(packets - 1)
    expect(all.ring.sendKey).toBeDefined()
    all.ring.handleSealed(1)
    expectClosed(all, 'exhausted')
  })

  test.each([
    ['aes-256-gcm', 2 ** 52],
    ['chacha20-poly1305', 2 ** 36],
  ] as const)('when %s was attacked with %d forged packets', (cipher, packets) => {
    const all = used(cipher)
    all.ring.handleForged(packets - 1)
    expect(all.ring.sendKey).toBeDefined()
    all.ring.handleForged(1)
    expectClosed(all, 'forged')
  })

  test('not while new keys wait to be confirmed, which then take over', () => {
    const { ring, events } = used('aes-256-gcm')
    ring.install(keysOf('responder', 1), 179_000)
    ring.handleTimeout(180_000)
    expect(ring.sendKey).toBeUndefined()
    expect(ring.nextEpoch).toBe(1)
    ring.handleOpened(1, 1, 180_100)
    expect(markOf(ring.sendKey)).toBe(markOfByte(102))
    expect(events()).toEqual([{ type: 'confirmed' }, { type: 'confirmed' }])
  })
})

test('the bytes of keys are wiped as soon as they are installed', () => {
  const keys = keysOf('initiator', 0)
  ringOf('initiator').ring.install(keys, 0)
  expect([keys.send, keys.receive]).toEqual([new Uint8Array(32), new Uint8Array(32)])
})
