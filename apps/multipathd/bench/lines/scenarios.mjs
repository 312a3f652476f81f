/**
 * Lines and what becomes of them. Of a line: its `profile` as @mp/netlab knows it, for both directions, what is different on
 * the way `up`, and the `transport` of the path over it. An event changes line number `line`, counted from 1, `atSecond`: `set`
 * some of its profile, or have it `cut` (all is swallowed), `restore`, `down` (the client's interface is) or `up`.
 */

/** A queue holds a round trip, but at least 50 ms. */
const line = (rateMbit, rttMs, { up, transport, jitterMs = 0, ...more } = {}) => {
  const profile = {
    rateMbit,
    delayMs: (rttMs - jitterMs) / 2,
    queueMs: Math.max(rttMs, 50),
    jitterMs,
    ...more,
  }
  return { profile, up, transport }
}

const EQUAL = [line(50, 20), line(50, 20)]
const RATES = [line(80, 20), line(20, 20)]
const UDP_TCP = [line(50, 20), line(50, 20, { transport: 'tcp' })]
const LTE = line(40, 30, { jitterMs: 5, lossRatio: 0.005 })

/** Something happens to a line at 4 s, and the contrary at 7 s. */
const outage = (number, first = 'cut', then = 'restore') => [
  { atSecond: 4, line: number, act: first },
  { atSecond: 7, line: number, act: then },
]

const scenario = (name, lines, events = []) => ({ name, lines, events })

export const scenarios = [
  scenario('equal', EQUAL),
  scenario('rates', RATES),
  scenario('delays', [line(50, 20), line(50, 80)]),
  scenario('three', [line(100, 15), line(40, 45, { jitterMs: 10 }), line(20, 120, { lossRatio: 0.005 })]),
  scenario('lossy', [line(50, 30, { lossRatio: 0.01 }), line(50, 30, { lossRatio: 0.01 })]),
  scenario('four', [line(10, 10), line(20, 30), line(30, 60), line(40, 100)]),
  scenario('bursts', [line(50, 20), line(50, 20, { lossRatio: 0.03, lossBurstPackets: 5 })]),
  scenario('varying', EQUAL, [
    { atSecond: 4, line: 2, set: { rateMbit: 10 } },
    { atSecond: 8, line: 2, set: { rateMbit: 50 } },
  ]),
  scenario('lte', [LTE, line(25, 45, { jitterMs: 8, lossRatio: 0.005 })]),
  scenario('satellite', [line(40, 35), line(20, 320, { jitterMs: 20, lossRatio: 0.005 })]),
  scenario('lopsided', [line(50, 20, { up: { rateMbit: 10 } }), line(30, 50, { up: { rateMbit: 20 } })]),
  scenario('bloated', [line(50, 20), line(30, 40, { queueMs: 500 })]),
  scenario('narrow', [line(2, 40), line(1, 80)]),
  scenario('shaky', [line(30, 60, { jitterMs: 40 }), line(30, 60, { jitterMs: 40 })]),
  scenario('tcp', [line(50, 20, { transport: 'tcp' }), line(50, 80, { transport: 'tcp' })]),
  scenario('hole', EQUAL, outage(1)),
  scenario('hole-fast', RATES, outage(1)),
  scenario('hole-slow', RATES, outage(2)),
  scenario('hole-early', EQUAL, [
    { atSecond: 0.3, line: 1, act: 'cut' },
    { atSecond: 5, line: 1, act: 'restore' },
  ]),
  scenario('hole-twice', EQUAL, [
    { atSecond: 3, line: 1, act: 'cut' },
    { atSecond: 4, line: 1, act: 'restore' },
    { atSecond: 7, line: 1, act: 'cut' },
    { atSecond: 9, line: 1, act: 'restore' },
  ]),
  scenario('hole-udp', UDP_TCP, outage(1)),
  scenario('hole-tcp', UDP_TCP, outage(2)),
  scenario('down', EQUAL, outage(1, 'down', 'up')),
  scenario('down-fast', RATES, outage(1, 'down', 'up')),
]
