import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesBelow } from '../lib/files.mjs'
import { writeSite } from '../site.mjs'
import { exportsOf } from '../site/exports.mjs'
import { brokenLinks } from '../site/links.mjs'
import { toHtml } from '../site/markdown.mjs'

let folder
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'multipathd-site-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (path) => readFileSync(join(folder, path), 'utf8')

describe('the site', () => {
  test('is written, and every link in it leads somewhere', () => {
    expect(writeSite(folder)).toBeGreaterThan(50)
  })

  test('has every document, and the README and the exports of every package', () => {
    const documents = filesBelow('docs').filter((file) => file.endsWith('.md'))
    const index = read('index.html')
    const paths = [
      ...documents,
      ...filesBelow('packages').filter((file) => /^[^/]+\/[^/]+\/README\.md$/.test(file)),
    ]
    expect(paths.length).toBeGreaterThan(35)
    for (const path of paths) {
      const page = path.replace(/README\.md$/, 'index.html').replace(/\.md$/, '.html')
      expect(index).toContain(`href="${page}"`)
    }
    for (const name of ['DialOptions', 'Scheduler', 'PacketPool']) {
      expect(read('packages/interface/api.html')).toContain(`<h3 id="${name.toLowerCase()}">${name} `)
    }
    expect(read('packages/testkit/api.html')).toContain('@mp/testkit/conformance')
  })

  test('asks nothing of the network and runs no script', () => {
    for (const page of ['index.html', 'docs/protocol.html', 'packages/tunnel/api.html']) {
      expect(read(page)).not.toMatch(/<script|\ssrc=|<link[^>]+href="\w+:/)
    }
    expect(read('style.css')).not.toMatch(/@import|url\(/)
  })
})

test('a link to a page or a heading that is not there is named', () => {
  const pages = new Map([
    [
      'a.html',
      '<a href="b/c.html#here">x</a><a href="b/c.html#gone">x</a><a href="https://example.net/">x</a>',
    ],
    ['b/c.html', '<h2 id="here">x</h2><a href="../a.html">x</a><a href="d.html">x</a><a href="#nope">x</a>'],
  ])
  expect(brokenLinks(pages)).toEqual([
    'a.html: b/c.html has no heading "#gone", to which "b/c.html#gone" leads',
    'b/c.html: there is no page b/d.html, to which "d.html" leads',
    'b/c.html: b/c.html has no heading "#nope", to which "#nope" leads',
  ])
})

test('headings have the anchors of GitHub, and links go where they are sent', () => {
  const html = toHtml('## `a` & b: *c*\n\n## Twice\n\n## Twice\n\n[x](y.md "t")', (href) => `to/${href}`)
  expect([...html.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id)).toEqual(['a--b-c', 'twice', 'twice-1'])
  expect(html).toContain('<a href="to/y.md">x</a>')
})

test('exports are found through files, with their comments and without what is private', () => {
  const files = {
    'index.d.ts': `export * from './all.ts'
export { Sheep as Animal, type Wool } from './sheep.ts'
export type { Cow } from '@mp/farm'
`,
    'all.d.ts': `/** How many. */
export declare const COUNT: number;
declare const hidden: number;
export {};
`,
    'sheep.d.ts': `/** Grows {@link Wool}. */
export declare class Sheep {
    #private;
    private shear;
    /** Makes a noise. */
    baa(): void;
}
export interface Wool {}
export interface Unexported {}
`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  expect(exportsOf(join(folder, 'index.d.ts'))).toEqual([
    {
      name: 'Animal',
      declarations: [
        {
          comment: 'Grows {@link Wool}.',
          code: 'class Sheep {\n    /** Makes a noise. */\n    baa(): void;\n}',
        },
      ],
    },
    { name: 'COUNT', declarations: [{ comment: 'How many.', code: 'const COUNT: number;' }] },
    { name: 'Cow', declarations: [], from: '@mp/farm' },
    { name: 'Wool', declarations: [{ comment: '', code: 'interface Wool {}' }] },
  ])
})
