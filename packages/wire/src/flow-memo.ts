import { MAX_CRITICAL_BYTES } from './classify.ts'
import { IpProtocol } from './ip.ts'
import type { IpHeader } from './ip.ts'
import { TCP_SYN } from './mss-clamp.ts'

const IPV4_HEADER_BYTES = 20
const IPV6_HEADER_BYTES = 40
/** Addresses and ports of IPv6, in words of 32 bits. */
const MAX_WORDS = 9
const FRAGMENT_BITS = 0x3fff
const TCP_FLAGS_AT = 13

/**
 * Knows the packet that was parsed before, to see at a few words that another one is of the same flow: packets come in
 * runs. Only the usual ones are known: TCP without SYN and UDP, longer than what may be critical, right behind an IP
 * header without options or extensions.
 */
export class FlowMemo {
  readonly #view: DataView
  /** Addresses and ports, from `#wordsAt` on. */
  readonly #words = new Int32Array(MAX_WORDS)
  /** How many of them count; 0 while nothing is known. */
  #count = 0
  #wordsAt = 0
  #headerBytes = 0
  #protocol = 0
  #flow = 0

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Flow hash of the packet noted last. */
  get flow(): number {
    return this.#flow
  }

  /**
   * Whether {@link IpParser} would find nothing wrong with this packet, and the flow of the one noted last. It is `bulk`
   * then, and begins no TCP connection.
   */
  matches(offset: number, length: number): boolean {
    if (this.#count === 0 || length <= MAX_CRITICAL_BYTES || !this.#isHeaderUsual(offset, length))
      return false
    const at = offset + this.#wordsAt
    for (let index = 0; index < this.#count; index++)
      if (this.#view.getInt32(at + 4 * index) !== this.#words[index]) return false
    if (this.#protocol !== IpProtocol.tcp) return true
    return (this.#view.getUint8(offset + this.#headerBytes + TCP_FLAGS_AT) & TCP_SYN) === 0
  }

  /** Takes note of a packet as it was parsed. */
  note(offset: number, length: number, ip: IpHeader): void {
    const isV4 = ip.version === 4
    this.#headerBytes = isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
    this.#wordsAt = isV4 ? 12 : 8
    this.#protocol = ip.protocol
    this.#flow = ip.flow
    const isKnown = ip.protocol === IpProtocol.tcp || ip.protocol === IpProtocol.udp
    const isUsual = ip.headerBytes === this.#headerBytes && ip.fragmentOffset === -1
    this.#count = isKnown && isUsual && length > MAX_CRITICAL_BYTES ? (isV4 ? 3 : MAX_WORDS) : 0
    for (let index = 0; index < this.#count; index++)
      this.#words[index] = this.#view.getInt32(offset + this.#wordsAt + 4 * index)
  }

  /** Version, header length, length, fragment bits and protocol are as they have to be. */
  #isHeaderUsual(offset: number, length: number): boolean {
    const word0 = this.#view.getInt32(offset)
    const word1 = this.#view.getInt32(offset + 4)
    if (this.#headerBytes === IPV6_HEADER_BYTES) {
      const isWhole = (word1 >>> 16) + IPV6_HEADER_BYTES === length
      return word0 >>> 28 === 6 && isWhole && ((word1 >>> 8) & 0xff) === this.#protocol
    }
    const isWhole = word0 >>> 24 === 0x45 && (word0 & 0xffff) === length && (word1 & FRAGMENT_BITS) === 0
    return isWhole && this.#view.getUint8(offset + 9) === this.#protocol
  }
}
