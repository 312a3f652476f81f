import { existsSync } from 'node:fs'
import { join } from 'node:path'
import GithubSlugger from 'github-slugger'
import { readJson, root } from '../lib/files.mjs'
import { exportsOf } from './exports.mjs'

/** The page of a package's exports, as markdown: every one with its comment and its declaration. */
export function apiMarkdown(folder) {
  const { name, exports } = readJson(`${folder}/package.json`)
  const title = `${name}: every export`
  const slugger = new GithubSlugger()
  slugger.slug(title)
  const parts = Object.entries(exports).map(([subpath, { types }]) =>
    entryMarkdown(`${name}${subpath.slice(1)}`, join(root, folder, types), slugger),
  )
  return `# ${title}\n\n[What the package is for](README.md)\n\n${parts.join('\n\n')}\n`
}

/** `slugger` has seen all headings above, so that it gives the anchors that those here will have. */
function entryMarkdown(name, file, slugger) {
  if (!existsSync(file)) throw new Error(`${file} is not there: run \`pnpm build\` first`)
  const all = exportsOf(file)
  slugger.slug(name)
  const anchors = new Map(all.map((each) => [each.name, slugger.slug(each.name)]))
  return [`## ${name}`, ...all.map((each) => exportMarkdown(each, anchors))].join('\n\n')
}

function exportMarkdown({ name, declarations, from }, anchors) {
  const parts = declarations.map(
    ({ comment, code }) => `${commentMarkdown(comment, anchors)}\n\n\`\`\`ts\n${code}\n\`\`\``,
  )
  const taken = from === undefined ? [] : [`As in \`${from}\`.`]
  return [`### ${name}`, ...taken, ...parts].join('\n\n')
}

/** The comment with its tags as words, and links to exports of the same entry. */
function commentMarkdown(comment, anchors) {
  return comment
    .replaceAll(/\{@link (\w+)([^}]*)\}/g, (_, name, member) =>
      anchors.has(name) ? `[\`${name}${member}\`](#${anchors.get(name)})` : `\`${name}${member}\``,
    )
    .replaceAll(/^@param (\w+) /gm, '\n`$1`: ')
    .replaceAll(/^@returns /gm, '\nReturns ')
    .replaceAll(/^@throws /gm, '\nThrows ')
}
