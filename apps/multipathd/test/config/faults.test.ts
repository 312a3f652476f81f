import { describe, expect, test } from 'vitest'
import { client, faultsOf, server } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const FAULTY: FaultyCase[] = [
  ['an unknown key', { ...client, tpc: true }, 'tpc', /unknown key "tpc": did you mean "tcp"\?/],
  [
    'a misspelt key deep inside',
    withPath({ wieght: 2 }),
    'client.remotePaths[0].wieght',
    /did you mean "weight"\?/,
  ],
  [
    'a key at the wrong place',
    { ...server, listen: ':5000' },
    'listen',
    /unknown key "listen".*Known here: .*server/,
  ],
  ['a key of the prototype', '{"__proto__": {}}', '__proto__', /unknown key "__proto__"/],
  ['a key twice', '{"tcp": true, "tcp": false}', 'tcp', /stands twice, as "tcp" and "tcp"/],
  [
    'a key twice in two letter cases',
    '{"tcp": true, "TCP": false}',
    'tcp',
    /stands twice, as "tcp" and "TCP"/,
  ],
  [
    'a control socket without a folder',
    { ...client, control: { socket: 'mp.sock' } },
    'control.socket',
    /absolute path such as .* or "none"; found "mp.sock"/,
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
    'a NAT that is no switch',
    { ...server, server: { ...server.server, nat: 'eth0' } },
    'server.nat',
    /true, false or \{ "device": … \}, found "eth0"/,
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
    'a server without endpoint',
    { ...server, server: undefined },
    'server.listen',
    /a server needs an endpoint to listen on/,
  ],
  [
    'a listen port without host',
    { ...server, server: { listen: ':5000' } },
    'server.listen',
    /write 0.0.0.0:5000 or \[::\]:5000/,
  ],
  ['isServer in quotes', { ...server, isServer: 'true' }, 'isServer', /expected true or false, found "true"/],
  ['tcp as a number', { ...client, tcp: 1 }, 'tcp', /expected true or false, found 1/],
  [
    'an offload that is no flag',
    { ...client, offload: { gso: 1 } },
    'offload.gso',
    /expected true or false, found 1/,
  ],
  [
    'a metrics endpoint without port',
    { ...client, promListenAddr: 'localhost' },
    'promListenAddr',
    /no port/,
  ],
  ['no tun', { ...client, tun: undefined }, 'tun', /missing: expected an object/],
  [
    'a tun name that is too long',
    withTun({ name: 'multipath-veth10' }),
    'tun.name',
    /at most 15 characters, "multipath-veth10" has 16/,
  ],
  ['a tun name with a slash', withTun({ name: '../x' }), 'tun.name', /without blanks, "\/"/],
  [
    'a tunnel address with prefix length',
    withTun({ localAddr: '10.8.0.1/24' }),
    'tun.localAddr',
    /without prefix length, found "10.8.0.1\/24"/,
  ],
  [
    'a bad address in a list',
    withTun({ remoteAddr: ['10.8.0.2', 'x'] }),
    'tun.remoteAddr[1]',
    /expected an IP address.*found "x"/,
  ],
  ['an empty list of addresses', withTun({ localAddr: [] }), 'tun.localAddr', /found an empty list/],
  [
    'a number as an address',
    withTun({ localAddr: 10 }),
    'tun.localAddr',
    /IP address or a list of IP addresses, found 10/,
  ],
  [
    'no peer address',
    withTun({ remoteAddr: undefined }),
    'tun.remoteAddr',
    /missing: expected an IP address/,
  ],
  ['ends of two families', withTun({ remoteAddr: 'fd00::2' }), 'tun.remoteAddr', /not of one family/],
  [
    'both ends the same',
    withTun({ localAddr: 'fd00::2', remoteAddr: 'FD00:0::2' }),
    'tun.remoteAddr',
    /is also localAddr/,
  ],
  [
    'lists of two lengths',
    withTun({ localAddr: ['10.8.0.1', 'fd00::1'] }),
    'tun.remoteAddr',
    /as many addresses.*\(2\), found 1/,
  ],
  [
    'two addresses of one family',
    withTun({ localAddr: ['10.8.0.1', '10.8.0.3'], remoteAddr: ['10.8.0.2', '10.8.0.4'] }),
    'tun.localAddr',
    /one address per family/,
  ],
  [
    'an inner MTU too small for IPv6',
    withTun({ localAddr: 'fd00::1', remoteAddr: 'fd00::2', mtu: 1279 }),
    'tun.mtu',
    /at least 1280 bytes, found 1279/,
  ],
  [
    'an unknown backend',
    withTun({ backend: 'utun' }),
    'tun.backend',
    /expected "auto", "native" or "tuntap2", found "utun"/,
  ],
  [
    'a network without length',
    withTun({ allowedIPs: ['10.1.0.0'] }),
    'tun.allowedIPs[0]',
    /prefix length from 0 to 32/,
  ],
  [
    'a prefix that is too long',
    withTun({ allowedIPs: ['10.1.0.0/33'] }),
    'tun.allowedIPs[0]',
    /from 0 to 32/,
  ],
  [
    'a host in a network',
    withTun({ allowedIPs: ['10.1.2.3/16'] }),
    'tun.allowedIPs[0]',
    /write the network itself, or \/32/,
  ],
  [
    'an IPv6 host in a network',
    withTun({ localAddr: 'fd00::1', remoteAddr: 'fd00::2', allowedIPs: ['fd00:1::1/64'] }),
    'tun.allowedIPs[0]',
    /or \/128/,
  ],
  [
    'a network that is none',
    withTun({ allowedIPs: ['office'] }),
    'tun.allowedIPs[0]',
    /expected a network.*found "office"/,
  ],
  [
    'a network twice',
    withTun({ allowedIPs: ['10.0.0.0/8', '10.0.0.0/8'] }),
    'tun.allowedIPs[1]',
    /also stands at allowedIPs\[0\]/,
  ],
  [
    'an IPv6 network over an IPv4 tunnel',
    withTun({ allowedIPs: ['fd00::/8'] }),
    'tun.allowedIPs[0]',
    /has no IPv6 address/,
  ],
  [
    'a role that contradicts the file',
    server,
    'isServer',
    /file says true, the command line says client/,
    { role: 'client' },
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
  ['a mode that is none', { ...client, mode: 'fast' }, 'mode', /"redundant", or an object.*found "fast"/],
  [
    'a limit that nobody keeps',
    { ...withPath({ maxReceiveMbit: 5 }), scheduling: 'static' },
    'client.remotePaths[0].maxReceiveMbit',
    /needs "scheduling": "adaptive", found "static"/,
  ],
  [
    'modes where there are none',
    { ...client, mode: 'redundant', scheduling: 'static' },
    'mode',
    /found "static"/,
  ],
  ['a file that is no object', '[]', '', /expected an object, found an empty list/],
]

function withPath(members: object): object {
  return withPaths({ remoteAddr: '192.0.2.7:5000', ...members })
}
function withPaths(...remotePaths: object[]): object {
  return { ...client, client: { remotePaths } }
}
function withTun(members: object): object {
  return { ...client, tun: { ...client.tun, ...members } }
}

describe('a faulty config', () => {
  test.for(FAULTY)('names %s, with its path', ([, value, path, text, options]) => {
    const faults = faultsOf(value, options)
    const at = faults.filter((fault) => fault.path === path)
    expect(at.map(({ message }) => message)).toEqual([expect.stringMatching(text)])
  })

  test.for(FAULTY.filter(([, value]) => typeof value !== 'string'))(
    'has no fault but that one: %s',
    ([, value, path, , options]) => {
      const others = faultsOf(value, options).filter((fault) => fault.path !== path)
      // A role that does not fit lacks what that role needs as well.
      expect(others.filter((fault) => fault.path !== 'client.remotePaths')).toEqual([])
    },
  )

  test('tells all its faults at once', () => {
    const faults = faultsOf({
      tpc: 1,
      client: { remotePaths: [{ remoteAddr: 'a' }, { remoteAddr: 'b:1', weight: -1 }] },
      tun: { localAddr: 'x', remoteAddr: '10.0.0.1', allowedIPs: ['10.0.0.1/8'] },
    })
    expect(faults.map(({ path }) => path).toSorted()).toEqual([
      'client.remotePaths[0].remoteAddr',
      'client.remotePaths[1].weight',
      'security',
      'tpc',
      'tun.allowedIPs[0]',
      'tun.localAddr',
    ])
  })
})
