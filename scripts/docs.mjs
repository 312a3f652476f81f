// Writes what is generated from the code: the README of each package from the module comment of its src/index.ts,
// the JSON Schema of the config, and the config reference in the root README.
//
//     node scripts/docs.mjs            writes what changed
//     node scripts/docs.mjs --check    exits 1 and names what would change
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMain, readJson, readText, root } from './lib/files.mjs'

const CONFIG_MARKERS = ['<!-- config:begin -->', '<!-- config:end -->']

/** The text of the module comment, without its markers; undefined when there is none. */
export function moduleComment(source) {
  const [, comment] = /^\s*\/\*\*([\s\S]*?)\*\//.exec(source) ?? []
  if (comment === undefined || !comment.includes('@packageDocumentation')) return undefined
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  return lines
    .join('\n')
    .replace('@packageDocumentation', '')
    .replaceAll(/\{@link ([^}|]+)\}/g, '`$1`')
    .trim()
}

/** What to install to use a package as its comment shows: it, and what the examples import besides. */
function neededBy(name, comment) {
  const imported = [...comment.matchAll(/^import .* from '(@mp\/[^/']+)/gm)].map(([, specifier]) => specifier)
  return [
    name,
    ...[...new Set(imported)].filter((each) => each !== name).toSorted((a, b) => (a < b ? -1 : 1)),
  ]
}

/** The README of a package. */
export function packageReadme({ name, description }, comment) {
  return `# ${name}

${description}

\`\`\`
npm install ${neededBy(name, comment).join(' ')}
\`\`\`

${comment}

---

Part of [multipathd](../../README.md); see [how the packages fit together](../../docs/architecture.md) and the
[glossary](../../docs/glossary.md). Generated from \`src/index.ts\`, where every export is documented.
`
}

/** One row for each key of the config, in the order of the schema. */
export function configTable(schema) {
  const rows = [...keysOf(schema, '')].map(({ path, type, fallback, description }) => {
    const cells = [`\`${path}\``, type, fallback, description].map((cell) => cell.replaceAll('|', '\\|'))
    return `| ${cells.join(' | ')} |`
  })
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function* keysOf(schema, prefix) {
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${key}`
    if (member.properties === undefined) {
      const required = schema.required?.includes(key) ? 'required' : ''
      const fallback = 'default' in member ? `\`${JSON.stringify(member.default)}\`` : required
      const example = member.examples?.[0]
      const examples = example === undefined ? '' : ` Example: \`${JSON.stringify(example)}\`.`
      yield { path, type: typeOf(member), fallback, description: `${member.description ?? ''}${examples}` }
    }
    yield* keysOf(member, `${path}.`)
    yield* keysOf(member.anyOf?.find((each) => each.properties) ?? {}, `${path}.`)
    yield* keysOf(member.items ?? {}, `${path}[].`)
  }
}

function typeOf({ type, anyOf, enum: values, const: constant, items, minimum, maximum }) {
  if (constant !== undefined) return `\`${JSON.stringify(constant)}\``
  if (values !== undefined) return values.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ')
  if (type === 'array')
    return items?.type === 'object' ? 'list of objects' : `list of ${typeOf(items ?? {})}s`
  return minimum === undefined ? type : `${type} ${minimum}…${maximum}`
}

/** `text` with what stands between the two markers replaced. */
export function replaceBetween(text, [begin, end], content) {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) return text
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`
}

/** The README of each package; `undocumented` gets the packages without a module comment. */
function packageReadmes(undocumented) {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const index = `packages/${folder}/src/index.ts`
    if (!existsSync(join(root, index))) return []
    const comment = moduleComment(readText(index))
    if (comment === undefined) {
      undocumented.push(folder)
      return []
    }
    const text = packageReadme(readJson(`packages/${folder}/package.json`), comment)
    return [{ file: `packages/${folder}/README.md`, text }]
  })
}

async function configFiles() {
  const built = join(root, 'apps/multipathd/dist/config/index.js')
  if (!existsSync(built)) throw new Error('apps/multipathd is not built: run `pnpm build` first')
  const { configJsonSchema } = await import(pathToFileURL(built).href)
  const schema = configJsonSchema()
  return [
    { file: 'apps/multipathd/config.schema.json', text: JSON.stringify(schema, undefined, 2) },
    { file: 'README.md', text: replaceBetween(readText('README.md'), CONFIG_MARKERS, configTable(schema)) },
  ]
}

/** The form in which `oxfmt --check` wants to find the text. */
function formatted({ file, text }) {
  const oxfmt = join(root, 'node_modules/.bin/oxfmt')
  return execFileSync(oxfmt, [`--stdin-filepath=${file}`], { cwd: root, input: text, encoding: 'utf8' })
}

async function main(check) {
  const undocumented = []
  const stale = []
  for (const each of [...packageReadmes(undocumented), ...(await configFiles())]) {
    const path = join(root, each.file)
    const text = formatted(each)
    if (existsSync(path) && readText(each.file) === text) continue
    stale.push(each.file)
    if (!check) writeFileSync(path, text)
  }
  for (const folder of undocumented) {
    console.error(
      `packages/${folder}/src/index.ts does not begin with a comment that has @packageDocumentation`,
    )
  }
  if (stale.length === 0) console.log('generated files are up to date')
  else console.log(`${check ? 'stale, run `pnpm run docs`' : 'written'}: ${stale.join(', ')}`)
  return undocumented.length > 0 || (check && stale.length > 0) ? 1 : 0
}

if (isMain(import.meta.url)) process.exitCode = await main(process.argv.includes('--check'))
