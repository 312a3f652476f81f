import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/cli/log.ts'

function collect(isTTY: boolean, tty?: boolean): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = []
  const output = { isTTY, write: (text: string) => lines.push(text) }
  return { lines, log: createLog(output, tty === undefined ? {} : { tty }) }
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
    const { lines, log } = collect(true, false)
    log.info('x')
    expect(lines[0]).toMatch(/^{/)
  })
})
