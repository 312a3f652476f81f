// Writes the site: all documents, the README and every export of each package, as plain HTML that needs no network and
// no script. A link or an anchor that leads nowhere is an error.
//
//     node scripts/site.mjs [FOLDER]        default: site
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMain, readText, root } from './lib/files.mjs'
import { apiMarkdown } from './site/api.mjs'
import { brokenLinks } from './site/links.mjs'
import { escapeHtml, titleOf, toHtml } from './site/markdown.mjs'
import { page, relative } from './site/page.mjs'

const markdownIn = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)

/** What the site is made of: groups of `{ source, path, title, text }`, of which `source` is a file of the repository. */
function contents() {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
  const documented = packages.filter((folder) => existsSync(join(root, folder, 'README.md')))
  // The guides in the order of their list.
  const guides = [...readText('docs/guides/README.md').matchAll(/^- \[.*?\]\((.*?)\)/gm)].map(
    ([, name]) => `docs/guides/${name}`,
  )
  return [
    {
      title: 'multipathd',
      pages: [written('README.md', 'index.html'), written('CONTRIBUTING.md'), written('SECURITY.md')],
    },
    { title: 'Guides', pages: ['docs/guides/README.md', ...guides].map((source) => written(source)) },
    { title: 'Documents', pages: markdownIn('docs').map((source) => written(source)) },
    { title: 'Packages', pages: documented.map(readme) },
    { title: 'Every export', pages: documented.map(exported) },
  ]
}

function written(source, path = pathOf(source)) {
  const text = readText(source)
  return { source, path, title: titleOf(text), text }
}

function readme(folder) {
  const document = written(`${folder}/README.md`)
  return { ...document, text: `${document.text}\n[Every export of it](api.md)\n` }
}

function exported(folder) {
  const text = apiMarkdown(folder)
  return { source: `${folder}/api.md`, path: `${folder}/api.html`, title: titleOf(text).split(':')[0], text }
}

const pathOf = (source) => source.replace(/README\.md$/, 'index.html').replace(/\.md$/, '.html')

/** All files of the site: a Map from path to text. */
export function buildSite() {
  const groups = contents()
  const nav = groups.map(({ title, pages }) => ({ title, links: pages }))
  const known = new Map(groups.flatMap(({ pages }) => pages).map((each) => [each.source, each]))
  const files = new Map()
  // Files and folders that are linked become pages, too; the set grows while it is walked.
  const linked = new Set()
  for (const { source, path, title, text } of known.values()) {
    const body = toHtml(text, (href) => rewritten(href, { source, path, known, linked }))
    files.set(path, page({ path, title, body, nav }))
  }
  for (const source of linked) {
    const path = sourcePath(source)
    files.set(path, page({ path, title: source, body: sourceBody(source, path, linked), nav }))
  }
  return files
}

/** Where the link `href` in the document `source` leads on the site. */
function rewritten(href, { source, path, known, linked }) {
  if (/^([a-z][a-z\d+.-]*:|#)/i.test(href)) return href
  const [file, anchor] = href.split('#')
  const target = posix.join(posix.dirname(source), file).replace(/\/$/, '')
  const suffix = anchor === undefined ? '' : `#${anchor}`
  const there = known.get(target) ?? known.get(posix.join(target, 'README.md'))
  if (there !== undefined) return relative(path, there.path) + suffix
  // What is not there is left as it is, for the check of the links.
  if (!existsSync(join(root, target))) return href
  linked.add(target)
  return encodeURI(relative(path, sourcePath(target))) + suffix
}

const isFolder = (source) => statSync(join(root, source)).isDirectory()

const sourcePath = (source) => (isFolder(source) ? `${source}/index.html` : `${source}.html`)

/** A file as it is, or what is in a folder. */
function sourceBody(source, path, linked) {
  const heading = `<h1>${escapeHtml(source)}</h1>`
  if (!isFolder(source)) return `${heading}\n<pre><code>${escapeHtml(readText(source))}</code></pre>`
  const files = readdirSync(join(root, source))
    .map((name) => posix.join(source, name))
    .filter((each) => !isFolder(each))
  for (const each of files) linked.add(each)
  const items = files.map(
    (each) =>
      `<li><a href="${escapeHtml(encodeURI(relative(path, sourcePath(each))))}">${escapeHtml(posix.basename(each))}</a></li>`,
  )
  return `${heading}\n<ul>${items.join('\n')}</ul>`
}

const STYLE = fileURLToPath(new URL('site/style.css', import.meta.url))

/** Writes the site into `folder`. Throws Error, and writes nothing, when a link is broken. */
export function writeSite(folder) {
  const files = buildSite().set('style.css', readFileSync(STYLE, 'utf8'))
  const broken = brokenLinks(files)
  if (broken.length > 0) throw new Error(`broken links:\n  ${broken.join('\n  ')}`)
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return files.size
}

if (isMain(import.meta.url)) {
  const folder = process.argv[2] ?? join(root, 'site')
  try {
    console.log(`${writeSite(folder)} files in ${folder}`)
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
