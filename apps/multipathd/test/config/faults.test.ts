import { describe, expect, test } from 'vitest'
import { testFaults } from './faulty-cases.ts'
import { client, faultsOf, server } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const FAULTY: FaultyCase[] = [
  ['an unknown key', { ...client, tpc: true }, 'tpc', /unknown key "tpc": did you mean "tcp"\?/],
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
  [
    'a NAT that is no switch',
    { ...server, server: { ...server.server, nat: 'eth0' } },
    'server.nat',
    /true, false or \{ "device": … \}, found "eth0"/,
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
  [
    'a role that contradicts the file',
    server,
    'isServer',
    /file says true, the command line says client/,
    { role: 'client' },
  ],
  ['a mode that is none', { ...client, mode: 'fast' }, 'mode', /"redundant", or an object.*found "fast"/],
  [
    'modes where there are none',
    { ...client, mode: 'redundant', scheduling: 'static' },
    'mode',
    /found "static"/,
  ],
  ['a file that is no object', '[]', '', /expected an object, found an empty list/],
]

describe('a faulty config', () => {
  testFaults(FAULTY)
})

test('a config tells all its faults at once', () => {
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
