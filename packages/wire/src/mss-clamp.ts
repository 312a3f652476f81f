import { DecodeError } from './errors.ts'
import { FLAG_PARTIAL_CHECKSUM } from './format.ts'
import { IpHeader, IpParser, IpProtocol } from './ip.ts'

/** The flag of TCP packets that have an MSS to lower. */
export const TCP_SYN = 2

/** Headers around the payload of a segment without options, bytes, as an MSS reckons (RFC 6691). */
const IPV4_TCP_BYTES = 40
const IPV6_TCP_BYTES = 60
const TCP_HEADER_BYTES = 20
const CHECKSUM_AT = 16
const END_OF_OPTIONS = 0
const NO_OPERATION = 1
const MAXIMUM_SEGMENT_SIZE = 2
const MSS_OPTION_BYTES = 4

/** Lowers what TCP announces as the largest segment it takes, so that its segments need not be cut. For packets with {@link TCP_SYN}. */
export class MssClamp {
  /** Largest IP packet that a segment may become, bytes. */
  maxPacketBytes = 65_535
  readonly #view: DataView
  readonly #parser: IpParser
  readonly #ip = new IpHeader()

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
    this.#parser = new IpParser(arena)
  }

  /**
   * Lowers the MSS of an IP packet in place, and keeps its checksum right: a whole one, or with FLAG_PARTIAL_CHECKSUM in
   * `flags` one that is begun only. Options from the first malformed one on are left alone, and so is all but TCP.
   * @returns whether anything has changed.
   */
  clamp(offset: number, length: number, flags: number): boolean {
    const ip = this.#ip
    if (this.#parser.parse(offset, length, ip) !== DecodeError.none || ip.fragmentOffset !== -1) return false
    if (ip.protocol !== IpProtocol.tcp || length - ip.headerBytes < TCP_HEADER_BYTES) return false
    const at = offset + ip.headerBytes
    const tcpBytes = (this.#view.getUint8(at + 12) >>> 4) * 4
    if (tcpBytes > length - ip.headerBytes) return false
    const most = this.maxPacketBytes - (ip.version === 4 ? IPV4_TCP_BYTES : IPV6_TCP_BYTES)
    // The sum of a pseudo header has no options in it.
    const checksumAt = (flags & FLAG_PARTIAL_CHECKSUM) === 0 ? at + CHECKSUM_AT : -1
    let hasChanged = false
    for (let option = this.#mssAt(at, TCP_HEADER_BYTES, tcpBytes); option > 0;) {
      hasChanged = this.#lower(at + option + 2, most, checksumAt) || hasChanged
      option = this.#mssAt(at, option + MSS_OPTION_BYTES, tcpBytes)
    }
    return hasChanged
  }

  /** Where in the TCP header at `at` the first MSS option from `option` on is; -1 when none follows. */
  #mssAt(at: number, option: number, tcpBytes: number): number {
    while (option < tcpBytes) {
      const kind = this.#view.getUint8(at + option)
      if (kind === END_OF_OPTIONS) return -1
      const bytes =
        kind === NO_OPERATION ? 1 : option + 1 < tcpBytes ? this.#view.getUint8(at + option + 1) : 0
      const isMalformed = bytes < (kind === NO_OPERATION ? 1 : 2) || option + bytes > tcpBytes
      if (isMalformed || (kind === MAXIMUM_SEGMENT_SIZE && bytes !== MSS_OPTION_BYTES)) return -1
      if (kind === MAXIMUM_SEGMENT_SIZE) return option
      option += bytes
    }
    return -1
  }

  /** Lowers the number at `at` to `most`, and corrects the checksum at `checksumAt`, unless that is negative. */
  #lower(at: number, most: number, checksumAt: number): boolean {
    const before = this.#view.getUint16(at)
    if (before <= most) return false
    this.#view.setUint16(at, most)
    if (checksumAt < 0) return true
    // At an odd place of the header its bytes belong to two words: they count the other way round.
    const isOdd = ((at - checksumAt) & 1) !== 0
    const removed = isOdd ? swapped(before) : before
    const added = isOdd ? swapped(most) : most
    // RFC 1624: HC' = ~(~HC + ~m + m'). Two carries at most.
    let sum = (~this.#view.getUint16(checksumAt) & 0xffff) + (~removed & 0xffff) + added
    sum = (sum & 0xffff) + (sum >>> 16)
    this.#view.setUint16(checksumAt, ~(sum + (sum >>> 16)))
    return true
  }
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8)
}
