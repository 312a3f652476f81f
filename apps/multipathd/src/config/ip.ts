import { isIP, isIPv4 } from 'node:net'

/** 4 or 6; 0 for what is no IP address. */
export const familyOf = (address: string): number => isIP(address)

/** What is wrong with `text` as an IP network for a route, such as `10.1.0.0/16`; undefined when nothing is. */
export function faultOfCidr(text: string): string | undefined {
  const [address = '', length = '', ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || rest.length > 0) {
    return `expected a network such as "10.1.0.0/16" or "fd00:1::/64", found "${text}"`
  }
  const bits = family === 4 ? 32 : 128
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return `expected a prefix length from 0 to ${bits} after "/", found "${text}"`
  }
  const groups = groupsOf(address)
  const host = groups.some((group, index) => (group & hostMask(index, Number(length))) !== 0)
  return host
    ? `"${text}" is an address in a network: write the network itself, or /${bits} for one host`
    : undefined
}

/** The same network or address always in the same letters, for comparing. */
export function canonicalIp(address: string): string {
  return familyOf(address) === 0 ? address.toLowerCase() : groupsOf(address).join('.')
}

/** {@link canonicalIp} of a network. */
export function canonicalCidr(network: string): string {
  const [address = '', length = ''] = network.split('/')
  return `${canonicalIp(address)}/${length}`
}

export const familyOfCidr = (network: string): number => familyOf(network.split('/', 1)[0] ?? '')

/** The address `offset` places behind the first of `network`, which must be large enough. */
export function addressIn(network: string, offset: number): string {
  const groups = groupsOf(network.split('/', 1)[0] ?? '')
  groups.push(groups.pop()! + offset)
  if (groups.length === 2) return groups.flatMap((group) => [group >> 8, group & 0xff]).join('.')
  // The way of the URL standard to write an IPv6 address is the short one of RFC 5952.
  const { hostname } = new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`)
  return hostname.slice(1, -1)
}

/** Bits of 16-bit group `index` that lie behind a prefix of `length` bits. */
function hostMask(index: number, length: number): number {
  const inside = Math.min(16, Math.max(0, length - index * 16))
  return 0xffff >> inside
}

/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
function groupsOf(address: string): number[] {
  if (isIPv4(address)) {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  }
  const [left = '', right] = address.split('::')
  const head = groupsOfHalf(left)
  const tail = groupsOfHalf(right ?? '')
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0)
  return [...head, ...zeros, ...tail]
}

/** One side of `::`, which may end in an IPv4 address. */
function groupsOfHalf(text: string): number[] {
  if (text === '') return []
  return text
    .split(':')
    .flatMap((part) => (part.includes('.') ? groupsOf(part) : [Number.parseInt(part, 16)]))
}

/** Whether a host is this machine itself, and no other can reach it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
