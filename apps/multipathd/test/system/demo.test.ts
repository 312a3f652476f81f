import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { MULTIPATHD } from './support/daemon.ts'
import { needs } from './support/needs.ts'

const { missing, text } = needs()
const LIMIT_MS = 90_000

/** Runs the demo to its end; answers what it printed. */
function demo(...options: string[]): Promise<{ readonly code: number | null; readonly lines: string[] }> {
  const child = spawn(process.execPath, [MULTIPATHD, 'demo', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LIMIT_MS,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, lines: output.trimEnd().split('\n') }))
  })
}

/** The figure in Mbit/s of the line that begins so. */
function mbitOf(lines: readonly string[], beginning: string): number {
  const line = lines.find((each) => each.startsWith(beginning))
  return Number(/: +([\d.]+) Mbit\/s/.exec(line ?? '')?.[1])
}

// The one spends its time waiting and the other one computing.
describe.concurrent('the demo', () => {
  test.skipIf(missing)(
    `on real links shows more than the best single line ${text}`,
    { timeout: LIMIT_MS },
    async () => {
      const { code, lines } = await demo()
      expect(lines[0]).toContain(
        'encrypted, with real daemons, TUN devices and TCP between two network namespaces',
      )
      const single = mbitOf(lines, 'Best single line')
      const joined = mbitOf(lines, 'All lines together')
      expect(code).toBe(0)
      expect(single).toBeGreaterThan(30)
      expect(joined).toBeGreaterThan(single * 1.2)
    },
  )

  test('in virtual time shows the same figures each time', { timeout: LIMIT_MS }, async (context) => {
    const { code, lines } = await demo('--simulate')
    expect(code).toBe(0)
    expect(lines[0]).toContain('encrypted, emulated in virtual time (as you asked)')
    context.expect(lines.slice(-4)).toMatchInlineSnapshot(`
      [
        "Best single line (dsl, 40 Mbit/s):          37.5 Mbit/s",
        "All lines together (sum 76 Mbit/s):            71.2 Mbit/s  = 1.90 × the best line",
        "After lte was cut (52 Mbit/s left):            48.7 Mbit/s",
        "Longest silence of the download around the cut: 90 ms",
      ]
    `)
  })
})
