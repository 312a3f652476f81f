/** An error of the memory network, with a `code` as errno has it. */
export class NetworkError extends Error {
  /** `EINVAL` for a malformed address, `EADDRINUSE` for one that is taken. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'NetworkError'
    this.code = code
  }
}

/** A socket address in two parts; an IPv6 host stands in brackets. */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

const MAX_PORT = 65_535

/** Reads `host:port` or `[ip]:port`. Throws {@link NetworkError} with the code `EINVAL`. */
export function parseAddress(address: string): SocketAddress {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, Math.max(colon, 0))
  const digits = address.slice(colon + 1)
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Infinity
  const bracketed = host.startsWith('[') && host.endsWith(']')
  if (host !== '' && port <= MAX_PORT && (bracketed || !host.includes(':'))) return { host, port }
  throw new NetworkError(
    'EINVAL',
    `expected an address like 10.0.0.1:443 or [fd00::1]:443, found "${address}"`,
  )
}

/** The host part for an IP address as it stands alone: IPv6 gets its brackets. */
export function hostOfIp(ip: string): string {
  return ip.includes(':') && !ip.startsWith('[') ? `[${ip}]` : ip
}

const IPV4_UDP_BYTES = 28
const IPV6_UDP_BYTES = 48

/** Bytes that IP and UDP add to a datagram between such hosts. */
export function headerBytesFor(host: string): number {
  return host.startsWith('[') ? IPV6_UDP_BYTES : IPV4_UDP_BYTES
}
