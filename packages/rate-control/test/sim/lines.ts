import { seededRandom } from '@mp/testkit'
import type { Scenario } from './simulate.ts'

type Line = Omit<Scenario, 'seed'>

const always = (value: number) => () => value
const M = 1e6

/** A line of one rate, round trip (ms) and queue (ms). */
export function steady(rateBps: number, rttMs: number, queueMs: number, more: Partial<Line> = {}): Line {
  return { rateBps: always(rateBps), delayMs: always(rttMs / 2), queueMs, untilMs: 15_000, ...more }
}

const square = (low: number, high: number, halfMs: number) => (nowMs: number) =>
  Math.floor(nowMs / halfMs) % 2 === 0 ? high : low

/** Kinds of lines a tunnel meets. */
export const LINES: Record<string, Line> = {
  'DSL 16M, 30 ms, queue 100 ms': steady(16 * M, 30, 100),
  'DSL upload 1M, 40 ms, queue 500 ms': steady(M, 40, 500),
  'modem 100k, 100 ms, queue 1 s': steady(0.1 * M, 100, 1000, { untilMs: 30_000 }),
  'cable 100M, 20 ms, queue 500 ms': steady(100 * M, 20, 500),
  'fibre 1G, 5 ms, queue 20 ms': steady(1000 * M, 5, 20, { untilMs: 8000 }),
  'LAN 300M, 1 ms, queue 10 ms': steady(300 * M, 1, 10, { untilMs: 8000 }),
  'shallow 50M, 40 ms, queue 20 ms': steady(50 * M, 40, 20),
  'shallow 20M, 80 ms, queue 50 ms': steady(20 * M, 80, 50),
  'deep 20M, 50 ms, queue 500 ms': steady(20 * M, 50, 500),
  'far 50M, 200 ms, queue 100 ms': steady(50 * M, 200, 100, { untilMs: 30_000, fromMs: 5000 }),
  'satellite 20M, 600 ms, queue 300 ms': steady(20 * M, 600, 300, { untilMs: 60_000, fromMs: 10_000 }),
  'radio 50M, 40 ms, 1 % loss': steady(50 * M, 40, 100, { lossRatio: 0.01 }),
  'radio 10M, 60 ms, 5 % loss': steady(10 * M, 60, 100, { lossRatio: 0.05 }),
  'radio 50M, 20 ms, 3 % loss in bursts of 5': steady(50 * M, 20, 50, { lossRatio: 0.03, burstFrames: 5 }),
  'radio 10M, 60 ms, 2 % loss in bursts of 8': steady(10 * M, 60, 100, { lossRatio: 0.02, burstFrames: 8 }),
  'LTE 30M, 50 ms, jitter 5 ms': steady(30 * M, 50, 300, { jitterMs: 5 }),
  'WiFi 40M, 20 ms, jitter 10 ms, 0.5 % loss': steady(40 * M, 20, 100, { jitterMs: 10, lossRatio: 0.005 }),
  'LTE 30M, 50 ms, jitter 10 ms, reordering': steady(30 * M, 50, 300, { jitterMs: 10, reorder: true }),
  'Starlink, 15 s steps': {
    rateBps: (nowMs) => [120, 60, 180, 90][Math.floor(nowMs / 15_000) % 4]! * M,
    delayMs: (nowMs) => [20, 30, 18, 26][Math.floor(nowMs / 15_000) % 4]!,
    queueMs: 60,
    lossRatio: 0.002,
    jitterMs: 4,
    untilMs: 60_000,
  },
  'square 20M to 40M every 3 s, 40 ms': steady(0, 40, 100, {
    rateBps: square(20 * M, 40 * M, 3000),
    untilMs: 30_000,
  }),
  'square 8M to 40M every 3 s, 40 ms': steady(0, 40, 100, {
    rateBps: square(8 * M, 40 * M, 3000),
    untilMs: 30_000,
  }),
  'policer 20M, 30 ms, bucket 20 ms': steady(20 * M, 30, 0, { policerMs: 20 }),
  'with CUBIC 20M, 40 ms, queue 100 ms': steady(20 * M, 40, 100, {
    cubicFromMs: 3000,
    fromMs: 10_000,
    untilMs: 40_000,
  }),
  'with CUBIC 20M, 40 ms, queue 500 ms': steady(20 * M, 40, 500, {
    cubicFromMs: 3000,
    fromMs: 10_000,
    untilMs: 40_000,
  }),
  'with CUBIC 50M, 20 ms, queue 30 ms': steady(50 * M, 20, 30, {
    cubicFromMs: 3000,
    fromMs: 10_000,
    untilMs: 40_000,
  }),
  'after CUBIC 20M, 40 ms, queue 200 ms': steady(20 * M, 40, 200, {
    cubicFromMs: 0,
    fromMs: 10_000,
    untilMs: 40_000,
  }),
}

/** The same kind of line with other numbers: rate, delay and queue of 0.7 to 1.4 times of what they were. */
export function varied(line: Line, seed: number): Scenario {
  const random = seededRandom(seed)
  const factor = (): number => 0.7 * 2 ** random()
  const [rate, delay, queue] = [factor(), factor(), factor()]
  return {
    ...line,
    seed,
    rateBps: (nowMs) => rate * line.rateBps(nowMs),
    delayMs: (nowMs) => delay * line.delayMs(nowMs),
    queueMs: queue * (line.queueMs ?? 100),
  }
}
