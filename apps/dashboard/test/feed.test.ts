import { describe, expect, test } from 'vitest'
import { stacked } from '../src/charts/series.ts'
import { History, WINDOW_SECONDS } from '../src/feed/history.ts'
import { joined, lossRatio } from '../src/feed/readings.ts'
import { Store } from '../src/feed/store.ts'
import { event, path, peer, snapshot } from './snapshots.ts'

const moments = (...seconds: readonly number[]) =>
  seconds.map((second) => snapshot(second, [peer('a', [path(0)])]))

describe('the history', () => {
  test('has a point a second for each path, and no more than the window', () => {
    const history = new History()
    for (let second = 1000; second < 1000 + 2 * WINDOW_SECONDS; second++)
      history.add(snapshot(second, [peer('a', [path(0, { rttMs: second })])]))
    const { seconds, tracks } = history.of('a')
    expect(seconds).toHaveLength(WINDOW_SECONDS + 1)
    expect(tracks[0]!.columns.rttMs).toEqual(seconds)
  })

  test('has a gap where nothing was heard, and begins anew when the clock was set back', () => {
    const history = new History()
    for (const second of [100, 101, 130]) history.add(snapshot(second, [peer('a', [path(0)])]))
    expect(history.of('a').seconds).toEqual([100, 101, 102, 130])
    expect(history.of('a').tracks[0]!.columns.rxBps).toEqual([2e6, 2e6, null, 2e6])
    history.add(snapshot(50, [peer('a', [path(0)])]))
    expect(history.of('a').seconds).toEqual([50])
  })

  test('begins with what the daemon remembers, and fills the time without a connection with it', () => {
    const history = new History()
    history.fill(moments(100, 105, 110))
    history.add(snapshot(112, [peer('a', [path(0)])]))
    expect(history.of('a').seconds).toEqual([100, 105, 110, 112])
    history.fill(moments(105, 110, 115, 120))
    expect(history.of('a').seconds).toEqual([100, 105, 110, 112, 115, 120])
  })

  test('takes the later one of two of the same moment, as the first may have no rates', () => {
    const history = new History()
    history.fill(moments(100))
    history.add(snapshot(105, [peer('a', [path(0, { rxBps: null })])]))
    history.add(snapshot(105, [peer('a', [path(0)])]))
    expect(history.of('a').seconds).toEqual([100, 105])
    expect(history.of('a').tracks[0]!.columns.rxBps).toEqual([2e6, 2e6])
  })

  test('lets paths come and go, and forgets peers that are gone', () => {
    const history = new History()
    history.add(snapshot(1, [peer('a', [path(0), path(1)]), peer('b', [path(0)])]))
    history.add(snapshot(2, [peer('a', [path(1), path(2)])]))
    const { tracks } = history.of('a')
    expect(tracks.map(({ id, columns }) => [id, columns.rxBps])).toEqual([
      [1, [2e6, 2e6]],
      [2, [null, 2e6]],
    ])
    expect(history.of('b').seconds).toEqual([])
  })

  test('has no delays of a path that is lost', () => {
    const history = new History()
    history.add(snapshot(1, [peer('a', [path(0, { state: 'lost', rxBps: 0 })])]))
    const { columns } = history.of('a').tracks[0]!
    expect([columns.rttMs, columns.queueDelayMs, columns.rxBps, columns.lossRatio]).toEqual([
      [null],
      [null],
      [0],
      [1],
    ])
  })
})

describe('readings', () => {
  test('of loss take what says more', () => {
    expect(lossRatio(path(0, { probeLossRatio: 0.1, radioLossRatio: 0.02 }))).toBe(0.1)
    expect(lossRatio(path(0, { congestionLossRatio: 0.01, radioLossRatio: 0.02 }))).toBeCloseTo(0.03)
    expect(lossRatio(path(0, { congestionLossRatio: null, radioLossRatio: null }))).toBe(0)
  })

  test('of all lines together say how much better they are than the best one', () => {
    const lines = [path(0, { rxBps: 3e6 }), path(1, { rxBps: 6e6 }), path(2, { rxBps: null })]
    const { parts, ...sums } = joined(peer('a', lines), 'rxBps')!
    expect(sums).toEqual({ sumBps: 9e6, bestBps: 6e6, bestName: 'path1', ratio: 1.5 })
    expect(parts.map(({ id }) => id)).toEqual([1, 0])
    expect(parts.reduce((sum, { ratio }) => sum + ratio, 0)).toBeCloseTo(1)
  })

  test('of idle lines compare nothing', () => {
    expect(joined(peer('a', [path(0, { rxBps: 900 }), path(1, { rxBps: 0 })]), 'rxBps')?.ratio).toBeNull()
    expect(joined(peer('a', [path(0, { rxBps: 0 })]), 'rxBps')?.parts).toEqual([{ id: 0, ratio: 0 }])
    expect(joined(peer('a', []), 'rxBps')).toBeUndefined()
  })
})

describe('the store', () => {
  test('keeps each event once, the newest first, also over a restart of the daemon', () => {
    const store = new Store()
    store.onEvents([event(1, 10), event(2, 20)])
    store.onEvents([event(1, 10), event(2, 20), event(3, 30)])
    store.onEvents([event(1, 40)])
    expect(store.state.events.map(({ message }) => message)).toEqual([
      'event 1',
      'event 3',
      'event 2',
      'event 1',
    ])
  })

  test('has an end', () => {
    const store = new Store()
    for (let number = 0; number < 1000; number++) store.onEvents([event(number, number)])
    expect(store.state.events).toHaveLength(200)
    expect(store.state.events[0]!.message).toBe('event 999')
  })

  test('tells of what changed, and not of what did not', () => {
    const store = new Store()
    let told = 0
    store.subscribe(() => told++)
    store.onLink('connecting')
    expect(told).toBe(0)
    store.onLink('live')
    expect(told).toBe(1)
  })
})

test('stacked columns add up, and are gaps where nothing is known', () => {
  expect(
    stacked([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([
    [1, null, null],
    [3, 3, null],
  ])
})
