import { simRuntime } from '@mp/testkit'
import { FrameCodec, FrameHeader, FrameType, Handshake } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { Driver } from '../src/driver.ts'
import { PlainGreeter } from '../src/plain-greeter.ts'
import { handshakeOf } from './support/raw.ts'

const INSTANCE = { high: 7, low: 8 }

/** A greeter on its own driver; `greeted` holds when, and as the how manieth. */
function greeter(): {
  greeter: PlainGreeter
  greeted: [atMs: number, attempt: number][]
  runFor: (ms: number) => void
} {
  const runtime = simRuntime()
  const driver = new Driver(runtime)
  const greeted: [number, number][] = []
  const plain = new PlainGreeter({
    localIndex: 42,
    instance: INSTANCE,
    greet: (attempt) => greeted.push([runtime.nowMs(), attempt]),
    random: () => 0.5,
  })
  driver.add(plain)
  return {
    greeter: plain,
    greeted,
    runFor: (ms) => {
      driver.rearm()
      runtime.runFor(ms)
    },
  }
}

describe('a greeter without keys', () => {
  test('greets at once, after 250 ms, and ever more rarely up to every 2 s', () => {
    const { greeter: plain, greeted, runFor } = greeter()
    plain.start(0)
    expect(greeted).toEqual([])
    runFor(12_000)
    const times = greeted.map(([atMs]) => atMs)
    const gaps = times.slice(1).map((atMs, index) => atMs - times[index]!)
    expect(times[0]).toBe(0)
    expect(gaps.slice(0, 6)).toEqual([250, 375, 562.5, 843.75, 1265.625, 1898.4375])
    expect(gaps.slice(6)).toEqual([2000, 2000, 2000])
    expect(greeted.map(([, attempt]) => attempt)).toEqual(times.map((_, index) => index + 1))
  })

  test('is silent before the start and after the stop', () => {
    const { greeter: plain, greeted, runFor } = greeter()
    runFor(5000)
    expect(plain.running).toBe(false)
    plain.start(5000)
    expect(plain.running).toBe(true)
    runFor(300)
    plain.stop()
    runFor(60_000)
    expect(greeted).toHaveLength(2)
    expect([plain.running, plain.pollTimeout()]).toEqual([false, Infinity])
  })

  test('goes on undisturbed when started while it runs, and counts anew when started after a stop', () => {
    const { greeter: plain, greeted, runFor } = greeter()
    plain.start(0)
    runFor(1000)
    const before = plain.pollTimeout()
    plain.start(1000)
    expect(plain.pollTimeout()).toBe(before)
    plain.stop()
    plain.start(1000)
    runFor(250)
    expect(greeted.slice(-2)).toEqual([
      [1000, 1],
      [1250, 2],
    ])
  })

  test('does nothing when woken too early', () => {
    const { greeter: plain, greeted } = greeter()
    plain.start(100)
    plain.handleTimeout(99.9)
    expect(greeted).toEqual([])
  })

  test('says who it is, and on which path', () => {
    const into = new Uint8Array(64)
    const lengthBytes = greeter().greeter.writeHello(5, into)
    const [header, hello] = [new FrameHeader(), new Handshake()]
    const codec = new FrameCodec(into)
    expect([codec.readFrame(0, lengthBytes, header), codec.readHandshake(0, lengthBytes, hello)]).toEqual([
      0, 0,
    ])
    expect(header).toMatchObject({ type: FrameType.hello, receiver: 0, pathId: 5 })
    expect(hello).toMatchObject({ sender: 42, instanceHigh: 7, instanceLow: 8 })
  })

  test('knows an answer to itself from others, and from what is none', () => {
    const { greeter: plain } = greeter()
    const welcome = { receiver: 42, sender: 9, instanceHigh: 7, instanceLow: 8 }
    expect(plain.handleAnswer(handshakeOf(welcome))).toEqual({ remoteIndex: 9 })
    expect(plain.handleAnswer(handshakeOf({ ...welcome, instanceLow: 9 }))).toBe('foreign-welcome')
    expect(plain.handleAnswer(handshakeOf({ ...welcome, instanceHigh: 8 }))).toBe('foreign-welcome')
    expect(plain.handleAnswer(handshakeOf({ ...welcome, sender: 0 }))).toBe('bad-handshake')
    expect(plain.handleAnswer(handshakeOf(welcome).subarray(0, 19))).toBe('bad-length')
    const cookie = handshakeOf(welcome)
    cookie[0] = 0x4c
    expect(plain.handleAnswer(cookie)).toBe('bad-type')
  })
})
