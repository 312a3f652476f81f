import { describe } from 'vitest'
import { testFaults } from './faulty-cases.ts'
import { client } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const withPaths = (...remotePaths: object[]): object => ({ ...client, client: { remotePaths } })
const withPath = (members: object): object => withPaths({ remoteAddr: '192.0.2.7:5000', ...members })

const FAULTY: FaultyCase[] = [
  [
    'a misspelt key deep inside',
    withPath({ wieght: 2 }),
    'client.remotePaths[0].wieght',
    /did you mean "weight"\?/,
  ],
  ['a weight below 0', withPath({ weight: -1 }), 'client.remotePaths[0].weight', /from 0 to 65535, found -1/],
  [
    'a weight that is no whole number',
    withPath({ weight: 1.5 }),
    'client.remotePaths[0].weight',
    /whole number.*found 1.5/,
  ],
  ['a weight beyond 65535', withPath({ weight: 65_536 }), 'client.remotePaths[0].weight', /found 65536/],
  [
    'a weight in quotes',
    withPath({ weight: '2' }),
    'client.remotePaths[0].weight',
    /whole number.*found "2"/,
  ],
  [
    'a mark beyond 32 bits',
    withPath({ fwmark: 2 ** 32 }),
    'client.remotePaths[0].fwmark',
    /from 1 to 4294967295, found 4294967296/,
  ],
  [
    'an endpoint without port',
    withPath({ remoteAddr: 'host' }),
    'client.remotePaths[0].remoteAddr',
    /'host'.*no port/,
  ],
  [
    'an endpoint with port 0',
    withPath({ remoteAddr: 'host:0' }),
    'client.remotePaths[0].remoteAddr',
    /"host:0" has port 0/,
  ],
  [
    'a port beyond 65535',
    withPath({ remoteAddr: 'host:65536' }),
    'client.remotePaths[0].remoteAddr',
    /0 to 65535.*'65536'/,
  ],
  [
    'IPv6 without brackets',
    withPath({ remoteAddr: '::1:5' }),
    'client.remotePaths[0].remoteAddr',
    /needs brackets/,
  ],
  [
    'a bad IPv4 address',
    withPath({ remoteAddr: '1.2.3.400:5' }),
    'client.remotePaths[0].remoteAddr',
    /'1.2.3.400' is neither/,
  ],
  [
    'a path without endpoint',
    { ...client, client: { remotePaths: [{}] } },
    'client.remotePaths[0].remoteAddr',
    /missing: expected an endpoint/,
  ],
  [
    'a local name instead of an address',
    withPath({ localAddr: 'eth0' }),
    'client.remotePaths[0].localAddr',
    /expected an IP address.*found "eth0"/,
  ],
  [
    'a local address of the other family',
    withPath({ localAddr: '::1' }),
    'client.remotePaths[0].localAddr',
    /"::1" is not of the family.*IPv4/,
  ],
  [
    'a device name that is too long',
    withPath({ device: 'sixteen-letters!' }),
    'client.remotePaths[0].device',
    /at most 15 characters, "sixteen-letters!" has 16/,
  ],
  [
    'a device name with a blank',
    withPath({ device: 'my dsl' }),
    'client.remotePaths[0].device',
    /without blanks.*found "my dsl"/,
  ],
  [
    'a transport that nobody has',
    withPath({ transport: 'quic' }),
    'client.remotePaths[0].transport',
    /expected "udp", "tcp" or "auto", found "quic"/,
  ],
  ['an empty name of a path', withPath({ name: '' }), 'client.remotePaths[0].name', /found an empty one/],
  [
    'an outer MTU that is too small',
    withPath({ mtu: 100 }),
    'client.remotePaths[0].mtu',
    /576 to 65535, found 100/,
  ],
  [
    'a path that is no object',
    { ...client, client: { remotePaths: ['host:1'] } },
    'client.remotePaths[0]',
    /expected an object, found "host:1"/,
  ],
  [
    'paths that are no list',
    { ...client, client: { remotePaths: { remoteAddr: 'host:1' } } },
    'client.remotePaths',
    /expected a list of paths, found an object/,
  ],
  [
    'two equal paths',
    withPaths({ remoteAddr: 'Host:1' }, { remoteAddr: 'host:1' }),
    'client.remotePaths[1]',
    /same way as remotePaths\[0\]/,
  ],
  [
    'two paths of one name',
    withPaths({ remoteAddr: 'a:1', name: 'path2' }, { remoteAddr: 'b:1' }),
    'client.remotePaths[1].name',
    /also the name of remotePaths\[0\]/,
  ],
  [
    'a client without paths',
    { ...client, client: { remotePaths: [] } },
    'client.remotePaths',
    /at least one path/,
  ],
  [
    'neither client nor server',
    { security: 'none', tun: client.tun },
    'client.remotePaths',
    /a server needs "isServer": true/,
  ],
  [
    'more paths than a session has room for',
    withPaths(...Array.from({ length: 33 }, (_, index) => ({ remoteAddr: `192.0.2.7:${5000 + index}` }))),
    'client.remotePaths',
    /at most 32 paths, found 33/,
  ],
  [
    'a cap of nothing',
    withPath({ maxSendMbit: 0 }),
    'client.remotePaths[0].maxSendMbit',
    /from 0.064.*found 0/,
  ],
  [
    'a quota without a unit',
    withPath({ quota: { bytes: '20' } }),
    'client.remotePaths[0].quota.bytes',
    /such as "20 GB", found "20"/,
  ],
  [
    'a quota that is a number',
    withPath({ quota: { bytes: 20e9 } }),
    'client.remotePaths[0].quota.bytes',
    /its unit.*found 20000000000/,
  ],
  [
    'a quota of nothing',
    withPath({ quota: { bytes: '0 GB' } }),
    'client.remotePaths[0].quota.bytes',
    /found "0 GB"/,
  ],
  [
    'a quota whose line becomes something else',
    withPath({ quota: { bytes: '1 GB', whenUsed: 'primary' } }),
    'client.remotePaths[0].quota.whenUsed',
    /"backup" or "stop", found "primary"/,
  ],
  [
    'a day that no month has',
    withPath({ quota: { bytes: '1 GB', resetDay: 32 } }),
    'client.remotePaths[0].quota.resetDay',
    /from 1 to 31, found 32/,
  ],
  [
    'a limit that nobody keeps',
    { ...withPath({ maxReceiveMbit: 5 }), scheduling: 'static' },
    'client.remotePaths[0].maxReceiveMbit',
    /needs "scheduling": "adaptive", found "static"/,
  ],
]

describe('a faulty path of a config', () => {
  testFaults(FAULTY)
})
