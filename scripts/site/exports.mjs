import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

/**
 * Every export of a `.d.ts` file in the order of its name, as `{ name, declarations, from }`: `declarations` has a
 * `{ comment, code }` for each (a type and a function may share a name), or `from` names the package it is taken from.
 */
export function exportsOf(file) {
  const found = new Map()
  for (const each of exportsIn(file, new Map())) {
    const known = found.get(each.name)
    if (known === undefined) found.set(each.name, each)
    else known.declarations.push(...each.declarations)
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
}

function exportsIn(file, parsed) {
  const { source, program, comments } = parse(file, parsed)
  return program.body.flatMap((statement) => {
    if (statement.type === 'ExportAllDeclaration') return reexported(statement, file, parsed)
    if (statement.type !== 'ExportNamedDeclaration') return []
    if (statement.source !== null) return named(statement, file, parsed)
    const { declaration } = statement
    if (declaration === null) return statement.specifiers.flatMap((each) => local(each, file, parsed))
    const declared = describe(statement, declaration, { source, comments })
    return namesOf(declaration).map((name) => ({ name, declarations: [declared] }))
  })
}

/** `export * from './x.ts'` */
function reexported({ source }, file, parsed) {
  if (!source.value.startsWith('.'))
    throw new Error(`${file}: export * from "${source.value}" is not followed`)
  return exportsIn(declarationsOf(file, source.value), parsed)
}

/** `export { a, b as c } from './x.ts'` */
function named({ source, specifiers }, file, parsed) {
  if (!source.value.startsWith('.'))
    return specifiers.map(({ exported }) => ({ name: exported.name, declarations: [], from: source.value }))
  const there = exportsIn(declarationsOf(file, source.value), parsed)
  return specifiers.flatMap(({ local: { name }, exported }) =>
    there.filter((each) => each.name === name).map((each) => Object.assign(each, { name: exported.name })),
  )
}

/** `export { a }` of what the same file imports. */
function local({ local: { name }, exported }, file, parsed) {
  const { program } = parse(file, parsed)
  for (const { type, source, specifiers } of program.body) {
    if (type !== 'ImportDeclaration') continue
    const imported = specifiers.find((each) => each.local.name === name)?.imported
    if (imported === undefined) continue
    return named({ source, specifiers: [{ local: imported, exported }] }, file, parsed)
  }
  throw new Error(`${file} exports ${name}, which it neither declares nor imports`)
}

const declarationsOf = (file, specifier) => resolve(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts'))

function parse(file, parsed) {
  if (!parsed.has(file)) {
    const source = readFileSync(file, 'utf8')
    const { program, comments, errors } = parseSync(file, source)
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
    parsed.set(file, { source, program, comments })
  }
  return parsed.get(file)
}

const namesOf = ({ declarations, id }) => (declarations ?? [{ id }]).map((each) => each.id.name)

function describe(statement, { start, end }, { source, comments }) {
  const above = comments.findLast((each) => each.end <= statement.start)
  const isItsOwn = above?.value.startsWith('*') && source.slice(above.end, statement.start).trim() === ''
  const code = source
    .slice(start, end)
    .replace(/^declare /, '')
    .replaceAll(/^ +(#private|private .*);\n/gm, '')
  return { comment: isItsOwn ? textOf(above.value) : '', code }
}

const textOf = (comment) =>
  comment
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
