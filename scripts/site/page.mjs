import { posix } from 'node:path'
import { escapeHtml } from './markdown.mjs'

/** The way from one page to another one. */
export const relative = (from, to) => posix.relative(posix.dirname(from), to)

/** A whole page: `nav` is a list of `{ title, links: [{ title, path }] }`. */
export function page({ path, title, body, nav }) {
  const href = (to) => escapeHtml(encodeURI(relative(path, to)))
  const item = (link) => {
    const here = link.path === path ? ' aria-current="page"' : ''
    return `<li><a href="${href(link.path)}"${here}>${escapeHtml(link.title)}</a></li>`
  }
  const groups = nav
    .map((group) => `<h2>${escapeHtml(group.title)}</h2>\n<ul>${group.links.map(item).join('\n')}</ul>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · multipathd</title>
<link rel="stylesheet" href="${href('style.css')}">
</head>
<body>
<input type="checkbox" id="menu" aria-label="show all pages">
<header><label for="menu">☰ <span>all pages</span></label> <a href="${href('index.html')}">multipathd</a></header>
<nav>
${groups}
</nav>
<main>
${body}
</main>
</body>
</html>
`
}
