import { expect, test } from 'vitest'
import { filesBelow, readText } from '../lib/files.mjs'

// A merge that goes wrong leaves both versions of a section or of a table behind, and reads like a text all the same.

const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...filesBelow('docs')].filter((path) =>
  path.endsWith('.md'),
)

/** Lines outside of code blocks. */
function prose(path) {
  let isCode = false
  return readText(path)
    .split('\n')
    .filter((line) => {
      if (line.startsWith('```')) isCode = !isCode
      return !isCode
    })
}

/** What stands between the head of a table and its rows. */
const isRule = (line = '') => /^\|[ :|-]+\|$/.test(line)

const repeated = (values) => values.filter((value, index) => values.indexOf(value) !== index)

test.each(documents)('%s has each section once', (path) => {
  expect(repeated(prose(path).filter((line) => /^##? /.test(line)))).toEqual([])
})

test.each(documents)('each table in %s has one head', (path) => {
  const lines = prose(path)
  // Two lines above the rule that follows a head there is no row of a table.
  const second = lines.filter((line, at) => isRule(lines[at + 1]) && lines[at - 1]?.startsWith('|'))
  expect(second).toEqual([])
})

test('the glossary explains a word once in each section', () => {
  const sections = readText('docs/glossary.md').split(/^## /m).slice(1)
  for (const section of sections) {
    const words = [...section.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, word]) => word)
    expect(repeated(words)).toEqual([])
  }
})
