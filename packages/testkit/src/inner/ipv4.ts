/** Bytes of an IPv4 header without options. */
export const IPV4_HEADER_BYTES = 20

/** Protocol numbers of what inner hosts speak. */
export const ICMP = 1
export const TCP = 6
export const UDP = 17

const DONT_FRAGMENT = 0x4000
const TTL = 64

/** An IPv4 address as a signed 32-bit number. Throws RangeError for anything else. */
export function ipv4Number(address: string): number {
  const parts = address.split('.').map(Number)
  const valid = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
  if (!valid) throw new RangeError(`expected an IPv4 address like 10.0.0.1, found "${address}"`)
  return parts.reduce((sum, part) => (sum << 8) | part, 0)
}

/** Where a packet comes from and goes to; addresses as in {@link ipv4Number}. */
export interface Ipv4Ends {
  readonly src: number
  readonly dst: number
}

/** Writes the header of a packet of `lengthBytes` at `offset`, its checksum right. */
export function writeIpv4(view: DataView, offset: number, { src, dst }: Ipv4Ends, packet: Ipv4Packet): void {
  const { lengthBytes, protocol, id } = packet
  const word0 = 0x4500_0000 | lengthBytes
  const word1 = ((id & 0xffff) << 16) | DONT_FRAGMENT
  const word2 = (TTL << 24) | (protocol << 16)
  view.setInt32(offset, word0)
  view.setInt32(offset + 4, word1)
  view.setInt32(
    offset + 8,
    word2 | checksum(halves(word0) + halves(word1) + halves(word2) + halves(src) + halves(dst)),
  )
  view.setInt32(offset + 12, src)
  view.setInt32(offset + 16, dst)
}

/** What varies among the packets of a flow. */
export interface Ipv4Packet {
  readonly lengthBytes: number
  readonly protocol: number
  readonly id: number
}

const halves = (word: number): number => (word >>> 16) + (word & 0xffff)

function checksum(sum: number): number {
  const once = halves(sum)
  return ~halves(once) & 0xffff
}
