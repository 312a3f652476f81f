import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config/index.ts'

const GUIDES = new URL('../../../../docs/guides/', import.meta.url)

/** The configs of the guides: blocks of `jsonc` whose first line is a comment with the name of the file. */
const configs = readdirSync(GUIDES).flatMap((guide) => {
  const text = readFileSync(new URL(guide, GUIDES), 'utf8')
  const blocks = [...text.matchAll(/^```jsonc?\n([^]*?)^```$/gm)].map(([, block = '']) => block)
  return blocks.map((block) => ({ guide, file: /^\/\/ (\w+\.json)\n/.exec(block)?.[1], block }))
})

test('the guides have configs of both sides', () => {
  const files = configs.map(({ file }) => file)
  expect(new Set(files)).toEqual(new Set(['client.json', 'server.json']))
  expect(files.length).toBeGreaterThanOrEqual(8)
})

test.each(configs)('$guide: its $file is accepted', ({ file, block }) => {
  expect(parseConfig(block, { role: file === 'server.json' ? 'server' : 'client' })).toHaveProperty('config')
})
