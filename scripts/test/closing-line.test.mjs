import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url).pathname
let folder = ''

beforeEach(() => {
  // Inside the repository, so that the files find vitest.
  folder = mkdtempSync(join(root, 'node_modules/.closing-line-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Runs vitest with the reporter over files given as text; answers its exit code and the lines it printed. */
function run(sources) {
  for (const [index, source] of sources.entries()) {
    const imports = "import { afterAll, beforeAll, describe, test } from 'vitest'\n"
    writeFileSync(join(folder, `${index}.test.mjs`), imports + source)
  }
  writeFileSync(join(folder, 'vitest.config.mjs'), "export default { test: { include: ['*.test.mjs'] } }\n")
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const reporter = join(root, 'scripts/closing-line.mjs')
  return new Promise((resolve) => {
    const args = [vitest, 'run', '--root', folder, `--reporter=${reporter}`]
    const child = execFile(process.execPath, args, (_error, stdout) => {
      resolve({ code: child.exitCode, lines: stdout.trim().split('\n') })
    })
  })
}

test('counts every kind of failure that a run can hide, and exits 1', async () => {
  const { code, lines } = await run([
    "test('passes', () => {}); test('fails', () => { throw new Error('x') })",
    "import './missing.mjs'\ntest('never loaded', () => {})",
    "describe('s', () => { beforeAll(() => { throw new Error('x') }); test('not run', () => {}) })",
    "afterAll(() => { throw new Error('x') }); test('passes', () => {})",
    `test('passes, and leaves an error that nobody catches', async () => {
       Promise.reject(new Error('x'))
       await new Promise((resolve) => { setTimeout(resolve, 20) })
     })`,
  ])
  expect(lines.at(-1)).toBe('3 passed, 5 failed, 1 skipped')
  expect(code).toBe(1)
})

test('lists skipped tests by what they lack, and a run without failures exits 0', async () => {
  const { code, lines } = await run([
    `describe.skipIf(true)('a tunnel [needs root, tun]', () => { test('a', () => {}); test('b', () => {}) })
     test.skipIf(true)('speed [needs iperf3]', () => {})
     describe('an offload [needs root]', () => { test.skipIf(true)('of a card [needs ethtool]', () => {}) })
     test('c', () => {})`,
  ])
  expect(lines.slice(-4)).toEqual([
    'skipped for want of: root, tun (2)',
    'skipped for want of: iperf3 (1)',
    'skipped for want of: root, ethtool (1)',
    '1 passed, 0 failed, 4 skipped',
  ])
  expect(code).toBe(0)
})

test('a run that finds no test says so and fails', async () => {
  const { code, lines } = await run([])
  expect(lines.at(-1)).toBe('0 passed, 0 failed, 0 skipped')
  expect(code).toBe(1)
})
