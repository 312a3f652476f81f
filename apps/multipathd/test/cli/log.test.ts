import { describe, expect, test } from 'vitest'
import { simRuntime } from '@mp/testkit'
import { createLog } from '../../src/cli/log.ts'
import type { LogOptions } from '../../src/cli/log.ts'
import { RepeatFilter } from '../../src/cli/repeat-filter.ts'

function collect(
  isTTY: boolean,
  options: LogOptions = {},
): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = []
  const output = { isTTY, write: (text: string) => lines.push(text) }
  return { lines, log: createLog(output, options) }
}

describe('the log', () => {
  test('is one JSON object a line where no terminal is', () => {
    const { lines, log } = collect(false)
    log.info('path is up', { path: 'dsl', rttMs: 12.5 })
    log.warn('path is down')
    log.error('no path is left')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        path: 'dsl',
        rttMs: 12.5,
        msg: 'path is up',
      },
      { level: 'warn', time: expect.any(String), msg: 'path is down' },
      { level: 'error', time: expect.any(String), msg: 'no path is left' },
    ])
    expect(lines.every((line) => line.endsWith('\n'))).toBe(true)
  })

  test('is short lines at a terminal', () => {
    const { lines, log } = collect(true)
    log.info('path is up', { path: 'dsl', rttMs: 12.5 })
    log.warn('path is down')
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d info {2}path is up path=dsl rttMs=12.5\n$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}path is down\n$/),
    ])
  })

  test('takes the form it is told to take', () => {
    const json = collect(true, { format: 'json' })
    json.log.info('x')
    expect(json.lines[0]).toMatch(/^{/)
    const text = collect(false, { format: 'text' })
    text.log.info('x')
    expect(text.lines[0]).toMatch(/info {2}x/)
  })

  test.each([
    ['info', ['a', 'b', 'c']],
    ['warn', ['b', 'c']],
    ['error', ['c']],
  ] as const)('leaves out what is below %s', (level, expected) => {
    const { lines, log } = collect(false, { level })
    log.info('a')
    log.warn('b')
    log.error('c')
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expected)
  })

  test('leaves out others from the next line on when it is told so', () => {
    const { lines, log } = collect(true, { level: 'error' })
    log.warn('a')
    log.setLevel('warn')
    log.warn('b')
    log.setLevel('error')
    log.warn('c')
    expect(lines).toEqual([expect.stringMatching(/ b\n$/)])
  })

  test('does not say to people twice what the message says', () => {
    const { lines, log } = collect(true)
    log.warn('lte: lost: timeouts', { path: 'lte', reason: 'timeouts', peer: 'home', empty: '' })
    expect(lines[0]).toMatch(/ lte: lost: timeouts peer=home empty=\n$/)
  })
})

/** A filter and all that it said. */
function filtered() {
  const runtime = simRuntime()
  const said: string[] = []
  const say =
    (level: string) =>
    (message: string, fields?: object): void => {
      said.push(`${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`)
    }
  const inner = { info: say('info'), warn: say('warn'), error: say('error'), setLevel: () => {} }
  const log = new RepeatFilter(inner, runtime)
  return { runtime, said, log }
}

describe('lines that repeat themselves', () => {
  test('are said five times in ten seconds and then summed up, with the fields of the last', async () => {
    const { runtime, said, log } = filtered()
    for (let times = 0; times < 30; times++) log.warn('lte: lost', { times })
    log.info('dsl: normal')
    expect(said).toHaveLength(6)
    await runtime.advance(10_000)
    expect(said.slice(6)).toEqual(['warn … 25 more in 10 s: lte: lost {"times":29}'])
    log.warn('lte: lost')
    expect(said.at(-1)).toBe('warn lte: lost')
    await runtime.advance(60_000)
    expect(said).toHaveLength(8)
  })

  test('are said at the end, and cost only so much of all kinds', () => {
    const { said, log } = filtered()
    for (let kind = 0; kind < 10_000; kind++) log.info(`kind ${kind}`)
    expect(said).toHaveLength(2000)
    log.flush()
    expect(said.slice(2000)).toEqual(['info … 8000 more in 10 s: other lines'])
    log.flush()
    expect(said).toHaveLength(2001)
  })
})
