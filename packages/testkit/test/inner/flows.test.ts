import { describe, expect, test } from 'vitest'
import { Cubic, TcpReceiver, TcpSender } from '../../src/index.ts'
import { B, plain, quicOver, tcpOver } from './plain.ts'

const LINE = { rateBps: 50e6, delayMs: 10 }

describe('a flow over a plain line', () => {
  test.each(['cubic', 'bbr'] as const)('of TCP with %s fills it', (flow) => {
    const { goodputBps, sender } = tcpOver(LINE, { flow })
    expect(goodputBps).toBeGreaterThan(0.95 * LINE.rateBps)
    // 48 bytes of headers in 1400, and nothing else.
    expect(goodputBps).toBeLessThan((1348 / 1400) * LINE.rateBps * 1.001)
    expect(sender.timeouts).toBe(0)
  })

  test('of QUIC fills it', () => {
    expect(quicOver(LINE).goodputBps).toBeGreaterThan(0.95 * LINE.rateBps)
  })

  test('is the same flow again with the same seed, and another one with another', () => {
    const line = { ...LINE, loss: 0.003 }
    const run = (seed: number) => tcpOver(line, { seconds: 3, seed })
    expect(run(7)).toEqual(run(7))
    expect(run(7)).not.toEqual(run(8))
  })

  test('of BBR leaves the queue short that CUBIC fills', () => {
    const cubic = tcpOver(LINE, { flow: 'cubic' }).sender.rttMs
    const bbr = tcpOver(LINE, { flow: 'bbr' }).sender.rttMs
    expect(cubic).toBeGreaterThan(45)
    expect(bbr).toBeLessThan(30)
  })
})

/** Mean window of CUBIC with losses of one packet in 1/p, packets (RFC 9438, 5.1), and of Reno where that is more. */
function cubicWindow(p: number, rttMs: number): number {
  const cubic = ((0.4 * 3.7) / (4 * 0.3)) ** 0.25 * (rttMs / 1000 / p) ** 0.75
  return Math.max(cubic, Math.sqrt(1.5 / p))
}

describe('a flow that loses packets at random', () => {
  test.each([
    [0.001, 100],
    [0.002, 50],
    [0.01, 30],
    [0.02, 20],
  ])('of CUBIC has about the window that the formula says: loss %f, %i ms', (loss, rttMs) => {
    const line = { rateBps: 1e9, delayMs: rttMs / 2, loss }
    const { meanCwndPackets } = tcpOver(line, { seconds: 200 })
    const ratio = meanCwndPackets / cubicWindow(loss, rttMs)
    expect(ratio).toBeGreaterThan(0.7)
    expect(ratio).toBeLessThan(1.5)
  })

  test('of BBR does not mind a few per cent', () => {
    expect(tcpOver({ ...LINE, loss: 0.02 }, { flow: 'bbr' }).goodputBps).toBeGreaterThan(0.85 * LINE.rateBps)
  })

  test('delivers everything once and sends nothing twice that was not lost', () => {
    const { sender, receiver } = tcpOver({ ...LINE, loss: 0.005 }, { seconds: 20 })
    expect(receiver.duplicates).toBeLessThan(sender.retransmits / 10 + 3)
    expect(receiver.deliveredBytes).toBeGreaterThan(0)
  })
})

describe('a flow whose packets overtake each other', () => {
  const jumbled = { ...LINE, delayMs: 15, jitterMs: 25, jitterReorders: true }

  test('of TCP learns to wait for them', () => {
    const { goodputBps, sender } = tcpOver(jumbled, { seconds: 20 })
    expect(goodputBps).toBeGreaterThan(0.8 * LINE.rateBps)
    expect(sender.undone).toBeGreaterThan(0)
    expect(sender.retransmits / sender.sent).toBeLessThan(0.02)
  })

  test('of QUIC never learns: the threshold stays three packets', () => {
    const { sender } = quicOver(jumbled, 20)
    expect(sender.retransmits / sender.sent).toBeGreaterThan(0.1)
  })
})

describe('a line that goes dead', () => {
  test('is tried again by TCP after 200 ms and more, and the flow goes on when it is back', () => {
    const { runtime, a, b, wire } = plain(LINE)
    const meter = { bytes: 0 }
    new TcpReceiver(b, 5001, {
      windowBytes: 6e6,
      onDelivered: (bytes) => void (meter.bytes += bytes),
    }).listen()
    const sender = new TcpSender(a, { to: B, port: 5001, sourcePort: 45_001, control: new Cubic() })
    sender.start()
    runtime.runFor(3000)
    wire.ab.set({ blackhole: true }, runtime.nowMs())
    runtime.runFor(200)
    expect(sender.stats().timeouts).toBe(0)
    runtime.runFor(1000)
    expect(sender.stats().timeouts).toBeGreaterThan(0)
    wire.ab.set({ blackhole: false }, runtime.nowMs())
    // Each timeout halved what it aims at, so it takes its time to grow again.
    runtime.runFor(8000)
    const before = meter.bytes
    runtime.runFor(2000)
    expect((meter.bytes - before) * 4).toBeGreaterThan(0.9 * LINE.rateBps)
  })
})
