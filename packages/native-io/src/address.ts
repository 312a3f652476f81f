import { isIP } from 'node:net'
import { type Endpoint, parseEndpoint } from '@mp/runtime-node'

/** Reads `ip:port` or `[ip]:port`; a host name will not do. Throws TypeError that says what is wrong. */
export function parseAddress(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if ('error' in endpoint) throw new TypeError(endpoint.error)
  if (isIP(endpoint.host) !== 0) return endpoint
  throw new TypeError(
    `'${text}' is not an address: '${endpoint.host}' is a name, and an IP address is needed`,
  )
}
