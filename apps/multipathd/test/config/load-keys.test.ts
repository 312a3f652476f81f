import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/cli/log.ts'
import { loadKeys, parseConfig } from '../../src/config/index.ts'
import type { Config, Fault, KeySource } from '../../src/config/index.ts'
import { KEYS, secureClient, secureServer } from './samples.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function keyFile(text: string, mode = 0o600, name = 'a.key'): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

function parsed(value: unknown): Config<KeySource> {
  const result = parseConfig(JSON.stringify(value))
  expect(result).toHaveProperty('config')
  return (result as { config: Config<KeySource> }).config
}

/** A client whose private key is in a file. */
const clientWith = (file: string): Config<KeySource> =>
  parsed({ ...secureClient, security: { privateKeyFile: file, serverPublicKey: KEYS.server.publicKey } })

function load(config: Config<KeySource>): Config {
  const result = loadKeys(config, folder)
  expect(result).toHaveProperty('config')
  return (result as { config: Config }).config
}

function faultsOf(config: Config<KeySource>): readonly Fault[] {
  const result = loadKeys(config, folder)
  return 'faults' in result ? result.faults : []
}

function base64(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64')
}

describe('the keys of a config', () => {
  test('may be named in the place of the key', () => {
    keyFile(`${KEYS.client.privateKey}\n`, 0o600, 'client.key')
    const config = { ...secureClient.security, privateKey: '${FILE:client.key}' }
    const { security } = load(parsed({ ...secureClient, security: config }))
    expect(security === 'none' ? '' : base64(security.privateKey.reveal())).toBe(KEYS.client.privateKey)
    const missing = parsed({ ...secureClient, security: { ...config, presharedKey: '${FILE:/nowhere}' } })
    expect(faultsOf(missing)).toEqual([
      { path: 'security.presharedKey', message: expect.stringMatching(/cannot read "\/nowhere"/) },
    ])
  })

  test('are read from files, relative to the folder of the config or absolute', () => {
    keyFile(`${KEYS.server.privateKey}\n`, 0o600, 'server.key')
    const psk = keyFile(KEYS.preshared, 0o400, 'client.psk')
    const [peer] = secureServer.server.peers
    const { security, server } = load(
      parsed({
        ...secureServer,
        security: { privateKeyFile: 'server.key' },
        server: { ...secureServer.server, peers: [{ ...peer, presharedKeyFile: psk }] },
      }),
    )
    expect(security).not.toBe('none')
    if (security === 'none') return
    expect(base64(security.privateKey.reveal())).toBe(KEYS.server.privateKey)
    expect(security.cipher).toBe('auto')
    expect(base64(server?.peers[0]?.presharedKey?.reveal())).toBe(KEYS.preshared)
    expect(base64(server?.peers[0]?.publicKey)).toBe(KEYS.client.publicKey)
    expect(server?.peers[0]?.name).toBe('peer1')
  })

  test('may stand in the config itself', () => {
    const security = { ...secureClient.security, presharedKey: KEYS.preshared, cipher: 'aes-256-gcm' }
    const config = load(parsed({ ...secureClient, security }))
    if (config.security === 'none') throw new Error('the keys are lost')
    expect(base64(config.security.privateKey.reveal())).toBe(KEYS.client.privateKey)
    expect(base64(config.security.presharedKey?.reveal())).toBe(KEYS.preshared)
    expect(base64(config.security.serverPublicKey)).toBe(KEYS.server.publicKey)
    expect(config.security.cipher).toBe('aes-256-gcm')
  })

  test('are missed by nobody where nothing is encrypted', () => {
    const config = parsed({ ...secureClient, security: 'none' })
    expect(load(config)).toEqual(config)
  })

  test('are found through a link', () => {
    keyFile(KEYS.client.privateKey)
    symlinkSync('a.key', join(folder, 'link.key'))
    expect(faultsOf(clientWith('link.key'))).toEqual([])
  })
})

type Refused = readonly [name: string, make: () => string, text: RegExp]

describe('a key file', () => {
  const REFUSED: Refused[] = [
    ['that is not there', () => 'none.key', /there is no such file.*genkey/],
    ['others may read', () => keyFile(KEYS.preshared, 0o644), /has mode 0644.*run `chmod 600 .*a\.key`/],
    ['the group may write', () => keyFile(KEYS.preshared, 0o620), /has mode 0620.*chmod 600/],
    [
      'that is a folder',
      () => {
        mkdirSync(join(folder, 'a.key'))
        return 'a.key'
      },
      /is no regular file/,
    ],
    [
      'that is a pipe',
      () => {
        spawnSync('sh', ['-c', 'mkfifo -m 600 "$0"', join(folder, 'a.key')])
        return 'a.key'
      },
      /is no regular file/,
    ],
    [
      'that is a link to one that others may read',
      () => {
        keyFile(KEYS.preshared, 0o604)
        symlinkSync('a.key', join(folder, 'link.key'))
        return 'link.key'
      },
      /link\.key" has mode 0604/,
    ],
    ['without a key', () => keyFile('\n'), /a\.key": expected a key.*found 0/],
    ['with two keys', () => keyFile(`${KEYS.preshared}\n${KEYS.preshared}\n`), /found 89/],
    ['with half a key', () => keyFile(KEYS.preshared.slice(0, 20)), /found 20$/],
    ['with much else', () => keyFile('x'.repeat(1000)), /has 1000 bytes: expected one line with a key/],
  ]

  test.each(REFUSED)('%s is refused', (_, make, text) => {
    expect(faultsOf(clientWith(make()))).toEqual([
      { path: 'security.privateKeyFile', message: expect.stringMatching(text) },
    ])
  })

  const root = process.geteuid?.() === 0
  test.skipIf(!root)('of another user is refused [needs root]', () => {
    const file = keyFile(KEYS.client.privateKey)
    chownSync(file, 12_345, 12_345)
    expect(faultsOf(clientWith(file))[0]?.message).toMatch(
      /belongs to user 12345, not to who runs this: run `chown 0 .*a\.key`/,
    )
  })

  test.skipIf(!root)('of the one who became root by sudo is taken [needs root]', () => {
    const file = keyFile(KEYS.client.privateKey)
    chownSync(file, 12_345, 12_345)
    vi.stubEnv('SUDO_UID', '12345')
    try {
      expect(faultsOf(clientWith(file))).toEqual([])
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('that is refused hides no other that is', () => {
    keyFile(KEYS.client.privateKey, 0o644)
    const config = parsed({
      ...secureClient,
      security: {
        privateKeyFile: 'a.key',
        presharedKeyFile: 'none.psk',
        serverPublicKey: KEYS.server.publicKey,
      },
    })
    expect(faultsOf(config).map(({ path }) => path)).toEqual([
      'security.privateKeyFile',
      'security.presharedKeyFile',
    ])
  })
})

describe('a key of the wrong side', () => {
  test('is found at a client', () => {
    const security = { ...secureClient.security, serverPublicKey: KEYS.client.publicKey }
    expect(faultsOf(parsed({ ...secureClient, security }))).toEqual([
      { path: 'security.serverPublicKey', message: expect.stringContaining('key of this side itself') },
    ])
  })

  test('is found at a peer of a server', () => {
    const config = { ...secureServer, security: { privateKey: KEYS.client.privateKey } }
    expect(faultsOf(parsed(config))).toEqual([
      { path: 'server.peers[0].publicKey', message: expect.stringContaining('key of this side itself') },
    ])
  })
})

/** Everything a careless line of code would print of it. */
function printed(config: unknown): string {
  const said: string[] = []
  const take = (text: string): number => said.push(text)
  const out = new Writable({ write: (chunk, _, done) => done(void take(String(chunk))) })
  const everything = { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null }
  new Console(out).log(config)
  new Console(out).dir(config, everything)
  for (const format of ['text', 'json'] as const)
    createLog({ write: take }, { format }).info('config', { config })
  take(`${JSON.stringify(config)} ${String(config)}`)
  return said.join('\n')
}

describe('a config with keys', () => {
  test.each([
    ['as parsed', (config: Config<KeySource>): unknown => config],
    ['as loaded', (config: Config<KeySource>): unknown => load(config)],
  ])('shows none of them however it is printed, %s', (_, of) => {
    const presharedKey = KEYS.preshared
    const [peer] = secureServer.server.peers
    const configs = [
      parsed({ ...secureClient, security: { ...secureClient.security, presharedKey } }),
      parsed({ ...secureServer, server: { ...secureServer.server, peers: [{ ...peer, presharedKey }] } }),
    ]
    const text = configs.map((config) => printed(of(config))).join('\n')
    // It is the configs that were printed.
    expect(text).toContain('192.0.2.7:5000')
    expect(text).toContain('10.8.0.2/32')
    for (const key of [KEYS.client.privateKey, KEYS.server.privateKey, presharedKey]) {
      const bytes = Buffer.from(key, 'base64')
      // Any four bytes in a row, as numbers in a list, in hexadecimal, in base64.
      const compact = text.replace(/[\s"]|\d+:/g, '')
      expect(compact).not.toContain([...bytes.subarray(8, 12)].join(','))
      expect(text.toLowerCase()).not.toContain(bytes.toString('hex').slice(16, 24))
      expect(text).not.toContain(key.slice(8, 16))
    }
  })
})
