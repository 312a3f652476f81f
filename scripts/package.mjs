// Makes what can be installed without npm: a Debian package and a tarball of the same tree, with all that the daemon
// needs but Node itself. `node scripts/package.mjs [FOLDER]`, after a build; FOLDER is `dist-packages` by default.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readJson, root } from './lib/files.mjs'

const MAINTAINER = 'The multipathd authors <multipathd@localhost>'
const DEBIAN_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64', arm: 'armhf', ia32: 'i386', riscv64: 'riscv64' }

const run = (file, args, options = {}) =>
  execFileSync(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options })

/** The file system as it will be, below `tree`. */
function layTree(tree) {
  const lib = join(tree, 'usr/lib/multipathd')
  mkdirSync(join(tree, 'usr/lib'), { recursive: true })
  run('pnpm', ['--filter', 'multipathd', 'deploy', '--prod', '--legacy', lib])
  rmSync(join(lib, 'pnpm-lock.yaml'), { force: true })
  mkdirSync(join(tree, 'usr/bin'), { recursive: true })
  symlinkSync('../lib/multipathd/bin/multipathd.js', join(tree, 'usr/bin/multipathd'))
  mkdirSync(join(tree, 'etc'))
  // Keys lie there.
  mkdirSync(join(tree, 'etc/multipathd'), { mode: 0o700 })
  const units = join(tree, 'usr/lib/systemd/system')
  mkdirSync(units, { recursive: true })
  cpSync(join(root, 'apps/multipathd/service/multipathd@.service'), join(units, 'multipathd@.service'))
  writePrinted(tree)
  const doc = join(tree, 'usr/share/doc/multipathd')
  mkdirSync(doc, { recursive: true })
  cpSync(join(root, 'README.md'), join(doc, 'README.md'))
  cpSync(join(root, 'docs'), join(doc, 'docs'), { recursive: true })
  cpSync(join(root, 'LICENSE'), join(doc, 'copyright'))
}

/** Where systems look for what the program prints about itself. */
const PRINTED = [
  [['man'], 'usr/share/man/man8/multipathd.8'],
  [['completion', 'bash'], 'usr/share/bash-completion/completions/multipathd'],
  [['completion', 'zsh'], 'usr/share/zsh/vendor-completions/_multipathd'],
  [['completion', 'fish'], 'usr/share/fish/vendor_completions.d/multipathd.fish'],
]

function writePrinted(tree) {
  for (const [args, path] of PRINTED) {
    const file = join(tree, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, run(join(tree, 'usr/bin/multipathd'), args))
  }
}

/** What dpkg has to know. */
function control(version, architecture) {
  return `Package: multipathd
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Section: net
Priority: optional
Depends: nodejs (>= 20.19), iproute2, libc6
Recommends: nftables
Description: joins several internet lines into one IP link
 A daemon on your side and one on a server spread packets over all lines, so that
 one download uses all of them at once, and a line that dies costs a fraction of a
 second instead of your connections. Encrypted and authenticated.
`
}

/** `postinst` makes systemd see the unit; what runs goes on until the administrator restarts it. */
const SCRIPTS = {
  postinst: '#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n',
  postrm: '#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi\n',
}

function buildDeb(tree, into, { version, architecture }) {
  const folder = join(tree, 'DEBIAN')
  mkdirSync(folder)
  writeFileSync(join(folder, 'control'), control(version, architecture))
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  const file = join(into, `multipathd_${version}_${architecture}.deb`)
  run('dpkg-deb', ['--build', '--root-owner-group', tree, file])
  return file
}

function buildTarball(tree, into, { version, architecture }) {
  const file = join(into, `multipathd-${version}-linux-${architecture}.tar.gz`)
  run('tar', [
    '--create',
    '--gzip',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--file',
    file,
    '--directory',
    tree,
    '.',
  ])
  return file
}

const into = resolve(process.argv[2] ?? join(root, 'dist-packages'))
const architecture = DEBIAN_ARCHITECTURES[arch()]
if (process.platform !== 'linux' || architecture === undefined)
  throw new Error(
    `packages are made on Linux, for ${Object.keys(DEBIAN_ARCHITECTURES).join(', ')}; this is ${process.platform} ${arch()}`,
  )
// The whole of it has the time of the last commit, so that the same commit makes the same package.
process.env.SOURCE_DATE_EPOCH ??= run('git', ['log', '-1', '--format=%ct']).trim()
const { version } = readJson('apps/multipathd/package.json')
const scratch = mkdtempSync(join(tmpdir(), 'multipathd-package-'))
try {
  mkdirSync(into, { recursive: true })
  const tree = join(scratch, 'tree')
  mkdirSync(tree)
  layTree(tree)
  const what = { version, architecture }
  console.log(buildTarball(tree, into, what))
  console.log(buildDeb(tree, into, what))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
