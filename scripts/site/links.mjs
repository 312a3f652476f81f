import { posix } from 'node:path'

const isOutside = (href) => /^[a-z][a-z\d+.-]*:/i.test(href)

/** What is wrong with the links among `pages` (a Map from path to HTML): a sentence each. */
export function brokenLinks(pages) {
  const anchors = new Map([...pages].map(([path, html]) => [path, anchorsOf(html)]))
  return [...pages].flatMap(([path, html]) =>
    [...html.matchAll(/ href="([^"]*)"/g)].flatMap(([, attribute]) => {
      const href = decodeURI(attribute.replaceAll('&amp;', '&'))
      if (isOutside(href)) return []
      const [file, anchor] = href.split('#')
      const target = file === '' ? path : posix.join(posix.dirname(path), file)
      if (!anchors.has(target)) return [`${path}: there is no page ${target}, to which "${href}" leads`]
      if (anchor === undefined || anchors.get(target).has(anchor)) return []
      return [`${path}: ${target} has no heading "#${anchor}", to which "${href}" leads`]
    }),
  )
}

const anchorsOf = (html) => new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id))
