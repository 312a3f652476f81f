import { isIP, isIPv6 } from 'node:net'

/** A host and a port, as people write them: `example.net:5000`, `192.0.2.7:5000`, `[2001:db8::7]:5000`. */
export interface Endpoint {
  /** IP address without brackets, or host name. */
  readonly host: string
  /** 0…65535; 0 asks the system for a free port. */
  readonly port: number
}

const HOST_NAME =
  /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/
const MAX_HOST_NAME_LENGTH = 253
const MAX_PORT = 65_535

/** Reads `host:port`; an IPv6 address must stand in brackets. What is wrong comes back as a sentence for people. */
export function parseEndpoint(text: string): Endpoint | { readonly error: string } {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return malformed(text, 'there is no port: write host:port')
  const port = text.slice(colon + 1)
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) {
    return malformed(text, `the port must be a number from 0 to ${MAX_PORT}, not '${port}'`)
  }
  const host = text.slice(0, colon)
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : undefined
  if (bare !== undefined) {
    return isIPv6(bare)
      ? { host: bare, port: Number(port) }
      : malformed(text, `'${bare}' is not an IPv6 address`)
  }
  if (host === '')
    return malformed(text, `there is no host: write 0.0.0.0:${port} or [::]:${port} for all addresses`)
  if (isIPv6(text) || isIPv6(host))
    return malformed(text, `an IPv6 address needs brackets: write [${host}]:${port}`)
  if (isIP(host) === 0 && !isHostName(host))
    return malformed(text, `'${host}' is neither an IP address nor a host name`)
  return { host, port: Number(port) }
}

/** `host:port`, with brackets around an IPv6 address: the inverse of {@link parseEndpoint}. */
export function formatEndpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Four numbers with dots are an address or a mistake, never a name. */
function isHostName(host: string): boolean {
  return host.length <= MAX_HOST_NAME_LENGTH && HOST_NAME.test(host) && !/^[\d.]+$/.test(host)
}

function malformed(text: string, reason: string): { readonly error: string } {
  return { error: `'${text}' is not an endpoint: ${reason}` }
}

/** What can go wrong at an endpoint, in a word: the last part of an error code such as `MP_UDP_ADDRESS_IN_USE`. */
export type EndpointFault =
  | 'ADDRESS_IN_USE'
  | 'BAD_ADDRESS'
  | 'NOT_PERMITTED'
  | 'NO_DEVICE'
  | 'UNRESOLVED'
  | 'UNREACHABLE'
  | 'REFUSED'
  | 'RESET'
  | 'TIMEOUT'
  | 'FAILED'

/** An endpoint that cannot be reached, for a reason that no system call gave. The message says it to people. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError'
  readonly fault: EndpointFault

  constructor(fault: EndpointFault, message: string) {
    super(message)
    this.fault = fault
  }
}

const FAULTS: Readonly<Record<string, readonly [EndpointFault, advice: string]>> = {
  EADDRINUSE: ['ADDRESS_IN_USE', 'another program has that port: stop it or choose another port'],
  EADDRNOTAVAIL: ['BAD_ADDRESS', 'no interface of this machine has that address: see `ip address`'],
  EINVAL: ['BAD_ADDRESS', 'both addresses must be of one family, and of an interface that is up'],
  EAFNOSUPPORT: ['BAD_ADDRESS', 'this machine has no support for that address family'],
  EACCES: [
    'NOT_PERMITTED',
    'ports below 1024 and binding to a device need root; a firewall may forbid it too',
  ],
  EPERM: ['NOT_PERMITTED', 'binding to a device needs root; a firewall may forbid it too'],
  ENODEV: ['NO_DEVICE', 'there is no such network interface: see `ip link`'],
  ENOTFOUND: ['UNRESOLVED', 'the name is not known: check its spelling'],
  EAI_AGAIN: ['UNRESOLVED', 'the name server does not answer: check the network and its DNS settings'],
  ENETUNREACH: ['UNREACHABLE', 'there is no route to it: see `ip route`'],
  EHOSTUNREACH: ['UNREACHABLE', 'the host does not answer: check that the line is up'],
  ENETDOWN: ['UNREACHABLE', 'the network interface is down'],
  ECONNREFUSED: ['REFUSED', 'nothing listens there: check the port and that the server runs'],
  ECONNRESET: ['RESET', 'the other end broke the connection off'],
  EPIPE: ['RESET', 'the other end broke the connection off'],
  ETIMEDOUT: ['TIMEOUT', 'there was no answer: check the address, the line and the firewall'],
}

/** Names the fault behind a system error (by its `code`, as in errno) and says what a person can do about it. */
export function explainFault(error: unknown): { readonly fault: EndpointFault; readonly advice: string } {
  if (error instanceof EndpointError) return { fault: error.fault, advice: error.message }
  const code = errnoCode(error)
  const known = FAULTS[code]
  if (known !== undefined) return { fault: known[0], advice: known[1] }
  return { fault: 'FAILED', advice: code === '' ? String(error) : `the system says ${code}` }
}

/** The `code` of a system error, as in errno; empty when it has none. */
export function errnoCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
