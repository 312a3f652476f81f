import { ipBytes } from './address.ts'
import { internetChecksum, ipv4Packet, ipv6Packet } from './packet.ts'

/** The two ends of a flow; both addresses IPv4 or both IPv6. */
export interface FlowOptions {
  readonly src: string
  readonly dst: string
  readonly srcPort: number
  readonly dstPort: number
}

/** A UDP packet to build. */
export interface UdpPacketOptions extends FlowOptions {
  readonly payload: Uint8Array
}

/** A TCP packet to build. */
export interface TcpPacketOptions extends FlowOptions {
  /** Default: none. */
  readonly payload?: Uint8Array
  /** Sequence number. Default 0. */
  readonly seq?: number
  /** Acknowledged sequence number. Default 0. */
  readonly ack?: number
  /** Flag bits, such as {@link TCP_SYN} | {@link TCP_ACK}. Default {@link TCP_ACK}. */
  readonly flags?: number
  /** Default 65 535. */
  readonly windowBytes?: number
  /** Options, a multiple of 4 bytes. Default: none. */
  readonly options?: Uint8Array
}

/** TCP flag bits (RFC 9293). */
export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10

const TCP = 6
const UDP = 17
const UDP_HEADER_BYTES = 8
const TCP_HEADER_BYTES = 20

/** A whole IP packet with a UDP datagram (RFC 768), checksums right. Throws RangeError for a bad address. */
export function udpPacket(options: UdpPacketOptions): Uint8Array {
  const { srcPort, dstPort, payload } = options
  const segment = new Uint8Array(UDP_HEADER_BYTES + payload.length)
  const view = new DataView(segment.buffer)
  view.setUint16(0, srcPort)
  view.setUint16(2, dstPort)
  view.setUint16(4, segment.length)
  segment.set(payload, UDP_HEADER_BYTES)
  // A checksum of 0 would mean that there is none.
  view.setUint16(6, segmentChecksum(options, UDP, segment) || 0xffff)
  return ipPacket(options, UDP, segment)
}

/**
 * A whole IP packet with a TCP segment (RFC 9293), checksums right.
 * Throws RangeError for a bad address or options that are no multiple of 4 bytes.
 */
export function tcpPacket(flow: TcpPacketOptions): Uint8Array {
  const { payload = new Uint8Array(0), options = new Uint8Array(0), windowBytes = 65_535 } = flow
  if (options.length % 4 !== 0)
    throw new RangeError(`TCP options need a multiple of 4 bytes, got ${options.length}`)
  const headerBytes = TCP_HEADER_BYTES + options.length
  const segment = new Uint8Array(headerBytes + payload.length)
  const view = new DataView(segment.buffer)
  view.setUint16(0, flow.srcPort)
  view.setUint16(2, flow.dstPort)
  view.setUint32(4, flow.seq ?? 0)
  view.setUint32(8, flow.ack ?? 0)
  segment[12] = (headerBytes / 4) << 4
  segment[13] = flow.flags ?? TCP_ACK
  view.setUint16(14, windowBytes)
  segment.set(options, TCP_HEADER_BYTES)
  segment.set(payload, headerBytes)
  view.setUint16(16, segmentChecksum(flow, TCP, segment))
  return ipPacket(flow, TCP, segment)
}

function ipPacket({ src, dst }: FlowOptions, protocol: number, payload: Uint8Array): Uint8Array {
  return src.includes(':')
    ? ipv6Packet({ src, dst, nextHeader: protocol, payload })
    : ipv4Packet({ src, dst, protocol, payload })
}

/** The checksum over the segment and the pseudo header in front of it: both addresses, protocol and length. */
function segmentChecksum({ src, dst }: FlowOptions, protocol: number, segment: Uint8Array): number {
  const [from, to] = [ipBytes(src), ipBytes(dst)]
  const numbers = [protocol >> 8, protocol & 0xff, segment.length >> 8, segment.length & 0xff]
  return internetChecksum(Uint8Array.from([...from, ...to, ...numbers, ...segment]))
}
