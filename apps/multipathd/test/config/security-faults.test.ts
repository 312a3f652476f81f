import { describe, expect, test } from 'vitest'
import { KEYS, client, faultsOf, secureClient, secureServer, server } from './samples.ts'
import type { FaultyCase } from './samples.ts'

const OTHER_KEY = KEYS.preshared
const peer = secureServer.server.peers[0]!

const FAULTY: FaultyCase[] = [
  [
    'no word about security',
    { ...client, security: undefined },
    'security',
    /missing: .*`multipathd init`.*`multipathd genkey`.*"none" runs without encryption/,
  ],
  [
    'security in another word',
    { ...client, security: 'off' },
    'security',
    /object with keys, or "none".*found "off"/,
  ],
  ['security that is a list', { ...client, security: [] }, 'security', /or "none".*found an empty list/],
  [
    'a misspelt key of security',
    withSecurity({ privateKeyFiel: 'x' }),
    'security.privateKeyFiel',
    /did you mean "privateKeyFile"\?/,
  ],
  [
    'keys under --insecure',
    secureClient,
    'security',
    /has keys, the command line says --insecure/,
    { insecure: true },
  ],
  ['no private key', withSecurity({ privateKey: undefined }), 'security', /found no private key.*genkey/],
  [
    'a private key twice',
    withSecurity({ privateKeyFile: 'client.key' }),
    'security.privateKey',
    /stands beside privateKeyFile/,
  ],
  [
    'a private key that is too short',
    withSecurity({ privateKey: OTHER_KEY.slice(1) }),
    'security.privateKey',
    /44 characters of base64, found 43/,
  ],
  [
    'a private key that is not base64',
    withSecurity({ privateKey: OTHER_KEY.replace(/./, '!') }),
    'security.privateKey',
    /44 characters of base64, found some that are not/,
  ],
  [
    'a private key of 33 bytes',
    withSecurity({ privateKey: 'A'.repeat(44) }),
    'security.privateKey',
    /not base64 of 32 bytes/,
  ],
  [
    'a private key that is a number',
    withSecurity({ privateKey: 7 }),
    'security.privateKey',
    /expected a key.*found 7/,
  ],
  [
    'an empty file name',
    withSecurity({ privateKey: undefined, privateKeyFile: '' }),
    'security.privateKeyFile',
    /the path of a file/,
  ],
  [
    "a client without the server's key",
    withSecurity({ serverPublicKey: undefined }),
    'security.serverPublicKey',
    /missing: .*multipathd pubkey/,
  ],
  [
    'a client with a shortened key of the server',
    withSecurity({ serverPublicKey: 'abc=' }),
    'security.serverPublicKey',
    /44 characters.*found 4$/,
  ],
  [
    'a preshared key twice',
    withSecurity({ presharedKey: OTHER_KEY, presharedKeyFile: 'x.psk' }),
    'security.presharedKey',
    /stands beside presharedKeyFile/,
  ],
  [
    'an unknown cipher',
    withSecurity({ cipher: 'aes-128-gcm' }),
    'security.cipher',
    /"auto", "chacha20-poly1305" or "aes-256-gcm", found "aes-128-gcm"/,
  ],
  [
    'no handshake at all',
    withSecurity({ handshakesPerSecond: 0 }),
    'security.handshakesPerSecond',
    /from 1 to 1000000, found 0/,
  ],
  ['a user with a blank', { ...client, user: 'a b' }, 'user', /name of a user.*found "a b"/],
  [
    'a server that has the key of a server',
    withServerSecurity({ serverPublicKey: KEYS.client.publicKey }),
    'security.serverPublicKey',
    /is for clients/,
  ],
  [
    'a server with a preshared key for all',
    withServerSecurity({ presharedKeyFile: 'x.psk' }),
    'security.presharedKeyFile',
    /one for each client, so put it into server.peers/,
  ],
  ['a server without peers', withPeers(), 'server.peers', /at least one peer/],
  [
    'a server that does not speak of peers',
    { ...secureServer, server: server.server },
    'server.peers',
    /at least one peer/,
  ],
  [
    'peers without encryption',
    { ...secureServer, security: 'none' },
    'server.peers',
    /told apart by their keys/,
  ],
  [
    'a peer without key',
    withPeers({ ...peer, publicKey: undefined }),
    'server.peers[0].publicKey',
    /missing: expected a key/,
  ],
  [
    'a key of a peer that is too long',
    withPeers({ ...peer, publicKey: `${OTHER_KEY}A` }),
    'server.peers[0].publicKey',
    /found 45/,
  ],
  [
    'a key of two peers',
    withPeers(peer, { ...peer, allowedIPs: ['10.8.0.3/32'] }),
    'server.peers[1].publicKey',
    /also the key of peers\[0\]/,
  ],
  [
    'a name of two peers',
    withPeers({ ...peer, name: 'peer2' }, otherPeer('10.8.0.3/32')),
    'server.peers[1].name',
    /"peer2" is also the name of peers\[0\]/,
  ],
  [
    'a network of two peers',
    withPeers(peer, otherPeer('10.8.0.3/32', '10.8.0.2/32')),
    'server.peers[1].allowedIPs[1]',
    /also stands at peers\[0\].allowedIPs\[0\]/,
  ],
  [
    'a network twice at one peer',
    withPeers(otherPeer('10.9.0.0/16', '10.9.0.0/16')),
    'server.peers[0].allowedIPs[1]',
    /also stands at peers\[0\].allowedIPs\[0\]/,
  ],
  [
    "a peer with the server's own address",
    withPeers(otherPeer('10.8.0.1/32')),
    'server.peers[0].allowedIPs[0]',
    /tun.localAddr, which is this server/,
  ],
  [
    'a peer behind IPv6 in an IPv4 tunnel',
    withPeers(otherPeer('fd00::2/128')),
    'server.peers[0].allowedIPs[0]',
    /is IPv6, but the tunnel has no IPv6 address in localAddr/,
  ],
  [
    'a peer with an address for a network',
    withPeers(otherPeer('10.8.0.2')),
    'server.peers[0].allowedIPs[0]',
    /prefix length from 0 to 32/,
  ],
  ['a peer without networks', withPeers(otherPeer()), 'server.peers[0].allowedIPs', /at least one network/],
  [
    'a preshared key of a peer twice',
    withPeers({ ...peer, presharedKey: OTHER_KEY, presharedKeyFile: 'x.psk' }),
    'server.peers[0].presharedKey',
    /stands beside presharedKeyFile/,
  ],
  [
    'peers that are no list',
    { ...secureServer, server: { ...server.server, peers: peer } },
    'server.peers',
    /a list of peers, found an object/,
  ],
]

function withSecurity(members: object): unknown {
  return { ...secureClient, security: { ...secureClient.security, ...members } }
}
function withServerSecurity(members: object): unknown {
  return { ...secureServer, security: { ...secureServer.security, ...members } }
}
function withPeers(...peers: object[]): unknown {
  return { ...secureServer, server: { ...server.server, peers } }
}
function otherPeer(...allowedIPs: string[]): object {
  return { publicKey: OTHER_KEY, allowedIPs }
}

describe('a config with faulty keys', () => {
  test.for(FAULTY)('names %s, with its path and no other fault', ([, value, path, text, options]) => {
    expect(faultsOf(value, options)).toEqual([{ path, message: expect.stringMatching(text) }])
  })

  test('is told apart from the right one that it was made of', () => {
    expect(faultsOf(secureClient)).toEqual([])
    expect(faultsOf(secureServer)).toEqual([])
  })

  test('may have networks of peers inside each other: the longest prefix decides', () => {
    expect(faultsOf(withPeers(peer, otherPeer('10.8.0.0/16', '0.0.0.0/0')))).toEqual([])
  })
})

describe('a key that went astray', () => {
  const { privateKey } = KEYS.client
  test.each([
    ['as the whole security', { ...client, security: privateKey }],
    ['as the user', { ...client, user: privateKey }],
    ['as a key of the config', { ...client, [privateKey]: 1 }],
    ['as the file it should be in', withSecurity({ privateKey: undefined, privateKeyFile: privateKey })],
    ['as an endpoint', { ...server, server: { listen: privateKey } }],
    ['as a file would have it', { ...client, security: `PrivateKey = ${privateKey}` }],
    ['without quotes', `{"security": ${privateKey}}`],
    ['without the second quote', `{"security": {"privateKey": "${privateKey}\n}`],
    ['with a bad escape', `{"security": "${privateKey}\\x"}`],
    ['with a digit too many', withSecurity({ privateKey: `${privateKey}A` })],
  ])('%s is in no message', (_, value) => {
    const faults = faultsOf(value)
    expect(faults.length).toBeGreaterThan(0)
    const said = JSON.stringify(faults)
    const parts = Array.from({ length: privateKey.length - 12 }, (__, start) =>
      privateKey.slice(start, start + 12),
    )
    expect(parts.filter((part) => said.includes(part))).toEqual([])
  })
})
