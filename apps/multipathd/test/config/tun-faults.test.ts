import { describe } from 'vitest'
import { testFaults } from './faulty-cases.ts'
import { client } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const withTun = (members: object): object => ({ ...client, tun: { ...client.tun, ...members } })

const FAULTY: FaultyCase[] = [
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
]

describe('a faulty TUN device of a config', () => {
  testFaults(FAULTY)
})
