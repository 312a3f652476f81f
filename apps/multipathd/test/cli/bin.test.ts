import { spawn, spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { client, server } from '../config/samples.ts'

const bin = new URL('../../bin/', import.meta.url).pathname
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-bin-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 10_000 })
}

/** The built program, run by a shell with its arguments in place of `M`. */
const shell = (script: string): { status: number | null; stdout: string; stderr: string } =>
  spawnSync('sh', ['-c', script.replaceAll('M ', `"${process.execPath}" ${bin}multipathd.js `)], {
    cwd: folder,
    encoding: 'utf8',
  })
const REFUSED =
  /^multipathd: the standard output does not take the result: E\w+: .*; what is there is not whole: make room/

/** 32 bytes in base64: the last of the 43 characters has two bits to spare. */
const KEY_LINE = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n$/

/** The same by other means: OpenSSL's own reading of a private key in the form of RFC 8410. */
function publicKeyOf(line: string): string {
  expect(line).toMatch(KEY_LINE)
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b656e04220420', 'hex'),
    Buffer.from(line, 'base64'),
  ])
  const { x } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  })
  return Buffer.from(x!, 'base64url').toString('base64')
}

describe('the built program', () => {
  test('says what was asked for and nothing else, on every version of Node', () => {
    expect(run(`${bin}multipathd.js`, '--version')).toMatchObject({ status: 0, stderr: '' })
  })

  test('checks a config', () => {
    const file = join(folder, 'c.json')
    writeFileSync(file, JSON.stringify(client))
    expect(run(`${bin}multipathd.js`, 'check', file)).toMatchObject({
      status: 0,
      stdout: `${file} is right: a config for a client\n`,
    })
  })

  test.each([
    ['multipathd-client.js', server, 'the file says true, the command line says client'],
    [
      'multipathd-server.js',
      { ...client, isServer: false },
      'the file says false, the command line says server',
    ],
  ])('%s stands for the command of that name', (program, config, text) => {
    const file = join(folder, 'c.json')
    writeFileSync(file, JSON.stringify(config))
    const { status, stderr } = run(`${bin}${program}`, '-config', file)
    expect(status).toBe(78)
    expect(stderr).toContain(text)
  })

  test('makes keys in a pipe, as `wg` does', () => {
    const script = `umask 077; M="$NODE ${bin}multipathd.js"; $M genkey | tee a.key | $M pubkey; $M genpsk >psk`
    const options = {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath },
    } as const
    const { stdout, stderr, status } = spawnSync('sh', ['-c', script], options)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`${publicKeyOf(readFileSync(join(folder, 'a.key'), 'utf8'))}\n`)
    expect(readFileSync(join(folder, 'psk'), 'utf8')).toMatch(KEY_LINE)
  })

  test.each([
    ['022', 0o644, /^multipathd: warning: others may read the file that this key goes to: try `umask 077`/],
    ['077', 0o600, /^$/],
  ])('warns of a key file for all to read: umask %s', (umask, mode, text) => {
    const command = [
      '-c',
      `umask ${umask}; exec "$0" "$1" genkey >a.key`,
      process.execPath,
      `${bin}multipathd.js`,
    ]
    const { stderr } = spawnSync('sh', command, { cwd: folder, encoding: 'utf8' })
    expect(stderr).toMatch(text)
    expect(statSync(join(folder, 'a.key')).mode & 0o777).toBe(mode)
  })

  test('goes on when nobody reads what it says any more', async () => {
    const child = spawn(process.execPath, [`${bin}multipathd.js`, 'config-schema'])
    child.stdout.destroy()
    const [[code], stderr] = await Promise.all([once(child, 'close'), textOf(child.stderr)])
    expect([code, stderr]).toEqual([0, ''])
  })

  test.each([
    'M genkey',
    'M genkey | M pubkey',
    'M --version',
    'M man',
    'M check client.json',
    'M demo --simulate',
  ])('says that a full disk did not take what it prints: %s', (command) => {
    writeFileSync(join(folder, 'client.json'), JSON.stringify(client))
    const { status, stderr } = shell(`${command} >/dev/full`)
    expect(status).toBe(74)
    expect(stderr).toMatch(REFUSED)
  })

  test('says so too where there was room for a part of it', () => {
    const { status, stderr } = shell('ulimit -f 8; M config schema >schema.json')
    expect(status).toBe(74)
    expect(stderr).toMatch(REFUSED)
  })

  test('writes no part of what `init` makes where there is no room for all of it', () => {
    const paths = Array.from({ length: 12 }, (_, number) => `--path line${number}=192.0.2.${number}`).join(
      ' ',
    )
    const init = `M init --server-endpoint 198.51.100.7:5000 ${paths}`
    const full = `ulimit -f 1; ${init}`
    expect(shell(`${full} --out new/deep`)).toMatchObject({
      status: 74,
      stderr: expect.stringMatching(
        /^multipathd: cannot write to "new\/deep": E.*; nothing was written: make room/,
      ),
    })
    expect(readdirSync(folder)).toEqual([])
    shell(`${init} --out old`)
    const filesOf = (): string[] =>
      readdirSync(join(folder, 'old')).map((name) => readFileSync(join(folder, 'old', name), 'utf8'))
    const before = filesOf()
    expect(shell(`${full} --out old --force`).status).toBe(74)
    expect(filesOf()).toEqual(before)
  })

  test('is done when nobody reads any more what it would go on to print', () => {
    expect(shell('{ M demo --simulate; echo $? >code; } | head -n 1')).toMatchObject({ stderr: '' })
    expect(readFileSync(join(folder, 'code'), 'utf8')).toBe('0\n')
  })

  test('stops in good order after an exception that nobody caught, and says that it is a fault of its own', () => {
    const source = `
      const { StopRequest } = await import(${JSON.stringify(new URL('../dist/daemon/stop-request.js', `file://${bin}`).href)})
      const stop = new StopRequest(process)
      setTimeout(() => { throw new TypeError('of no use') })
      const { exit } = await stop.requested
      console.log('cleaned up')
      process.exitCode = exit`
    expect(run('--input-type=module', '--eval', source)).toMatchObject({
      status: 70,
      stdout: 'cleaned up\n',
      stderr: 'multipathd: internal error: of no use\nMP_DEBUG=1 shows where. Please report it.\n',
    })
  })

  test('says what to do in a checkout that is not built', () => {
    cpSync(bin, join(folder, 'bin'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    expect(run(join(folder, 'bin/multipathd.js'), '--version')).toMatchObject({
      status: 70,
      stderr: 'multipathd: this checkout is not built yet. Run `npm start`, or `pnpm build`, first.\n',
    })
  })
})
