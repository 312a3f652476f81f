/** Whole IP packets between any two addresses, their checksums right; slow and plain. */

/** Addresses as text, both of one family. */
export interface Ends {
  readonly src: string
  readonly dst: string
}

export interface Carried extends Ends {
  readonly protocol: number
  /** DSCP and ECN bits. Default 0. */
  readonly tos?: number
  readonly payload: Uint8Array
}

export interface Segment extends Ends {
  readonly flags?: number
  readonly seq?: number
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array
  readonly payload?: Uint8Array
}

/** RFC 1071; 0 when the bytes hold a right one. */
export function internetChecksum(bytes: readonly number[]): number {
  let sum = 0
  for (const [at, byte] of bytes.entries()) sum += at % 2 === 0 ? byte * 256 : byte
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65_536)
  return ~sum & 0xffff
}

export const word = (value: number): [number, number] => [(value >>> 8) & 0xff, value & 0xff]

/** An address, in bytes. */
function ipBytes(text: string): number[] {
  if (!text.includes(':')) return text.split('.').map(Number)
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter(Boolean))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].flatMap((group) => word(Number.parseInt(group, 16)))
}

export function ipPacket({ src, dst, protocol, tos = 0, payload }: Carried): Uint8Array {
  const ends = [...ipBytes(src), ...ipBytes(dst)]
  if (src.includes(':')) {
    const header = [0x60 | (tos >> 4), (tos & 15) << 4, 0, 0, ...word(payload.length), protocol, 64, ...ends]
    return Uint8Array.from([...header, ...payload])
  }
  const header = [0x45, tos, ...word(20 + payload.length), 0, 0, 0, 0, 64, protocol, 0, 0, ...ends]
  header.splice(10, 2, ...word(internetChecksum(header)))
  return Uint8Array.from([...header, ...payload])
}

/** The checksum of what an IP packet carries, pseudo header included. */
export function payloadChecksum({ src, dst, protocol, payload }: Carried): number {
  const pseudo = [...ipBytes(src), ...ipBytes(dst), ...word(protocol), ...word(payload.length)]
  return internetChecksum([...pseudo, ...payload])
}

export function tcpPacket({ src, dst, flags = 0x10, seq = 0, options, payload }: Segment): Uint8Array {
  const more = [...(options ?? []), ...(payload ?? [])]
  const offset = (5 + (options?.length ?? 0) / 4) << 4
  const header = [
    ...word(4000),
    ...word(443),
    ...word(seq >>> 16),
    ...word(seq),
    0,
    0,
    0,
    0,
    offset,
    flags,
    1,
    0,
    0,
    0,
    0,
    0,
  ]
  const carried = { src, dst, protocol: 6, payload: Uint8Array.from([...header, ...more]) }
  carried.payload.set(word(payloadChecksum(carried)), 16)
  return ipPacket(carried)
}
