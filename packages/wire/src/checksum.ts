import { DecodeError } from './errors.ts'
import { IpHeader, IpParser, IpProtocol } from './ip.ts'

const TCP_CHECKSUM_AT = 16
const UDP_CHECKSUM_AT = 6

/**
 * Finishes checksums that are begun only, see `FLAG_PARTIAL_CHECKSUM`: for devices that cannot leave that to the system.
 * Allocates nothing per packet.
 */
export class ChecksumCompleter {
  readonly #view: DataView
  readonly #parser: IpParser
  readonly #ip = new IpHeader()

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
    this.#parser = new IpParser(arena)
  }

  /**
   * Makes the TCP or UDP checksum of a packet whole, in place (RFC 1071).
   * @returns false when the packet is no whole TCP or UDP packet, and then nothing has changed.
   */
  complete(offset: number, length: number): boolean {
    const ip = this.#ip
    if (this.#parser.parse(offset, length, ip) !== DecodeError.none || ip.fragmentOffset !== -1) return false
    if (ip.protocol !== IpProtocol.tcp && ip.protocol !== IpProtocol.udp) return false
    const at = ip.headerBytes + (ip.protocol === IpProtocol.tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT)
    if (at + 2 > length) return false
    const sum = this.#sum(offset + ip.headerBytes, length - ip.headerBytes)
    // 0xffff is the same number as 0, which UDP reads as "no checksum".
    this.#view.setUint16(offset + at, ~sum & 0xffff || 0xffff)
    return true
  }

  /** At most 32 768 words of 16 bits: their sum is exact. */
  #sum(offset: number, length: number): number {
    let sum = 0
    const even = offset + (length & ~1)
    for (let at = offset; at < even; at += 2) sum += this.#view.getUint16(at)
    if ((length & 1) !== 0) sum += this.#view.getUint8(even) << 8
    sum = (sum & 0xffff) + (sum >>> 16)
    return (sum & 0xffff) + (sum >>> 16)
  }
}
