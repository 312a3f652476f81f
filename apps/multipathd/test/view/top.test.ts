import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { LoggedEvent } from '../../src/daemon/event-log.ts'
import { History, topScreen } from '../../src/view/top/index.ts'
import { sparkline } from '../../src/view/top/sparkline.ts'
import { widthOf } from '../../src/view/table.ts'
import { path, peer, snapshot, unused } from '../support/snapshots.ts'

const events: LoggedEvent[] = ['lte: normal', 'lte: unstable', 'lte: lost'].map((message, index) => ({
  number: index + 1,
  at: `2026-01-01T09:59:0${index}.000Z`,
  type: 'path-state',
  level: message.endsWith('normal') ? 'info' : 'warn',
  message,
  fields: {},
}))

function historyOf(seconds: number): History {
  const history = new History()
  for (let second = 0; second < seconds; second++) {
    history.add(
      snapshot({ peers: [peer({ paths: [path({ txBps: second * 1e6, rxBps: 0 }), unused('lost')] })] }),
    )
  }
  return history
}

describe('top', () => {
  test('fits into 80 by 24', () => {
    const lines = topScreen(
      { snapshot: snapshot(), history: historyOf(60), events },
      { columns: 80, rows: 24, isColoured: false },
    )
    expect(lines).toHaveLength(24)
    expect(lines.every((line) => widthOf(line) <= 80)).toBe(true)
    expect(lines.slice(0, 6).map((line) => line.trimEnd())).toEqual([
      'mp0: client for 2 h 3 min, encrypted, adaptive                          10:00:00',
      '',
      'server Wj0fzX0Z…: for 2 h 3 min, up 15.0 Mbit/s, down 3.00 Mbit/s, aes-256-gcm',
      'PATH       STATE           UP   DOWN CARRIES     RTT   QUEUE   LOSS TRAFFIC',
      'dsl        normal        12.0   3.00    20.0   24 ms  2.5 ms  0.1 % ▇▇▇█████████',
      'lte        lost             0      0    20.0   24 ms  2.5 ms  0.1 % ▁▁▁▁▁▁▁▁▁▁▁▁',
    ])
    expect(lines.slice(-6).map((line) => line.trimEnd())).toEqual([
      'EVENTS',
      '09:59:00 lte: normal',
      '09:59:01 lte: unstable',
      '09:59:02 lte: lost',
      '',
      'q quit   rates in Mbit/s',
    ])
  })

  test.each([
    [200, 50],
    [80, 24],
    [40, 10],
    [10, 3],
    [1, 1],
  ])('is exactly as large as a terminal of %i by %i', (columns, rows) => {
    const many = snapshot({
      peers: Array.from({ length: 20 }, (_, index) => peer({ name: `client ${index}` })),
    })
    for (const seen of [many, snapshot({ peers: [] }), undefined]) {
      const state = { snapshot: seen, history: historyOf(300), events }
      for (const isColoured of [true, false]) {
        const lines = topScreen(state, { columns, rows, isColoured }).map(stripVTControlCharacters)
        expect(lines).toHaveLength(rows)
        expect(Math.max(...lines.map((line) => widthOf(line)))).toBeLessThanOrEqual(columns)
      }
    }
  })

  test('says how much there is no room for', () => {
    const many = snapshot({
      peers: Array.from({ length: 9 }, (_, index) => peer({ name: `client ${index}` })),
    })
    const text = topScreen(
      { snapshot: many, history: historyOf(0), events },
      { columns: 80, rows: 24, isColoured: false },
    )
    expect(text.join('\n')).toMatch(/… \d+ more lines: make the window higher/)
  })

  test('shows trouble in colours where there are any', () => {
    const state = { snapshot: snapshot(), history: historyOf(2), events }
    const lines = topScreen(state, { columns: 80, rows: 24, isColoured: true })
    expect(lines.find((line) => line.includes('dsl '))).toContain('\u001B[32m')
    expect(lines.find((line) => line.includes('lte  '))).toContain('\u001B[31m')
    expect(lines.find((line) => line.includes('lte: lost'))).toContain('\u001B[33m')
  })
})

test('bars go from nothing to the most', () => {
  expect(sparkline([0, 1, 4, 8, 2])).toBe('▁▂▅█▃')
  expect(sparkline([0, 0])).toBe('▁▁')
  expect(sparkline([])).toBe('')
})

test('a history ends with its path', () => {
  const history = historyOf(300)
  expect(history.of('server Wj0fzX0Z…', 0, 3)).toEqual([297e6, 298e6, 299e6])
  expect(history.of('server Wj0fzX0Z…', 0, 1000)).toHaveLength(240)
  history.add(snapshot({ peers: [peer({ paths: [path({ id: 7 })] })] }))
  expect(history.of('server Wj0fzX0Z…', 0, 3)).toEqual([])
})
