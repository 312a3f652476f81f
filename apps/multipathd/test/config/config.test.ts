import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { configJsonSchema, parseConfig } from '../../src/config/index.ts'
import type { Config, ParseOptions } from '../../src/config/index.ts'
import { client, server } from './samples.ts'

function configOf(value: unknown, options?: ParseOptions): Config {
  const result = parseConfig(typeof value === 'string' ? value : JSON.stringify(value), options)
  expect(result).toHaveProperty('config')
  return (result as { config: Config }).config
}

/** What is said of a path when nothing is. */
const USUAL_PATH = { weight: 1, mtu: 1500, role: 'primary', costMs: 0, idleProbeSeconds: 15 }

describe('a config', () => {
  test('needs little: the rest has defaults', () => {
    expect(configOf(client)).toEqual({
      isServer: false,
      tcp: false,
      security: 'none',
      client: { remotePaths: [{ name: 'path1', remoteAddr: '192.0.2.7:5000', ...USUAL_PATH }] },
      tun: {
        name: 'multipath-veth0',
        localAddr: ['10.8.0.1'],
        remoteAddr: ['10.8.0.2'],
        allowedIPs: [],
        mtu: 1400,
        clampMss: true,
        fragment: true,
        backend: 'auto',
      },
      scheduling: 'adaptive',
      offload: { gso: true, gro: true, checksum: true, tso: true, uso: true, coalesce: true },
      ecn: true,
      promListenAddr: '127.0.0.1:2131',
      manageRoutes: true,
      control: {},
      log: { format: 'auto', level: 'info' },
    })
  })

  test('of a server needs an endpoint and no path', () => {
    const config = configOf(server)
    expect(config.isServer).toBe(true)
    expect(config.server).toEqual({ listen: '0.0.0.0:5000', peers: [], clientToClient: false, nat: false })
    expect(config.client.remotePaths).toEqual([])
  })

  test('takes a value for every key', () => {
    const full = {
      $schema: './config.schema.json',
      isServer: false,
      tcp: false,
      security: 'none',
      scheduling: 'adaptive',
      mode: { bulk: 'aggregate', interactive: 'lowest-latency', critical: 'redundant' },
      offload: { gso: false, gro: false, checksum: false, tso: false, uso: false, coalesce: false },
      ecn: false,
      promListenAddr: '[::1]:9100',
      control: { socket: '/run/multipathd/home.sock' },
      log: { format: 'text', level: 'warn' },
      client: {
        remotePaths: [
          {
            name: 'dsl',
            remoteAddr: 'vpn.example.net:5000',
            localAddr: '192.168.1.20',
            device: 'eth*',
            fwmark: 4_294_967_295,
            weight: 65_535,
            mtu: 1492,
            role: 'backup',
            costMs: 20,
            maxSendMbit: 0.5,
            maxReceiveMbit: 1000,
            idleProbeSeconds: 60,
            quota: { bytes: '1.5 GiB', resetDay: 31, whenUsed: 'stop', warnPercent: 90 },
          },
          { remoteAddr: '[2001:db8::7]:5000', localAddr: '2001:db8::9' },
        ],
      },
      server: { listen: '[::]:5000', clientToClient: true, nat: { device: 'eth0' } },
      manageRoutes: false,
      user: 'multipathd',
      stateDir: '/var/lib/multipathd',
      tun: {
        name: 'mp0',
        localAddr: ['10.8.0.1', 'fd00:8::1'],
        remoteAddr: ['10.8.0.2', 'fd00:8::2'],
        allowedIPs: ['10.1.0.0/16', '0.0.0.0/0', 'fd00:1::/64', '::/0', '192.0.2.1/32'],
        mtu: 1280,
        clampMss: false,
        fragment: false,
        backend: 'native',
      },
    }
    const [dsl, lte] = full.client.remotePaths
    expect(configOf(full)).toEqual({
      ...full,
      client: {
        remotePaths: [
          { ...dsl, quota: { ...dsl!.quota, bytes: 1.5 * 2 ** 30 } },
          { ...lte, name: 'path2', ...USUAL_PATH },
        ],
      },
      server: { ...full.server, peers: [] },
    })
  })

  test('may ask for TCP', () => {
    expect(configOf({ ...client, tcp: true }).tcp).toBe(true)
  })

  test('may spell its keys in any letter case', () => {
    const config = configOf(
      `{"Security": "none", "CLIENT": {"remotepaths": [{"RemoteAddr": "192.0.2.7:5000", "Weight": 3}]},
        "Tun": {"LOCALADDR": "10.8.0.1", "remoteaddr": "10.8.0.2", "allowedips": ["10.1.0.0/16"]}}`,
    )
    expect(config.client.remotePaths[0]).toMatchObject({ remoteAddr: '192.0.2.7:5000', weight: 3 })
    expect(config.tun).toMatchObject({ localAddr: ['10.8.0.1'], allowedIPs: ['10.1.0.0/16'] })
  })

  test('may hold comments and a comma after the last member', () => {
    const text = `\uFEFF// my config
      { "security": "none", /* until
        the next release */
        "client": { "remotePaths": [ { "remoteAddr": "192.0.2.7:5000", }, ] }, // one line
        "tun": { "localAddr": "10.8.0.1", "remoteAddr": "10.8.0.2" }, }
      // end`
    expect(configOf(text).client.remotePaths).toHaveLength(1)
  })

  test('takes weight 0 as 1, as configs of the Go original have it', () => {
    const paths = [{ remoteAddr: '192.0.2.7:5000', weight: 0 }]
    expect(configOf({ ...client, client: { remotePaths: paths } }).client.remotePaths[0]?.weight).toBe(1)
  })

  test('of the Go original needs no change but for its security', () => {
    const go = `{
      "client": { "remotePaths": [
        { "remoteAddr": "192.0.2.7:29997", "weight": 0 }, { "remoteAddr": "192.0.2.7:29998", "weight": 10 } ] },
      "server": { "listen": "0.0.0.0:29999" },
      "tun": { "name": "multipath-veth0", "localAddr": "10.8.0.1", "remoteAddr": "10.8.0.2", "allowedIPs": ["10.1.0.0/16"] },
      "promListenAddr": "0.0.0.0:2131",
      "tcp": true,
      "isServer": false
    }`
    const config = configOf(go, { insecure: true })
    expect(config.client.remotePaths.map(({ weight }) => weight)).toEqual([1, 10])
    expect(config).toMatchObject({
      tcp: true,
      isServer: false,
      server: { listen: '0.0.0.0:29999' },
      promListenAddr: '0.0.0.0:2131',
      tun: { name: 'multipath-veth0', allowedIPs: ['10.1.0.0/16'] },
    })
    const asServer = configOf(go.replace('"isServer": false', '"security": "none", "isServer": true'))
    expect(asServer.isServer).toBe(true)
  })

  test('may say one mode for all traffic, or some of them', () => {
    const all = { bulk: 'redundant', interactive: 'redundant', critical: 'redundant' }
    expect(configOf({ ...client, mode: 'redundant' }).mode).toEqual(all)
    expect(configOf({ ...client, mode: { critical: 'redundant' } }).mode).toEqual({ critical: 'redundant' })
  })

  test.each([
    ['1 B', 1],
    ['20 GB', 20e9],
    ['512MiB', 512 * 2 ** 20],
    ['0.5 tb', 5e11],
    ['10 kB', 10_000],
  ])('reads %s as a number of bytes', (text, bytes) => {
    const path = { ...client.client.remotePaths[0], quota: { bytes: text } }
    const { quota } = configOf({ ...client, client: { remotePaths: [path] } }).client.remotePaths[0]!
    expect(quota).toEqual({ bytes, resetDay: 1, whenUsed: 'backup', warnPercent: 80 })
  })

  test('may lead several paths to one host, or from one host, or both by different devices', () => {
    const remotePaths = [
      { remoteAddr: '192.0.2.7:5000' },
      { remoteAddr: '192.0.2.7:5001' },
      { remoteAddr: '192.0.2.7:5000', localAddr: '10.0.0.1' },
      { remoteAddr: '192.0.2.7:5000', localAddr: '10.0.0.1', device: 'eth1' },
    ]
    const config = configOf({ ...client, client: { remotePaths } })
    expect(config.client.remotePaths.map(({ name }) => name)).toEqual(['path1', 'path2', 'path3', 'path4'])
  })

  test('takes its role from the command line when it does not say one', () => {
    const { isServer: _, ...silent } = server
    expect(configOf(silent, { role: 'server' }).isServer).toBe(true)
    expect(configOf(server, { role: 'server' }).isServer).toBe(true)
    expect(configOf({ ...client, isServer: false }, { role: 'client' }).isServer).toBe(false)
  })

  test('may leave security out under --insecure', () => {
    const { security: _, ...open } = client
    expect(configOf(open, { insecure: true }).security).toBe('none')
  })
})

describe('the JSON Schema', () => {
  test('is the committed one: after a change run `node scripts/docs.mjs`', () => {
    const committed = readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(committed)).toEqual(configJsonSchema())
  })
})
