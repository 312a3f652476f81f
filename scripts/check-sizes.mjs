// Keeps sources small enough to be read in one go: no file over 400 lines, no function over 50. A longer function
// says why in a comment `// long: <reason>` right above it. A test suite is no function in this sense.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { filesBelow, isMain, readText, root } from './lib/files.mjs'

const FILE_LINES = 400
const FUNCTION_LINES = 50
const FOLDERS = ['packages', 'apps', 'examples', 'scripts']
const REASON = /\/\/ long: \S|\/\* long: \S/

/** Lines of a text; the newline at its end begins none. */
const countLines = (text) => text.replace(/\n$/, '').split('\n').length

export function longFiles(files) {
  return files
    .map(({ path, text }) => ({ path, lines: countLines(text) }))
    .filter(({ lines }) => lines > FILE_LINES)
    .map(({ path, lines }) => `${path}: ${lines} lines, at most ${FILE_LINES}`)
}

/** Functions of a C source: what begins at the left edge and ends with a brace there. */
export function longCFunctions({ path, text }) {
  const lines = text.split('\n')
  const found = []
  let start = -1
  for (const [index, line] of lines.entries()) {
    if (/^[A-Za-z_][^=;]*\([^;]*$/.test(line)) start = index
    else if (/^[A-Za-z#/].*;?$/.test(line) && !line.includes('(')) start = -1
    if (!line.startsWith('}') || start < 0) continue
    const length = index - start + 1
    if (length > FUNCTION_LINES && !REASON.test(lines[start - 1] ?? '')) {
      found.push(`${path}:${start + 1}: a function of ${length} lines, at most ${FUNCTION_LINES}`)
    }
    start = -1
  }
  return found
}

/** What oxlint says of functions in JavaScript and TypeScript, without those that have a reason. */
function longFunctions() {
  const args = ['-c', 'scripts/sizes.oxlintrc.json', '-f', 'json', ...FOLDERS]
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/oxlint'), args, {
    cwd: root,
    encoding: 'utf8',
  })
  if (stdout === '') throw new Error(`oxlint said nothing: ${stderr}`)
  return JSON.parse(stdout).diagnostics.flatMap(({ message, filename, labels }) => {
    if (filename.includes('/test/')) return []
    const { line } = labels[0].span
    const above = readText(filename).split('\n')[line - 2] ?? ''
    return REASON.test(above) ? [] : [`${filename}:${line}: ${message}`]
  })
}

if (isMain(import.meta.url)) {
  const files = FOLDERS.flatMap(filesBelow)
    .filter((path) => /\.(ts|mjs|js|c|h)$/.test(path))
    .map((path) => ({ path, text: readText(path) }))
  const cFiles = files.filter(({ path }) => path.endsWith('.c'))
  const faults = [...longFiles(files), ...longFunctions(), ...cFiles.flatMap(longCFunctions)]
  for (const fault of faults) console.error(fault)
  if (faults.length === 0) console.log(`${files.length} files and their functions are small enough`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
