import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from './run.ts'
import type { Outcome } from './run.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-init-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const FILES = ['client.json', 'client.key', 'server.json', 'server.key']
const ENDPOINT = ['--server-endpoint', '198.51.100.7:5000']

const init = (...flags: string[]): Promise<Outcome> => run(['init', '--out', folder, ...flags])

/** As {@link init}, with a person at a terminal who types `input`. */
const ask = (input: string, ...flags: string[]): Promise<Outcome> =>
  run(['init', '--out', folder, ...flags], { input, tty: true })

const publicKeyOf = async (side: string): Promise<string> =>
  (await run(['pubkey'], { input: read(`${side}.key`) })).out.trim()

const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

// oxlint-disable-next-line typescript/no-explicit-any
const json = (name: string): any => JSON.parse(read(name))

describe('multipathd init', () => {
  test('writes two configs that fit together and that `check` finds right', async () => {
    const { exit, out, err } = await init(...ENDPOINT, '--path', 'dsl=192.168.1.20', '--path', 'lte@wwan0')
    expect([exit, err]).toEqual([0, ''])
    expect(out).toContain(`sudo multipathd up ${folder}/server.json\n`)
    expect(out).toContain(`sudo multipathd up ${folder}/client.json\n`)
    for (const side of ['server', 'client']) {
      const checked = await run(['check', join(folder, `${side}.json`)])
      expect([checked.exit, checked.err]).toEqual([0, ''])
      expect(checked.out).toContain(`a config for a ${side}`)
    }
    expect(json('server.json')).toEqual({
      isServer: true,
      security: { privateKeyFile: 'server.key' },
      server: {
        listen: '0.0.0.0:5000',
        peers: [{ name: 'client', publicKey: await publicKeyOf('client'), allowedIPs: ['10.99.0.2/32'] }],
      },
      tun: { localAddr: '10.99.0.1', remoteAddr: '10.99.0.2' },
    })
    expect(json('client.json')).toEqual({
      isServer: false,
      security: { privateKeyFile: 'client.key', serverPublicKey: await publicKeyOf('server') },
      client: {
        remotePaths: [
          { name: 'dsl', remoteAddr: '198.51.100.7:5000', localAddr: '192.168.1.20' },
          { name: 'lte', remoteAddr: '198.51.100.7:5000', device: 'wwan0' },
        ],
      },
      tun: { localAddr: '10.99.0.2', remoteAddr: '10.99.0.1' },
    })
  })

  test.each([
    ['/usr/local/bin/multipathd', 'multipathd'],
    [
      '/home/me/multipath/apps/multipathd/bin/multipathd.js',
      'node /home/me/multipath/apps/multipathd/bin/multipathd.js',
    ],
    ['/home/my own/multipathd.js', 'node "/home/my own/multipathd.js"'],
  ])('run as %s says how to start it: %s', async (file, command) => {
    const { out } = await run(['init', '--out', folder, ...ENDPOINT], { file })
    expect(out).toContain(`on the server:  sudo ${command} up ${folder}/server.json\n`)
    expect(out).toContain(`on the client:  sudo ${command} up ${folder}/client.json\n`)
  })

  test('lets nobody but the owner read them, in a folder of its own', async () => {
    const out = join(folder, 'new', 'deep')
    expect((await init(...ENDPOINT, '--out', out)).exit).toBe(0)
    expect(readdirSync(out).toSorted()).toEqual(FILES)
    expect(FILES.map((name) => statSync(join(out, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600])
    expect(statSync(out).mode & 0o777).toBe(0o700)
  })

  test('prints no key', async () => {
    const { out } = await init(...ENDPOINT)
    expect(out).not.toMatch(/[A-Za-z0-9+/]{43}=/)
  })

  test('makes one path, by the routing table, when none is named', async () => {
    await init(...ENDPOINT)
    expect(json('client.json').client.remotePaths).toEqual([
      { name: 'path1', remoteAddr: '198.51.100.7:5000' },
    ])
  })

  test.each([
    [['--tunnel-net', '10.1.2.8/29'], '10.1.2.9', '10.1.2.10'],
    [['--tunnel-net', '10.1.2.254/31'], '10.1.2.254', '10.1.2.255'],
    [['--tunnel-net', 'fd00:8::/64'], 'fd00:8::1', 'fd00:8::2'],
    [['--tunnel-net', 'fd00::fe/127'], 'fd00::fe', 'fd00::ff'],
    [['--server-ip', '10.5.0.1', '--client-ip', '10.6.0.1'], '10.5.0.1', '10.6.0.1'],
  ])('takes the tunnel addresses of %j', async (flags, serverIp, clientIp) => {
    expect((await init(...ENDPOINT, ...flags)).exit).toBe(0)
    expect(json('server.json').tun).toEqual({ localAddr: serverIp, remoteAddr: clientIp })
    expect(json('client.json').tun).toEqual({ localAddr: clientIp, remoteAddr: serverIp })
    const host = `${clientIp}/${clientIp.includes(':') ? 128 : 32}`
    expect(json('server.json').server.peers[0].allowedIPs).toEqual([host])
  })

  test.each([
    ['[2001:db8::7]:5000', '[::]:5000'],
    ['vpn.example.net:443', '0.0.0.0:443'],
  ])('listens on all addresses of the family of %s', async (endpoint, listen) => {
    await init('--server-endpoint', endpoint)
    expect(json('server.json').server.listen).toBe(listen)
    expect(json('client.json').client.remotePaths[0].remoteAddr).toBe(endpoint)
  })

  test.each([
    [[], /missing --server-endpoint HOST:PORT/],
    [['--server-endpoint', 'host'], /--server-endpoint: .*'host'.*no port/],
    [['--server-endpoint', 'host:0'], /host:0" has port 0/],
    [[...ENDPOINT, '--path', '=1.2.3.4'], /--path: expected NAME.*found "=1.2.3.4"/],
    [
      [...ENDPOINT, '--path', 'dsl=eth0'],
      /client\.json .*\n.*remotePaths\[0\]\.localAddr: expected an IP address/,
    ],
    [
      [...ENDPOINT, '--path', 'a=10.0.0.1', '--path', 'a=10.0.0.2'],
      /"a" is also the name of remotePaths\[0\]/,
    ],
    [[...ENDPOINT, '--tunnel-net', '10.0.0.1/24'], /--tunnel-net: .*write the network itself/],
    [[...ENDPOINT, '--tunnel-net', '10.0.0.1/32'], /--tunnel-net: .*room for one address/],
    [[...ENDPOINT, '--server-ip', '10.0.0.1'], /--server-ip needs --client-ip/],
    [[...ENDPOINT, '--client-ip', '10.0.0.1'], /--client-ip needs --server-ip/],
    [[...ENDPOINT, '--client-ip', '10.0.0.1', '--tunnel-net', '10.0.0.0/30'], /leave one or the other out/],
    [[...ENDPOINT, '--server-ip', 'fd00::1', '--client-ip', '10.0.0.2'], /not of one family/],
  ])('refuses %j and writes nothing', async (flags, text) => {
    const { exit, err } = await init(...flags)
    expect(exit).toBe(64)
    expect(err).toMatch(text)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('multipathd init in a folder with files', () => {
  test('touches none of them', async () => {
    writeFileSync(join(folder, 'server.key'), 'precious')
    const { exit, err } = await init(...ENDPOINT)
    expect(exit).toBe(73)
    expect(err).toContain(`"${folder}" holds server.key already: name another folder, or --force`)
    expect(readdirSync(folder)).toEqual(['server.key'])
    expect(read('server.key')).toBe('precious')
  })

  test('writes over them with --force, and opens nothing up by that', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'x'), 'precious')
    writeFileSync(join(folder, 'server.key'), 'old', { mode: 0o644 })
    symlinkSync(join(elsewhere, 'x'), join(folder, 'client.key'))
    expect((await init(...ENDPOINT, '--force')).exit).toBe(0)
    expect(FILES.map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([
      0o600, 0o600, 0o600, 0o600,
    ])
    expect(readFileSync(join(elsewhere, 'x'), 'utf8')).toBe('precious')
  })
})

describe('multipathd init at a terminal', () => {
  test('asks for what the command line does not say', async () => {
    const { exit, err } = await ask('198.51.100.7:5000\ndsl=192.168.1.20, lte@wwan0\n')
    expect(exit).toBe(0)
    expect(err).toMatch(/^Where will clients reach the server\?.*: Lines of the client.*: $/)
    expect(json('client.json').client.remotePaths).toEqual([
      { name: 'dsl', remoteAddr: '198.51.100.7:5000', localAddr: '192.168.1.20' },
      { name: 'lte', remoteAddr: '198.51.100.7:5000', device: 'wwan0' },
    ])
  })

  test('does not ask for what it says', async () => {
    const { exit, err } = await ask('', ...ENDPOINT, '--path', 'dsl')
    expect([exit, err]).toEqual([0, ''])
  })

  test('takes an empty answer for the default, where there is one', async () => {
    expect((await ask('\n', ...ENDPOINT)).exit).toBe(0)
    expect(json('client.json').client.remotePaths).toHaveLength(1)
  })

  test('ends when the person has no answer', async () => {
    const { exit, err } = await ask('')
    expect(exit).toBe(64)
    expect(err).toContain('missing --server-endpoint')
  })
})
