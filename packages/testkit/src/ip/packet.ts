import { ipBytes } from './address.ts'

/** An IPv4 packet to build. */
export interface Ipv4PacketOptions {
  readonly src: string
  readonly dst: string
  /** 6 = TCP, 17 = UDP, 1 = ICMP. */
  readonly protocol: number
  readonly payload: Uint8Array
  /** Default 64. */
  readonly ttl?: number
  /** DSCP and ECN bits. Default 0. */
  readonly tos?: number
}

/** An IPv6 packet to build, without extension headers but those in `payload`. */
export interface Ipv6PacketOptions {
  readonly src: string
  readonly dst: string
  /** 6 = TCP, 17 = UDP, 58 = ICMPv6. */
  readonly nextHeader: number
  readonly payload: Uint8Array
  /** Default 64. */
  readonly hopLimit?: number
  /** DSCP and ECN bits. Default 0. */
  readonly trafficClass?: number
  /** 20 bits. Default 0. */
  readonly flowLabel?: number
}

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40

/** A whole IPv4 packet (RFC 791), its header checksum right. Throws RangeError for an address that is not IPv4. */
export function ipv4Packet({
  src,
  dst,
  protocol,
  payload,
  ttl = 64,
  tos = 0,
}: Ipv4PacketOptions): Uint8Array {
  const packet = new Uint8Array(IPV4_HEADER_BYTES + payload.length)
  const view = new DataView(packet.buffer)
  packet[0] = 0x45
  packet[1] = tos
  view.setUint16(2, packet.length)
  packet[8] = ttl
  packet[9] = protocol
  packet.set(addressOf(src, 4), 12)
  packet.set(addressOf(dst, 4), 16)
  view.setUint16(10, internetChecksum(packet.subarray(0, IPV4_HEADER_BYTES)))
  packet.set(payload, IPV4_HEADER_BYTES)
  return packet
}

/** A whole IPv6 packet (RFC 8200). Throws RangeError for an address that is not IPv6. */
export function ipv6Packet(options: Ipv6PacketOptions): Uint8Array {
  const { src, dst, nextHeader, payload, hopLimit = 64, trafficClass = 0, flowLabel = 0 } = options
  const packet = new Uint8Array(IPV6_HEADER_BYTES + payload.length)
  const view = new DataView(packet.buffer)
  view.setUint32(0, 6 * 2 ** 28 + trafficClass * 2 ** 20 + flowLabel)
  view.setUint16(4, payload.length)
  packet[6] = nextHeader
  packet[7] = hopLimit
  packet.set(addressOf(src, 16), 8)
  packet.set(addressOf(dst, 16), 24)
  packet.set(payload, IPV6_HEADER_BYTES)
  return packet
}

/** The Internet checksum of `bytes` (RFC 1071); 0 when they contain a right one. */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65_536)
  return ~sum & 0xffff
}

function addressOf(address: string, lengthBytes: number): Uint8Array {
  const bytes = ipBytes(address)
  if (bytes.length === lengthBytes) return bytes
  throw new RangeError(`expected an address of ${lengthBytes} bytes, found "${address}"`)
}
