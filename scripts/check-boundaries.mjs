// Keeps the layers of docs/architecture.md true: arrows point down only. Reads every import in src/ and every
// package.json, and says of each forbidden arrow why it is forbidden.
import { filesBelow, isMain, readJson, readText } from './lib/files.mjs'

/** Which packages may import which; a name stands for a package of this workspace, without `@mp/`. */
export const LAYERS = [
  {
    layer: 'L0',
    packages: ['interface'],
    mayImport: [],
    why: 'contracts are types that everyone may depend on, so they depend on nobody',
  },
  {
    layer: 'L1',
    packages: [
      'scheduler-cfs',
      'prober',
      'path-manager',
      'path-mtu',
      'mempool',
      'wire',
      'resequencer',
      'secure-channel',
      'rate-control',
      'fq-codel',
      'metrics',
    ],
    mayImport: ['L0'],
    why: 'each part must be usable alone, so parts meet in @mp/tunnel and never import each other',
  },
  {
    layer: 'L2',
    packages: ['tunnel'],
    mayImport: ['L0', 'L1'],
    why: 'the tunnel knows contracts and parts, and runs on any transport and any TUN, in memory too',
  },
  {
    layer: 'L3',
    packages: ['runtime-node', 'udpmux', 'tcp-transport', 'tun', 'native-io', 'relay'],
    mayImport: ['L0', 'mempool', 'wire', 'L3'],
    why: 'I/O moves packets and decides nothing: it needs their memory and format, and no more',
  },
  {
    layer: 'L4',
    packages: ['multipathd'],
    mayImport: ['L0', 'L1', 'L2', 'L3'],
    why: 'the test kit and the lab are no part of the daemon: only its demo may use them',
    exceptIn: /\/src\/demo\//,
  },
  {
    layer: 'page',
    packages: ['dashboard'],
    mayImport: [],
    why: 'what runs in a browser gets all it knows from the daemon, as JSON',
  },
  {
    layer: 'dev',
    packages: ['testkit', 'netlab'],
    mayImport: ['L0', 'L1'],
    why: 'what tests the layers must not need what it tests',
  },
]

/** Layers below the sans-IO border, where time, randomness and the host come in as arguments only. */
const SANS_IO = new Set(['L0', 'L1', 'L2'])

const FORBIDDEN_CALLS = [
  [/\bDate\.now\b|\bnew Date\b|\bperformance\.now\b/, 'time comes as the argument `nowMs`'],
  [/\bMath\.random\b/, 'randomness comes as an argument'],
]

/**
 * All violations in a tree of packages: `{ folder, manifest, files: [{ path, text }] }` each, where `files` are the
 * sources. A violation is `{ where, what, why }`.
 */
export function violationsIn(packages) {
  const known = new Set(packages.map(({ manifest }) => manifest.name))
  const found = packages.flatMap((each) => {
    const rule = LAYERS.find(({ packages: names }) => names.includes(shortName(each.manifest.name)))
    if (rule === undefined) {
      const why =
        'a package without a layer has no rules: add it to the table in scripts/check-boundaries.mjs'
      return [{ where: each.folder, what: `${each.manifest.name} has no layer`, why }]
    }
    return [
      ...manifestViolations(each, rule, known),
      ...each.files.flatMap((file) => fileViolations(each, file, rule, known)),
    ]
  })
  return [...found, ...cycles(packages)]
}

function manifestViolations({ folder, manifest }, rule, known) {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  return declared
    .filter((name) => known.has(name) && !isAllowed(name, rule) && rule.exceptIn === undefined)
    .map((name) => ({
      where: `${folder}/package.json`,
      what: `depends on ${name} (${layerOf(name)})`,
      why: rule.why,
    }))
}

function fileViolations({ folder, manifest }, { path, text }, rule, known) {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  const sansIo = SANS_IO.has(rule.layer)
  const found = []
  for (const specifier of importsOf(text)) {
    const what = `imports ${specifier}`
    const name = packageOf(specifier)
    if (specifier.startsWith('.')) {
      if (leaves(path, specifier, folder)) {
        found.push({ where: path, what, why: 'a package is used through its exports: import it by its name' })
      }
    } else if (specifier.startsWith('node:')) {
      if (sansIo) found.push({ where: path, what, why: 'below the sans-IO border nothing touches the host' })
    } else if (declared[name] === undefined) {
      found.push({
        where: path,
        what,
        why: `${name} is missing in the dependencies of ${folder}/package.json`,
      })
    } else if (known.has(name) && !isAllowed(name, rule) && rule.exceptIn?.test(path) !== true) {
      found.push({ where: path, what: `${what} (${layerOf(name)})`, why: rule.why })
    }
  }
  for (const [index, line] of sansIo ? text.split('\n').entries() : []) {
    for (const [pattern, why] of isComment(line) ? [] : FORBIDDEN_CALLS) {
      const call = pattern.exec(line)?.[0]
      if (call !== undefined) found.push({ where: `${path}:${index + 1}`, what: `uses ${call}`, why })
    }
  }
  return found
}

const isComment = (line) => /^\s*(\/\/|\/\*|\*)/.test(line)

/** Module specifiers in a source; examples in its comments do not count. */
export function importsOf(text) {
  const code = text
    .split('\n')
    .filter((line) => !isComment(line))
    .join('\n')
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s+['"]([^'"]+)['"]/gm,
    /^\s*import\s+['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  ]
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]))
}

function leaves(path, specifier, folder) {
  const { pathname } = new URL(specifier, `file:///${path}`)
  return !pathname.startsWith(`/${folder}/`)
}

const shortName = (name) => name.replace(/^@mp\//, '')

const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const layerOf = (name) =>
  LAYERS.find(({ packages }) => packages.includes(shortName(name)))?.layer ?? 'no layer'

function isAllowed(name, { mayImport, layer }) {
  const target = layerOf(name)
  // Parts of one layer meet only where the table says so; the two of the test layer serve each other.
  return (
    mayImport.includes(target) || mayImport.includes(shortName(name)) || (layer === 'dev' && target === 'dev')
  )
}

/** Circles among the packages, what their tests need included: nothing in a circle can be built first. */
function cycles(packages) {
  const arrows = new Map(
    packages.map(({ manifest: m }) => [m.name, Object.keys({ ...m.dependencies, ...m.devDependencies })]),
  )
  const done = new Set()
  const found = []
  const visit = (name, trail) => {
    const start = trail.indexOf(name)
    if (start >= 0) {
      const what = [...trail.slice(start), name].join(' → ')
      found.push({ where: 'package.json files', what, why: 'in a circle no package can be built first' })
    }
    if (start >= 0 || done.has(name)) return
    for (const next of arrows.get(name) ?? []) visit(next, [...trail, name])
    done.add(name)
  }
  for (const name of arrows.keys()) visit(name, [])
  return found
}

function readPackages() {
  const manifests = [...filesBelow('packages'), ...filesBelow('apps')].filter((path) =>
    /^(packages|apps)\/[^/]+\/package\.json$/.test(path),
  )
  return manifests.map((path) => {
    const folder = path.replace('/package.json', '')
    const sources = filesBelow(`${folder}/src`).filter((file) => /\.tsx?$/.test(file))
    return {
      folder,
      manifest: readJson(path),
      files: sources.map((file) => ({ path: file, text: readText(file) })),
    }
  })
}

if (isMain(import.meta.url)) {
  const packages = readPackages()
  const violations = violationsIn(packages)
  for (const { where, what, why } of violations) console.error(`${where}: ${what}\n  forbidden: ${why}`)
  if (violations.length === 0) console.log(`${packages.length} packages keep their layers`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
