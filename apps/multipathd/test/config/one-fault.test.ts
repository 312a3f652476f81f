import { expect, test } from 'vitest'
import { faultText } from '../../src/cli/load.ts'
import { KEYS, client, faultsOf, secureClient, secureServer, server } from './samples.ts'

/** A config in which one thing is wrong: where, what was found there, and what was expected. */
type Case = readonly [what: string, config: unknown, path: string, found: string, expected: string]

const way = { remoteAddr: '192.0.2.7:5000' }
const withPath = (members: object): object => ({
  ...client,
  client: { remotePaths: [{ ...way, ...members }] },
})
const withTun = (members: object): object => ({ ...client, tun: { ...client.tun, ...members } })
const peerOf = (members: object): object => {
  const [peer] = secureServer.server.peers
  return { ...secureServer, server: { ...secureServer.server, peers: [{ ...peer, ...members }] } }
}

const CASES: readonly Case[] = [
  ['no comma', '{ "tcp": true "isServer": false }', '', 'found "\\"isServer\\""', 'expected "," or "}"'],
  [
    'a misspelt key',
    withPath({ wieght: 2 }),
    'client.remotePaths[0].wieght',
    'unknown key "wieght"',
    'did you mean "weight"',
  ],
  [
    'a key twice',
    JSON.stringify({ ...client, tcp: true }).replace('{', '{"tcp": false,'),
    'tcp',
    'as "tcp" and "tcp"',
    'keep one',
  ],
  ['a word for a flag', { ...client, tcp: 'yes' }, 'tcp', 'found "yes"', 'expected true or false'],
  [
    'a weight below 0',
    withPath({ weight: -1 }),
    'client.remotePaths[0].weight',
    'found -1',
    'a whole number from 0 to 65535',
  ],
  [
    'a list for a path',
    { ...client, client: { remotePaths: [[]] } },
    'client.remotePaths[0]',
    'found an empty list',
    'expected an object',
  ],
  ['no port', withPath({ remoteAddr: 'host' }), 'client.remotePaths[0].remoteAddr', "'host'", 'port'],
  [
    'a port that is too large',
    withPath({ remoteAddr: 'host:70000' }),
    'client.remotePaths[0].remoteAddr',
    "'70000'",
    '0 to 65535',
  ],
  [
    'a device for an address',
    withPath({ localAddr: 'eth0' }),
    'client.remotePaths[0].localAddr',
    'found "eth0"',
    'expected an IP address',
  ],
  [
    'another family',
    withPath({ localAddr: '2001:db8::1' }),
    'client.remotePaths[0].localAddr',
    '"2001:db8::1"',
    '(IPv4)',
  ],
  [
    'a device name that is too long',
    withTun({ name: 'multipath-device' }),
    'tun.name',
    'has 16',
    'at most 15 characters',
  ],
  [
    'a role that is none',
    withPath({ role: 'spare' }),
    'client.remotePaths[0].role',
    'found "spare"',
    '"primary", "secondary" or "backup"',
  ],
  [
    'a limit of nothing',
    withPath({ maxSendMbit: 0 }),
    'client.remotePaths[0].maxSendMbit',
    'found 0',
    'from 0.064 to 16000',
  ],
  [
    'a quota without a unit',
    withPath({ quota: { bytes: '20' } }),
    'client.remotePaths[0].quota.bytes',
    'found "20"',
    'such as "20 GB"',
  ],
  [
    'a mode that is none',
    { ...client, mode: { critical: 'all' } },
    'mode.critical',
    'found "all"',
    '"aggregate", "lowest-latency" or "redundant"',
  ],
  [
    'a limit that nobody keeps',
    { ...withPath({ maxSendMbit: 5 }), scheduling: 'static' },
    'client.remotePaths[0].maxSendMbit',
    'found "static"',
    'needs "scheduling": "adaptive"',
  ],
  [
    'an address with a prefix',
    withTun({ localAddr: '10.8.0.1/24' }),
    'tun.localAddr',
    'found "10.8.0.1/24"',
    'an IP address without prefix length',
  ],
  [
    'bits behind the prefix',
    withTun({ allowedIPs: ['10.1.2.3/16'] }),
    'tun.allowedIPs[0]',
    '"10.1.2.3/16"',
    'write the network itself',
  ],
  ['an MTU that is too small', withTun({ mtu: 500 }), 'tun.mtu', 'found 500', 'from 576 to 65535'],
  [
    'no way to the server',
    { ...client, client: { remotePaths: [] } },
    'client.remotePaths',
    'a client needs at least one path',
    '{ "remoteAddr": "192.0.2.7:5000" }',
  ],
  [
    'no endpoint of a server',
    { ...server, server: undefined },
    'server.listen',
    'missing',
    'such as "0.0.0.0:5000"',
  ],
  ['no word on security', { ...client, security: undefined }, 'security', 'missing', 'multipathd init'],
  [
    'half a key',
    { ...secureClient, security: { ...secureClient.security, privateKey: 'abc' } },
    'security.privateKey',
    'found 3',
    '44 characters of base64',
  ],
  [
    'no network of a client',
    peerOf({ publicKey: KEYS.client.publicKey, allowedIPs: [] }),
    'server.peers[0].allowedIPs',
    'found none',
    'expected at least one network',
  ],
]

const told = (config: unknown): string => faultText('multipathd.json', faultsOf(config))

test('there are two dozen of them', () => {
  expect(CASES).toHaveLength(24)
})

test.each(CASES)(
  '%s is the only fault, told with its place, what was found and what was expected',
  (_what, config, path, found, expected) => {
    const faults = faultsOf(config)
    expect(faults.map((fault) => fault.path)).toEqual([path])
    expect(faults[0]!.message).toContain(found)
    expect(faults[0]!.message).toContain(expected)
  },
)

test('all of them read as on file', async () => {
  const text = CASES.map(([what, config]) => `# ${what}\n${told(config)}\n`).join('\n')
  await expect(text).toMatchFileSnapshot('./one-fault.txt')
})
