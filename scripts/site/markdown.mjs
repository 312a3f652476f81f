import GithubSlugger from 'github-slugger'
import { Marked } from 'marked'

/** Text that may stand in HTML, in an attribute too. */
export const escapeHtml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }

/**
 * Markdown as HTML. Headings get the anchors that GitHub gives them, and `rewrite` says where a link leads.
 */
export function toHtml(markdown, rewrite) {
  const slugger = new GithubSlugger()
  const renderer = {
    heading({ tokens, depth }) {
      const plain = this.parser.parseInline(tokens, this.parser.textRenderer)
      const id = slugger.slug(plain.replaceAll(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity]))
      const inside = this.parser.parseInline(tokens)
      return `<h${depth} id="${escapeHtml(id)}">${inside} <a class="anchor" href="#${escapeHtml(id)}" aria-label="link to here">#</a></h${depth}>\n`
    },
    table(token) {
      // A wide table scrolls by itself instead of the page.
      return `<div class="wide">${tableOf.call(this, token)}</div>\n`
    },
    link({ href, tokens }) {
      return `<a href="${escapeHtml(rewrite(href))}">${this.parser.parseInline(tokens)}</a>`
    },
  }
  return new Marked({ gfm: true, async: false }).use({ renderer }).parse(markdown)
}

function tableOf({ header, rows }) {
  const row = (cells, tag) =>
    `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>`
  const body = rows.map((cells) => row(cells, 'td')).join('\n')
  return `<table>\n<thead>${row(header, 'th')}</thead>\n<tbody>\n${body}\n</tbody>\n</table>`
}

/** The text of the first heading, without its marks. */
export const titleOf = (markdown) => /^# (.*)$/m.exec(markdown)?.[1].replaceAll('`', '')
