// Tries what a user gets: packs every public package, lints each tarball, installs all of them together with npm in
// a folder outside the repository, imports each and starts the program.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { filesBelow, readJson, root } from './lib/files.mjs'

const execute = promisify(execFile)
const scratch = mkdtempSync(join(tmpdir(), 'pack-check-'))

/** Runs a step; what it printed is shown only when it fails. */
async function step(what, file, args, cwd = root) {
  try {
    return (await execute(file, args, { cwd, maxBuffer: 1 << 24 })).stdout
  } catch (error) {
    throw new Error(`${what} failed:\n${error.stdout ?? ''}${error.stderr ?? error.message}`, {
      cause: error,
    })
  }
}

const publicPackages = () =>
  [...filesBelow('packages'), ...filesBelow('apps')]
    .filter((path) => /^(packages|apps)\/[^/]+\/package\.json$/.test(path))
    .map((path) => ({ folder: path.replace('/package.json', ''), manifest: readJson(path) }))
    .filter(({ manifest }) => manifest.private !== true)

async function pack({ folder, manifest }) {
  const into = join(scratch, 'tarballs', manifest.name.replace('/', '-'))
  mkdirSync(into, { recursive: true })
  await step(`packing ${manifest.name}`, 'pnpm', ['pack', '--pack-destination', into], join(root, folder))
  const tarball = join(into, readdirSync(into)[0])
  await step(`publint of ${manifest.name}`, join(root, 'node_modules/.bin/publint'), [
    'run',
    tarball,
    '--strict',
  ])
  return { name: manifest.name, tarball, bin: manifest.bin, exports: manifest.exports }
}

/** Installs all tarballs at once: npm then takes each for the others' dependencies, and no registry has to. */
async function install(packed) {
  const home = join(scratch, 'home')
  mkdirSync(home)
  const dependencies = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]))
  // The one peer: the conformance suites need it, and a daemon must not bring it.
  const { version } = readJson('node_modules/vitest/package.json')
  const manifest = {
    name: 'pack-check',
    private: true,
    type: 'module',
    dependencies: { ...dependencies, vitest: version },
    overrides: dependencies,
  }
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest, undefined, 2))
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  await step('npm install of all packages', 'npm', ['install', '--prefer-offline', ...quiet], home)
  return home
}

async function tryOut({ name, bin, exports }, home) {
  for (const entry of Object.keys(exports ?? {})) {
    const specifier = name + entry.slice(1)
    const source = `await import(${JSON.stringify(specifier)})`
    await step(`importing ${specifier}`, process.execPath, ['--input-type=module', '-e', source], home)
  }
  for (const command of Object.keys(bin ?? {})) {
    await step(`starting ${command}`, join(home, 'node_modules/.bin', command), ['--version'], home)
  }
}

try {
  const packed = await Promise.all(publicPackages().map(pack))
  const home = await install(packed)
  await Promise.all(packed.map((each) => tryOut(each, home)))
  console.log(`${packed.length} packages: packed, linted, installed together and imported`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
