import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { client, secureClient, server } from '../config/samples.ts'
import { run } from './run.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function fileOf(value: unknown): string {
  const file = join(folder, 'config.json')
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  return file
}

describe('multipathd -config FILE', () => {
  test.each(['-config', '--config', '-c'])(
    'starts the daemon in the role of the file: %s',
    async (option) => {
      const { exit, config, err } = await run([option, fileOf(server)])
      expect([exit, err]).toEqual([0, ''])
      expect(config?.isServer).toBe(true)
    },
  )

  test('may be joined with an equals sign', async () => {
    expect((await run([`-config=${fileOf(client)}`])).config?.isServer).toBe(false)
  })

  test('ends with the exit code of the daemon', async () => {
    expect((await run(['-config', fileOf(client)], { ends: 69 })).exit).toBe(69)
  })

  test('names every fault of the file and does not start', async () => {
    const { exit, err, config } = await run(['-config', fileOf({ ...client, tpc: 1, tcp: 2 })])
    expect(exit).toBe(78)
    expect(config).toBeUndefined()
    expect(err).toMatch(
      /config\.json has 2 faults:\n {2}tpc: unknown key "tpc".*\n {2}tcp: expected true or false/,
    )
  })

  test('refuses to run without encryption until it is told to', async () => {
    const file = fileOf({ ...client, security: undefined })
    const refused = await run(['-config', file])
    expect([refused.exit, refused.config]).toEqual([78, undefined])
    expect(refused.err).toMatch(/security: missing: .*multipathd init.*multipathd genkey/)
    expect((await run(['-config', file, '-insecure'])).config).toBeDefined()
  })

  test('says that the file is not there', async () => {
    const { exit, err } = await run(['-config', join(folder, 'none.json')])
    expect(exit).toBe(66)
    expect(err).toMatch(/^multipathd: cannot read the config ".*none\.json": there is no such file\n$/)
  })

  test('says where the syntax is wrong', async () => {
    const { err } = await run(['-config', fileOf('{\n  "tcp": tru\n}')])
    expect(err).toContain('has 1 fault:\n  line 2, column 10: expected a value, found "tru"')
  })
})

describe('multipathd client and server', () => {
  test('set the role where the file is silent', async () => {
    const silent = { ...server, isServer: undefined }
    expect((await run(['server', '-config', fileOf(silent)])).config?.isServer).toBe(true)
    expect((await run(['client', '--config', fileOf(client)])).config?.isServer).toBe(false)
  })

  test('do not overrule the file', async () => {
    const { exit, err } = await run(['client', '-config', fileOf({ ...client, isServer: true })])
    expect(exit).toBe(78)
    expect(err).toContain('isServer: the file says true, the command line says client')
  })

  test('know the options before and after them', async () => {
    const file = fileOf({ ...client, security: undefined })
    expect((await run(['-insecure', 'client', '-config', file])).exit).toBe(0)
    expect((await run(['client', '-config', file, '--insecure'])).exit).toBe(0)
  })
})

describe('multipathd check FILE', () => {
  test('says that all is right, and ends with 0', async () => {
    const { exit, out, config } = await run(['check', fileOf(server)])
    expect(exit).toBe(0)
    expect(out).toMatch(/config\.json is right: a config for a server\n$/)
    expect(config).toBeUndefined()
  })

  test('lists every fault with its path on standard output, and ends with 1', async () => {
    const { exit, out, err } = await run(['check', fileOf({ ...client, tun: {}, isServer: 3 })])
    expect([exit, err]).toEqual([1, ''])
    expect(out.split('\n').map((line) => /^ {2}([^:]+):/.exec(line)?.[1])).toEqual([
      undefined,
      'isServer',
      'tun.localAddr',
      'tun.remoteAddr',
      undefined,
    ])
  })

  test('warns of a config without encryption', async () => {
    const open = await run(['check', fileOf(client)])
    expect(open.err).toMatch(/WARNING: nothing is encrypted and anyone may join/)
    expect((await run(['check', fileOf(secureClient)])).err).toBe('')
  })

  test('looks at the key files too, next to the config', async () => {
    const security = { ...secureClient.security, privateKey: undefined, privateKeyFile: 'client.key' }
    const { exit, out } = await run(['check', fileOf({ ...secureClient, security })])
    expect(exit).toBe(1)
    expect(out).toContain(`security.privateKeyFile: cannot read "${join(folder, 'client.key')}"`)
  })

  test('needs a file', async () => {
    const { exit, err } = await run(['check'])
    expect([exit, err]).toEqual([64, "error: missing required argument 'file'\n"])
    expect((await run(['check', fileOf(client), '-config', 'x'])).exit).toBe(64)
  })
})

describe('multipathd', () => {
  test.each([
    [[], /missing -config FILE/],
    [['-config'], /option '-c, --config <file>' argument missing/],
    [['-confg', 'x'], /unknown option '--confg'\n\(Did you mean --config\?\)/],
    [['chekc', 'x'], /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['demo', 'x'], /too many arguments for 'demo'/],
  ])('refuses the arguments %j', async (argv, text) => {
    const { exit, err } = await run(argv)
    expect(exit).toBe(64)
    expect(err).toMatch(text)
  })

  test('--version prints the version of the package', async () => {
    const { exit, out } = await run(['--version'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('--help names the commands and the exit codes', async () => {
    const { exit, out } = await run(['-help'])
    expect(exit).toBe(0)
    for (const part of [
      'check',
      'config ',
      'demo',
      'init',
      'genkey',
      'pubkey',
      'genpsk',
      '--insecure',
      '77 noPermission',
    ])
      expect(out).toContain(part)
  })

  test.each([[['config', 'schema']], [['config-schema']]])('%j prints the JSON Schema', async (argv) => {
    const { exit, out } = await run(argv)
    expect(exit).toBe(0)
    expect(JSON.parse(out)).toHaveProperty('properties.client.properties.remotePaths')
  })

  test('demo runs the demo and ends with its code', async () => {
    expect(await run(['demo'], { ends: 3 })).toMatchObject({ exit: 3, simulate: false })
    expect(await run(['demo', '--simulate'])).toMatchObject({ exit: 0, simulate: true })
  })
})

describe('an error of the daemon', () => {
  test.each([
    [{ code: 'MP_UDP_ADDRESS_IN_USE' }, 69],
    [{ code: 'MP_TCP_NOT_PERMITTED' }, 77],
    [{ code: 'EPERM', syscall: 'TUNSETIFF' }, 77],
    [{ code: 'EACCES', syscall: '/dev/net/tun' }, 77],
    [{ code: 'MP_TUN_PERMISSION' }, 77],
    [{ code: 'MP_TUN_NO_DEVICE' }, 71],
    [{ code: 'EADDRINUSE', syscall: 'bind' }, 69],
  ])('with %j is told in one line, exit %i', async (fields, exit) => {
    const ends = Object.assign(new Error('port 5000 is taken: choose another'), fields)
    const outcome = await run(['-config', fileOf(client)], { ends })
    expect(outcome).toMatchObject({ exit, err: 'multipathd: port 5000 is taken: choose another\n' })
  })

  test('with a code of Node about wrong arguments is a bug', async () => {
    const ends = Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })
    expect((await run(['-config', fileOf(client)], { ends })).exit).toBe(70)
  })

  test('nobody knows is an internal one, with its stack only under MP_DEBUG=1', async () => {
    const ends = new TypeError('x is undefined')
    const quiet = await run(['-config', fileOf(client)], { ends })
    expect([quiet.exit, quiet.err]).toEqual([
      70,
      'multipathd: internal error: x is undefined\nMP_DEBUG=1 shows where. Please report it.\n',
    ])
    const loud = await run(['-config', fileOf(client)], { ends, env: { MP_DEBUG: '1' } })
    expect(loud.err).toMatch(/TypeError: x is undefined\n\s+at /)
  })
})
