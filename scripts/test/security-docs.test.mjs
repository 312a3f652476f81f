import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../lib/files.mjs'

/** Where tests are that the table of threats names without a link. */
const USUAL_FOLDER = 'packages/secure-channel/test'
/** `[name](../file)` or `name.test.ts` in code, and the words behind it up to the next one. */
const NAMED = /(?:\[`[^`]+`\]\(\.\.\/([^)]+)\)|`([\w-]+\.test\.ts)`)(?:: ([^;|`]*))?/g

/** The rows of the table of threats: what it says of tests, in its last column. */
function rows() {
  const text = readFileSync(join(root, 'docs/security.md'), 'utf8')
  const [, section = ''] = /^## 3\. Threats$([^]*?)^## /m.exec(text) ?? []
  const lines = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| (threat|-)/.test(line))
  return lines
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, threat, , tests]) => [threat, tests])
}

test('the table of threats is found', () => {
  expect(rows().length).toBeGreaterThan(20)
})

test.each(rows())('%s: each test that is named exists and has those words', (_threat, tests) => {
  const named = [...tests.matchAll(NAMED)].map(([, link, name, words = '']) => ({
    file: link ?? `${USUAL_FOLDER}/${name}`,
    // What stands in brackets is said of the test, not by it.
    phrases: words
      .replaceAll(/\([^)]*\)/g, '')
      .split(', ')
      .map((phrase) => phrase.trim())
      .filter((phrase) => phrase !== ''),
  }))
  expect(named).not.toEqual([])
  for (const { file, phrases } of named) {
    expect([file, existsSync(join(root, file))]).toEqual([file, true])
    const text = readFileSync(join(root, file), 'utf8')
    expect(phrases.filter((phrase) => !text.includes(phrase))).toEqual([])
  }
})
