import { expect, test } from 'vitest'
import { client, faultsOf, server } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const entry = { ...client, relay: { listen: '127.0.0.1:51821' } }
const exit = { ...server, relay: { target: '127.0.0.1:51820' } }

const FAULTY: FaultyCase[] = [
  [
    'a client without a place to listen',
    { ...client, relay: {} },
    'relay.listen',
    /missing: a client that relays needs it/,
  ],
  [
    'a server without a target',
    { ...server, relay: {} },
    'relay.target',
    /missing: a server that relays needs it/,
  ],
  [
    'a target at the client',
    { ...entry, relay: { ...entry.relay, target: '127.0.0.1:1' } },
    'relay.target',
    /a client has no use for it: write "listen"/,
  ],
  [
    'a target by name',
    { ...exit, relay: { target: 'localhost:51820' } },
    'relay.target',
    /IP address and a port, found "localhost:51820"/,
  ],
  ['a target with port 0', { ...exit, relay: { target: '127.0.0.1:0' } }, 'relay.target', /has port 0/],
  [
    'addresses inside that are IPv6 only',
    { ...entry, tun: { localAddr: 'fd00::1', remoteAddr: 'fd00::2' } },
    'tun.localAddr',
    /a relay needs an IPv4 address, found "fd00::1"/,
  ],
]

test.for(FAULTY)('%s is named', ([, value, path, text]) => {
  const faults = faultsOf(value)
  expect(faults.map((fault) => fault.path)).toEqual([path])
  expect(faults[0]?.message).toMatch(text)
})

test('a relay of either role that has what it needs is right', () => {
  expect(faultsOf(entry)).toEqual([])
  expect(faultsOf(exit)).toEqual([])
})
