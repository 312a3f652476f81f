import type { IpHeader } from '@mp/wire'

export type Parsed = Omit<IpHeader, 'flow'>

/**
 * Reads a packet the slow way: a cursor over an array that never moves past the end, one header after the other.
 * @returns what was found, or the name of what is wrong.
 */
export function parseSlowly(packet: readonly number[]): Parsed | string {
  if (packet.length < 20) return 'ip-short'
  const version = packet[0]! >> 4
  if (version === 4) return parse4(packet)
  return version === 6 ? parse6(packet) : 'ip-bad-version'
}

function parse4(packet: readonly number[]): Parsed | string {
  const headerBytes = (packet[0]! % 16) * 4
  if (headerBytes < 20 || headerBytes > packet.length) return 'ip-bad-header'
  if (uint16(packet, 2) !== packet.length) return 'ip-bad-length'
  const offset = (uint16(packet, 6) % 8192) * 8
  const more = (packet[6]! & 0x20) !== 0
  if (offset + packet.length > 65_535) return 'ip-bad-fragment'
  const fragmentOffset = offset > 0 || more ? offset : -1
  const found = { version: 4, protocol: packet[9]!, headerBytes, dscp: packet[1]! >> 2, fragmentOffset }
  return { ...found, ...transport(found, packet.slice(headerBytes)) }
}

function parse6(packet: readonly number[]): Parsed | string {
  if (packet.length < 40) return 'ip-short'
  if (uint16(packet, 4) + 40 !== packet.length) return 'ip-bad-length'
  let protocol = packet[6]!
  let rest = packet.slice(40)
  let fragmentOffset = -1
  for (let headers = 0; [0, 43, 44, 51, 60, 135].includes(protocol) && fragmentOffset <= 0; headers++) {
    if (headers === 8 || rest.length < 8) return 'ip-bad-extension'
    const [next, unit] = rest as [number, number]
    const bytes = protocol === 44 ? 8 : protocol === 51 ? unit * 4 + 8 : unit * 8 + 8
    if (bytes > rest.length) return 'ip-bad-extension'
    if (protocol === 44) {
      const offset = uint16(rest, 2) - (uint16(rest, 2) % 8)
      if (offset > 0 || rest[3]! % 2 === 1) fragmentOffset = offset
      if (offset + rest.length - 8 > 65_535) return 'ip-bad-fragment'
    }
    protocol = next
    rest = rest.slice(bytes)
  }
  const dscp = (uint16(packet, 0) >> 6) % 64
  const found = { version: 6, protocol, headerBytes: packet.length - rest.length, dscp, fragmentOffset }
  return { ...found, ...transport(found, rest) }
}

function transport(
  ip: Pick<Parsed, 'version' | 'protocol' | 'fragmentOffset'>,
  payload: readonly number[],
): Pick<Parsed, 'sourcePort' | 'destinationPort' | 'tcpFlags' | 'tcpPayloadBytes' | 'icmpType'> {
  const seen = ip.fragmentOffset > 0 ? [] : payload
  const withPorts = [6, 17, 33, 132, 136].includes(ip.protocol) && seen.length >= 4
  const isIcmp = ip.protocol === (ip.version === 4 ? 1 : 58)
  return {
    sourcePort: withPorts ? uint16(seen, 0) : -1,
    destinationPort: withPorts ? uint16(seen, 2) : -1,
    tcpFlags: ip.protocol === 6 ? (seen[13] ?? 0) : 0,
    tcpPayloadBytes:
      ip.protocol === 6 && seen.length >= 20 ? Math.max(-1, seen.length - (seen[12]! >> 4) * 4) : -1,
    icmpType: isIcmp ? (seen[0] ?? -1) : -1,
  }
}

function uint16(bytes: readonly number[], at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!
}
