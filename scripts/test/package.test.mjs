import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../lib/files.mjs'

const has = (program) => spawnSync(program, ['--version']).error === undefined
const required = (process.env.MP_REQUIRE ?? '').split(',')

/** What is missing of `programs`; throws where it must not be. */
function lacking(programs) {
  const missing = programs.filter((program) => !has(program))
  const unmet = missing.filter((program) => required.includes(program))
  if (unmet.length > 0) throw new Error(`MP_REQUIRE asks for what this machine lacks: ${unmet.join(', ')}`)
  return missing
}

const UNIT = join(root, 'apps/multipathd/service/multipathd@.service')
const CONFIG = {
  security: 'none',
  client: { remotePaths: [{ remoteAddr: '192.0.2.7:5000' }] },
  tun: { localAddr: '10.8.0.1', remoteAddr: '10.8.0.2' },
}

describe.skipIf(lacking(['dpkg-deb', 'tar']).length > 0)('packages [needs dpkg-deb, tar]', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-test-'))
    execFileSync(process.execPath, [join(root, 'scripts/package.mjs'), folder], { stdio: 'pipe' })
  }, 120_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const fileLike = (pattern) =>
    join(
      folder,
      readdirSync(folder).find((name) => pattern.test(name)),
    )

  test.for([
    ['the Debian package', /\.deb$/, (file, into) => execFileSync('dpkg-deb', ['--extract', file, into])],
    ['the tarball', /\.tar\.gz$/, (file, into) => execFileSync('tar', ['-xzf', file, '-C', into])],
  ])('%s has a daemon that runs from where it is put', ([, pattern, unpack]) => {
    const into = mkdtempSync(join(folder, 'into-'))
    unpack(fileLike(pattern), into)
    const program = join(into, 'usr/bin/multipathd')
    const run = (...args) => execFileSync(program, args, { encoding: 'utf8' })
    expect(run('--version')).toMatch(/^\d+\.\d+\.\d+/)
    writeFileSync(join(into, 'client.json'), JSON.stringify(CONFIG))
    expect(run('check', join(into, 'client.json'))).toContain('is right: a config for a client')
    expect(statSync(join(into, 'etc/multipathd')).mode & 0o777).toBe(0o700)
    expect(statSync(join(into, 'etc')).mode & 0o777).toBe(0o755)
    expect(existsSync(join(into, 'usr/lib/systemd/system/multipathd@.service'))).toBe(true)
    const page = readFileSync(join(into, 'usr/share/man/man8/multipathd.8'), 'utf8')
    expect(page).toMatch(/^\.TH MULTIPATHD 8/)
    const linked = execFileSync('find', [into, '-type', 'l', '-lname', '/*'], { encoding: 'utf8' })
    expect(linked).toBe('')
  })

  test('the Debian package says what it needs', () => {
    const fields = execFileSync('dpkg-deb', ['--field', fileLike(/\.deb$/), 'Package', 'Depends'], {
      encoding: 'utf8',
    })
    expect(fields).toContain('Package: multipathd')
    expect(fields).toMatch(/Depends: nodejs \(>= 20\.19\), iproute2/)
  })
})

describe.skipIf(lacking(['systemd-analyze']).length > 0)('the systemd unit [needs systemd-analyze]', () => {
  /** Most that systemd-analyze may find exposed, 0…10. */
  const EXPOSURE_LIMIT = 3.5

  test('has nothing that systemd does not understand', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unit-test-'))
    try {
      const text = readFileSync(UNIT, 'utf8')
      const usable = text.replace('/usr/bin/multipathd', '/bin/true').replace(/^Documentation=.*$/m, '')
      const file = join(folder, 'multipathd@home.service')
      writeFileSync(file, usable)
      const { stderr, status } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
      expect(stderr.split('\n').filter((line) => line.includes('multipathd@'))).toEqual([])
      expect(status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('gives the daemon little more than the network', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT], {
      encoding: 'utf8',
    })
    const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? []
    expect(Number(exposure)).toBeGreaterThan(0)
    expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_LIMIT)
  })
})
