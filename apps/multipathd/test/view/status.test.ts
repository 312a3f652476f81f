import { describe, expect, test } from 'vitest'
import { peersText } from '../../src/view/peers-text.ts'
import { statusText } from '../../src/view/status-text.ts'
import { fit, printable, table } from '../../src/view/table.ts'
import { byteCount, mbit, milliseconds, percent, span } from '../../src/view/units.ts'
import { path, peer, snapshot } from '../support/snapshots.ts'

describe('the status of', () => {
  test('a client has a row for each path', () => {
    expect(`\n${statusText(snapshot({ drops: { 'no-path': 1, 'queue-full': 20, closed: 0 } })).join('\n')}\n`)
      .toBe(`
mp0: client for 2 h 3 min, encrypted, adaptive

server Wj0fzX0Z…: for 2 h 3 min, up 15.0 Mbit/s, down 3.00 Mbit/s, aes-256-gcm
PATH  STATE     UP  DOWN  CARRIES    RTT   QUEUE   LOSS  SHARE  REMOTE
dsl   normal  12.0  3.00     20.0  24 ms  2.5 ms  0.1 %   80 %  198.51.100.7:5000
lte   lost       0     0     20.0  24 ms  2.5 ms  0.1 %    0 %  198.51.100.7:5000

Dropped: queue-full 20, no-path 1
`)
  })

  test('a server says who is not here, and what is not known is a dash', () => {
    const bare = path({ txBps: null, rxBps: null, txShare: null, capacityBps: null, queueDelayMs: null })
    const seen = snapshot({
      peers: [peer({ name: 'home', established: false, paths: [bare] })],
      absentPeers: ['laptop', 'phone'],
    })
    const { daemon } = seen
    const lines = statusText({ ...seen, daemon: { ...daemon, role: 'server', encryption: null } })
    expect(`\n${lines.join('\n')}\n`).toBe(`
mp0: server for 2 h 3 min, NOT ENCRYPTED, adaptive

home: looking for it
PATH  STATE   UP  DOWN  CARRIES    RTT  QUEUE   LOSS  SHARE  REMOTE
dsl   normal   –     –        –  24 ms      –  0.1 %      –  198.51.100.7:5000

Not here: laptop, phone
`)
  })

  test('one peer is that of no other', () => {
    const both = snapshot({
      peers: [peer({ name: 'home' }), peer({ name: 'laptop' })],
      absentPeers: ['phone'],
    })
    const text = statusText(both, 'laptop').join('\n')
    expect(text).toContain('laptop: for 2 h')
    expect(text).not.toMatch(/home|phone/)
  })

  test('nobody can move the cursor by a name', () => {
    const text = statusText(
      snapshot({ peers: [peer({ name: 'a\u001B[2Jb', paths: [path({ name: 'x\ny' })] })] }),
    ).join('\n')
    expect(text).toContain('a?[2Jb: for')
    expect(text).toContain('x?y ')
  })
})

test('peers have a row each, those that are not here last', () => {
  const seen = snapshot({ peers: [peer({ name: 'home' })], absentPeers: ['laptop'] })
  expect(`\n${peersText(seen).join('\n')}\n`).toBe(`
PEER    HERE FOR   PATHS     UP  DOWN     SENT  RECEIVED  BEST RTT  CIPHER
home    2 h 3 min  1 of 2  15.0  3.00  1.50 MB    250 kB     24 ms  aes-256-gcm
laptop  not here
`)
  expect(peersText(snapshot({ peers: [] }))).toEqual(['no peers'])
})

describe('figures', () => {
  test.each([
    [
      mbit,
      [null, 0, 4000, 12_340, 9.87e6, 12.34e6, 1.234e9],
      ['–', '0', '0', '0.01', '9.87', '12.3', '1234'],
    ],
    [milliseconds, [null, 0.25, 9.96, 120.4, 1500], ['–', '0.3 ms', '10.0 ms', '120 ms', '1.5 s']],
    [
      percent,
      [null, 0, 1e-9, 0.0005, 0.012, 0.5, 1],
      ['–', '0 %', '0 %', '<0.1 %', '1.2 %', '50 %', '100 %'],
    ],
    [byteCount, [0, 999, 1000, 1_234_567, 5e12], ['0 B', '999 B', '1.00 kB', '1.23 MB', '5.00 TB']],
    [span, [0, 59_999, 60_000, 3_600_000, 90_000_000], ['0 s', '59 s', '1 min', '1 h 0 min', '1 d 1 h']],
  ] as const)('%o are short', (format, values, texts) => {
    expect(values.map((value) => format(value as number))).toEqual(texts)
  })
})

test('tables and fields are as wide as they are', () => {
  expect(
    table(
      [{ title: 'A' }, { title: 'B', align: 'right' }],
      [
        ['xyz', '1'],
        ['x', '100'],
      ],
    ),
  ).toEqual(['A      B', 'xyz    1', 'x    100'])
  expect([fit('abc', 5), fit('abc', 5, 'right'), fit('abcdef', 4), fit('abc', 0)]).toEqual([
    'abc  ',
    '  abc',
    'abc…',
    '',
  ])
  expect(printable('grüß\u202Egott\r')).toBe('grüß?gott?')
})
