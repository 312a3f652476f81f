import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { longCFunctions, longFiles } from '../check-sizes.mjs'
import { root } from '../lib/files.mjs'

const lines = (count, text = '  x();') => Array.from({ length: count }, () => text).join('\n')

test('a file of 401 lines is too long, one of 400 is not', () => {
  const files = [
    { path: 'a.ts', text: `${lines(400)}\n` },
    { path: 'b.ts', text: `${lines(401)}\n` },
  ]
  expect(longFiles(files)).toEqual(['b.ts: 401 lines, at most 400'])
})

test('C functions are measured from their head to their brace', () => {
  const text = `#include <stdio.h>
static const int table[] = {
${lines(60, '  1,')}
};
static int brief(void) {
${lines(48)}
}
static int spread(
    int a) {
${lines(48)}
}
/* long: one case for each kind */
int excused(int a) {
${lines(60)}
}
int brace_below(void)
{
${lines(60)}
}
`
  const found = longCFunctions({ path: 'a.c', text })
  expect(found.map((fault) => fault.replace(/^a\.c:\d+: /, ''))).toEqual([
    'a function of 51 lines, at most 50',
    'a function of 63 lines, at most 50',
  ])
})

test('the linter rule counts every line of a function', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sizes-'))
  try {
    writeFileSync(
      join(folder, 'a.mjs'),
      `export function a() {\n${lines(48)}\n}\nexport function b() {\n${lines(49)}\n}\n`,
    )
    const args = ['-c', join(root, 'scripts/sizes.oxlintrc.json'), '-f', 'json', folder]
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), args, { encoding: 'utf8' })
    const { diagnostics } = JSON.parse(stdout)
    expect(diagnostics.map(({ message }) => message)).toEqual([
      expect.stringContaining('too many lines (51)'),
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
