import { parseConfig } from '../../src/config/index.ts'
import type { Fault, ParseOptions } from '../../src/config/index.ts'

/** The least that a client and a server need. */
export const client = {
  security: 'none',
  client: { remotePaths: [{ remoteAddr: '192.0.2.7:5000' }] },
  tun: { localAddr: '10.8.0.1', remoteAddr: '10.8.0.2' },
}
export const server = {
  security: 'none',
  isServer: true,
  server: { listen: '0.0.0.0:5000' },
  tun: client.tun,
}

/** Keys that fit together; nobody uses them. */
export const KEYS = {
  server: {
    privateKey: 'uPxLzyxieabrhZnwZ8StZLk930CqaVcnGUfEpC3/OlI=',
    publicKey: '6wnZt7jSQkiye4GQ6Qeaj3GllBqnz34jNJB6JVObLEo=',
  },
  client: {
    privateKey: '8F6q4/F3ULbtokgWMm46bhyv+2cgRMHBObKou2d3HnM=',
    publicKey: 'nV3qc/QKMMmoBrjGIqIgRMNyg9tmBTpeujXzFIoaZRM=',
  },
  preshared: 'fktqR58lRBxv0MWMhUbXFD3s/zpvqi/pHl85oPzlQC8=',
}

/** The least that they need with encryption, keys inline. */
export const secureClient = {
  ...client,
  security: { privateKey: KEYS.client.privateKey, serverPublicKey: KEYS.server.publicKey },
}
export const secureServer = {
  ...server,
  security: { privateKey: KEYS.server.privateKey },
  server: { ...server.server, peers: [{ publicKey: KEYS.client.publicKey, allowedIPs: ['10.8.0.2/32'] }] },
}

/** The faults of a config, given as a value or as text. */
export function faultsOf(value: unknown, options?: ParseOptions): readonly Fault[] {
  const result = parseConfig(typeof value === 'string' ? value : JSON.stringify(value), options)
  return 'faults' in result ? result.faults : []
}

/** What is changed in a right config, where the fault is reported, and what its text says. */
export type FaultyCase = readonly [
  name: string,
  value: unknown,
  path: string,
  text: RegExp,
  options?: ParseOptions,
]
