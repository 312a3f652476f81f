import { DecodeError } from './errors.ts'
import { IpHeader, IpParser, IpProtocol } from './ip.ts'

/** Where a packet lies. */
export interface PacketPlace {
  readonly offset: number
  readonly length: number
}

/** Longest answer, bytes: RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c). Room for it is in every slot that a tunnel packet fits. */
const MAX_V4_BYTES = 576
const MAX_V6_BYTES = 1280
const V4_HEADER_BYTES = 20
const V6_HEADER_BYTES = 40
const ICMP_HEADER_BYTES = 8
const HOPS = 64
/** DSCP CS6, for what keeps networks running. */
const CONTROL_TOS = 0xc0

const DONT_FRAGMENT = 0x40
const UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4
const PACKET_TOO_BIG = 2
/** Types of ICMPv4 that are errors themselves. */
const ERRORS_V4 = new Set([3, 4, 5, 11, 12])
/** The first type of ICMPv6 that is none, and the one after it that is like one. */
const FIRST_INFORMATION_V6 = 128
const REDIRECT_V6 = 137

/** Whether the sender of the IP packet at `offset` wants it whole or not at all: IPv6, and IPv4 with DF. */
export function mustStayWhole(arena: Uint8Array, offset: number): boolean {
  return arena[offset]! >>> 4 === 6 || (arena[offset + 6]! & DONT_FRAGMENT) !== 0
}

/**
 * Writes the answer to a packet that is too big: "fragmentation needed" of ICMPv4 (RFC 792, RFC 1191), "packet too big" of
 * ICMPv6 (RFC 4443). It comes from the address the packet was sent to: that one leads where the packet came from, on any
 * host, while an address of the host itself would be refused there.
 */
export class TooBigWriter {
  readonly #arena: Uint8Array
  readonly #view: DataView
  readonly #parser: IpParser
  readonly #ip = new IpHeader()

  constructor(arena: Uint8Array) {
    this.#arena = arena
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
    this.#parser = new IpParser(arena)
  }

  /**
   * Writes the answer to `packet` to `into`, which has room for 1280 bytes. `mtuBytes` is the largest packet that passes.
   * @returns its length, bytes; 0, with nothing written, for a packet that must not be answered: it is malformed, an error
   * itself, a later fragment, or not from one host to one other (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)).
   */
  write(packet: PacketPlace, into: number, mtuBytes: number): number {
    const ip = this.#ip
    if (this.#parser.parse(packet.offset, packet.length, ip) !== DecodeError.none) return 0
    if (ip.fragmentOffset > 0) return 0
    return ip.version === 4 ? this.#writeV4(packet, into, mtuBytes) : this.#writeV6(packet, into, mtuBytes)
  }

  #writeV4({ offset, length }: PacketPlace, into: number, mtuBytes: number): number {
    const view = this.#view
    if (ERRORS_V4.has(this.#ip.icmpType) || !isHostV4(view, offset + 12) || !isHostV4(view, offset + 16))
      return 0
    const quoteBytes = Math.min(length, MAX_V4_BYTES - V4_HEADER_BYTES - ICMP_HEADER_BYTES)
    const icmp = into + V4_HEADER_BYTES
    const icmpBytes = ICMP_HEADER_BYTES + quoteBytes
    view.setUint32(into, (0x45 << 24) | (CONTROL_TOS << 16) | (V4_HEADER_BYTES + icmpBytes))
    view.setUint32(into + 4, 0)
    view.setUint32(into + 8, (HOPS << 24) | (IpProtocol.icmp << 16))
    view.setUint32(into + 12, view.getUint32(offset + 16))
    view.setUint32(into + 16, view.getUint32(offset + 12))
    view.setUint16(into + 10, this.#checksum(into, V4_HEADER_BYTES, 0))
    view.setUint32(icmp, (UNREACHABLE << 24) | (FRAGMENTATION_NEEDED << 16))
    view.setUint32(icmp + 4, mtuBytes)
    this.#arena.copyWithin(icmp + ICMP_HEADER_BYTES, offset, offset + quoteBytes)
    view.setUint16(icmp + 2, this.#checksum(icmp, icmpBytes, 0))
    return V4_HEADER_BYTES + icmpBytes
  }

  #writeV6({ offset, length }: PacketPlace, into: number, mtuBytes: number): number {
    const view = this.#view
    const { icmpType } = this.#ip
    const isError = (icmpType >= 0 && icmpType < FIRST_INFORMATION_V6) || icmpType === REDIRECT_V6
    if (isError || !isHostV6(view, offset + 8) || !isHostV6(view, offset + 24)) return 0
    const quoteBytes = Math.min(length, MAX_V6_BYTES - V6_HEADER_BYTES - ICMP_HEADER_BYTES)
    const icmp = into + V6_HEADER_BYTES
    const icmpBytes = ICMP_HEADER_BYTES + quoteBytes
    view.setUint32(into, (6 << 28) | (CONTROL_TOS << 20))
    view.setUint32(into + 4, (icmpBytes << 16) | (IpProtocol.icmpv6 << 8) | HOPS)
    this.#arena.copyWithin(into + 8, offset + 24, offset + 40)
    this.#arena.copyWithin(into + 24, offset + 8, offset + 24)
    view.setUint32(icmp, PACKET_TOO_BIG << 24)
    view.setUint32(icmp + 4, mtuBytes)
    this.#arena.copyWithin(icmp + ICMP_HEADER_BYTES, offset, offset + quoteBytes)
    // The pseudo header is both addresses, which lie in front of the message, its length and its protocol.
    const checksum = this.#checksum(into + 8, V6_HEADER_BYTES - 8 + icmpBytes, icmpBytes + IpProtocol.icmpv6)
    view.setUint16(icmp + 2, checksum)
    return V6_HEADER_BYTES + icmpBytes
  }

  /** Internet checksum (RFC 1071) of bytes whose checksum field is 0, and of `more`. */
  #checksum(offset: number, length: number, more: number): number {
    let sum = more
    const even = offset + (length & ~1)
    for (let at = offset; at < even; at += 2) sum += this.#view.getUint16(at)
    if ((length & 1) !== 0) sum += this.#view.getUint8(even) << 8
    sum = (sum & 0xffff) + (sum >>> 16)
    return ~(sum + (sum >>> 16)) & 0xffff
  }
}

/** Neither "this host", nor a group, nor everybody. */
function isHostV4(view: DataView, offset: number): boolean {
  const first = view.getUint8(offset)
  return first > 0 && first < 224
}

/** Neither unspecified nor a group. */
function isHostV6(view: DataView, offset: number): boolean {
  if (view.getUint8(offset) === 0xff) return false
  for (let at = offset; at < offset + 16; at += 4) if (view.getUint32(at) !== 0) return true
  return false
}
