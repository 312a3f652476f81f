import { DecodeError } from './errors.ts'
import type { DecodeCode } from './errors.ts'

/** Protocol numbers that matter here. */
export const IpProtocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** What the parser found. Reuse one object for all packets. */
export class IpHeader {
  /** 4 or 6. */
  version = 0
  /** Protocol of the payload, behind all IPv6 extension headers that were there to see. */
  protocol = 0
  /** IP header with options or extension headers, bytes; the payload begins here. */
  headerBytes = 0
  /** Differentiated services code point, 0…63. */
  dscp = 0
  /** Where a fragment belongs in its packet, bytes; 0 = first fragment, -1 = not a fragment. */
  fragmentOffset = -1
  /** -1 when the protocol has none, or they are not in this packet. */
  sourcePort = -1
  /** As `sourcePort`. */
  destinationPort = -1
  /** Flag byte of a TCP header; 0 when there is none. */
  tcpFlags = 0
  /** What a TCP segment carries, bytes; -1 when there is no whole TCP header. */
  tcpPayloadBytes = -1
  /** Type of an ICMP message in IPv4, or an ICMPv6 message in IPv6; -1 when there is none. */
  icmpType = -1
  /**
   * Hash of the flow, 32 bits, signed: of addresses, protocol and ports, and for fragments of the addresses only,
   * so that all fragments of a packet agree. Spreads flows; no defence against one who looks for collisions.
   */
  flow = 0
}

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40
const TCP_HEADER_BYTES = 20
const MAX_PACKET_BYTES = 65_535
/** Real packets carry one or two; the bound keeps a crafted one from costing more than others. */
const MAX_EXTENSION_HEADERS = 8

const HOP_BY_HOP = 0
const ROUTING = 43
const FRAGMENT = 44
const AUTHENTICATION = 51
const DESTINATION_OPTIONS = 60
const MOBILITY = 135
const DCCP = 33
const SCTP = 132
const UDP_LITE = 136

/**
 * Strict reading of IPv4 and IPv6 headers in an arena, without allocating (RFC 791, RFC 8200). A packet passes only
 * when its own length field says exactly what is there. Checksums are not looked at: the packet may still be on
 * its way to the hardware that fills them in.
 *
 * Never looks outside the packet, whatever the packet says; throws RangeError only when `offset … offset+length-1`
 * is not inside the arena.
 */
export class IpParser {
  readonly #view: DataView

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Parses one packet into `ip`, which holds nothing of use after any code but 0. */
  parse(offset: number, length: number, ip: IpHeader): DecodeCode {
    if (length < IPV4_HEADER_BYTES) return DecodeError.ipShort
    const version = this.#view.getUint8(offset) >>> 4
    if (version === 4) return this.#parseV4(offset, length, ip)
    if (version === 6) return this.#parseV6(offset, length, ip)
    return DecodeError.ipBadVersion
  }

  #parseV4(offset: number, length: number, ip: IpHeader): DecodeCode {
    const word0 = this.#view.getInt32(offset)
    const headerBytes = ((word0 >>> 24) & 15) * 4
    if (headerBytes < IPV4_HEADER_BYTES || headerBytes > length) return DecodeError.ipBadHeader
    if ((word0 & 0xffff) !== length) return DecodeError.ipBadLength
    const fragment = this.#view.getUint16(offset + 6) & 0x3fff
    const fragmentOffset = (fragment & 0x1fff) * 8
    if (fragmentOffset + length > MAX_PACKET_BYTES) return DecodeError.ipBadFragment
    ip.version = 4
    ip.protocol = this.#view.getUint8(offset + 9)
    ip.headerBytes = headerBytes
    ip.dscp = (word0 >>> 18) & 63
    ip.fragmentOffset = fragment === 0 ? -1 : fragmentOffset
    ip.flow = this.#hash(offset + 12, 2)
    this.#readTransport(offset, length, ip)
    return DecodeError.none
  }

  #parseV6(offset: number, length: number, ip: IpHeader): DecodeCode {
    if (length < IPV6_HEADER_BYTES) return DecodeError.ipShort
    if (this.#view.getUint16(offset + 4) + IPV6_HEADER_BYTES !== length) return DecodeError.ipBadLength
    ip.version = 6
    ip.protocol = this.#view.getUint8(offset + 6)
    ip.headerBytes = IPV6_HEADER_BYTES
    ip.dscp = (this.#view.getUint16(offset) >>> 6) & 63
    ip.fragmentOffset = -1
    const code = this.#skipExtensions(offset, length, ip)
    if (code !== DecodeError.none) return code
    ip.flow = this.#hash(offset + 8, 8)
    this.#readTransport(offset, length, ip)
    return DecodeError.none
  }

  /** Moves `ip.protocol` and `ip.headerBytes` behind the extension headers; of a later fragment behind its own. */
  #skipExtensions(offset: number, length: number, ip: IpHeader): DecodeCode {
    for (let headers = 0; isExtension(ip.protocol); headers++) {
      const at = offset + ip.headerBytes
      const left = length - ip.headerBytes
      if (headers === MAX_EXTENSION_HEADERS || left < 8) return DecodeError.ipBadExtension
      const bytes = extensionBytes(ip.protocol, this.#view.getUint8(at + 1))
      if (bytes > left) return DecodeError.ipBadExtension
      const isFragment = ip.protocol === FRAGMENT
      ip.protocol = this.#view.getUint8(at)
      ip.headerBytes += bytes
      if (!isFragment) continue
      const fragment = this.#view.getUint16(at + 2)
      // A packet may come whole with a fragment header (RFC 6946): offset 0, and nothing more to follow.
      if ((fragment & 0xfff9) === 0) continue
      ip.fragmentOffset = fragment & 0xfff8
      if (ip.fragmentOffset + left - bytes > MAX_PACKET_BYTES) return DecodeError.ipBadFragment
      if (ip.fragmentOffset > 0) break
    }
    return DecodeError.none
  }

  /** Reads what the payload begins with, if this packet holds the beginning of the payload, and ends the hash. */
  #readTransport(offset: number, length: number, ip: IpHeader): void {
    const at = offset + ip.headerBytes
    const left = ip.fragmentOffset > 0 ? 0 : length - ip.headerBytes
    const found = left >= 4 && hasPorts(ip.protocol)
    const ports = found ? this.#view.getInt32(at) : -1
    ip.sourcePort = found ? ports >>> 16 : -1
    ip.destinationPort = found ? ports & 0xffff : -1
    const isTcp = ip.protocol === IpProtocol.tcp && left >= TCP_HEADER_BYTES
    ip.tcpFlags = ip.protocol === IpProtocol.tcp && left >= 14 ? this.#view.getUint8(at + 13) : 0
    ip.tcpPayloadBytes = isTcp ? Math.max(-1, left - (this.#view.getUint8(at + 12) >>> 4) * 4) : -1
    const icmp = ip.version === 4 ? IpProtocol.icmp : IpProtocol.icmpv6
    ip.icmpType = ip.protocol === icmp && left >= 1 ? this.#view.getUint8(at) : -1
    if (ip.fragmentOffset === -1) ip.flow = mix(mix(ip.flow, ports), ip.protocol)
  }

  #hash(offset: number, words: number): number {
    let hash = words
    for (let index = 0; index < words; index++) hash = mix(hash, this.#view.getInt32(offset + index * 4))
    return hash
  }
}

/** One round of multiply and fold; every input bit reaches the low bits of the result. */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1)
  return product ^ (product >>> 15)
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
      return true
    default:
      return false
  }
}

/** Whole length of an extension header; `unit` is its length field, which the fragment header does not have. */
function extensionBytes(protocol: number, unit: number): number {
  if (protocol === FRAGMENT) return 8
  return protocol === AUTHENTICATION ? (unit + 2) * 4 : (unit + 1) * 8
}

function hasPorts(protocol: number): boolean {
  switch (protocol) {
    case IpProtocol.tcp:
    case IpProtocol.udp:
    case DCCP:
    case SCTP:
    case UDP_LITE:
      return true
    default:
      return false
  }
}
