const NOT_ECT = 0
const CE = 3

/**
 * Where column `flags` of a batch has an ECN field (RFC 3168), which is not part of the flags on the wire: of a packet from
 * inside the tunnel its own, of a frame from a link that of the datagram that brought it.
 */
export const ECN_SHIFT = 9
/** Its bits. */
export const ECN_MASK: number = CE << ECN_SHIFT

/** The ECN field of the IP packet at `offset` of `arena`, where column `flags` has it. */
export function ecnOf(arena: Uint8Array, offset: number): number {
  // The traffic class of IPv6 begins four bits into the packet, so that its last bits are in the middle of the second byte.
  const field = arena[offset]! >>> 4 === 4 ? arena[offset + 1]! : arena[offset + 1]! >>> 4
  return (field & CE) << ECN_SHIFT
}

/** Whether `flags` say that a router marked what it had no room for. */
export function isMarked(flags: number): boolean {
  return (flags & ECN_MASK) === ECN_MASK
}

/**
 * Marks the IP packet at `offset` of `arena` as having met congestion (RFC 3168), in place; an IPv4 header checksum is
 * kept right. The packet must be one that `IpParser` accepted.
 * @returns false when its sender does not understand marks: nothing is changed, and the packet should be dropped instead.
 */
export function markCongestion(arena: Uint8Array, offset: number): boolean {
  return arena[offset]! >>> 4 === 4 ? markV4(arena, offset) : markV6(arena, offset)
}

function markV4(arena: Uint8Array, offset: number): boolean {
  const before = arena[offset + 1]!
  if ((before & CE) === NOT_ECT) return false
  const after = before | CE
  arena[offset + 1] = after
  // RFC 1624: the new sum is the old one and the difference of what it is made from, with carries added at the end.
  const sum = (~(arena[offset + 10]! * 256 + arena[offset + 11]!) & 0xffff) + after - before
  const checksum = ~(sum + (sum >>> 16)) & 0xffff
  arena[offset + 10] = checksum >>> 8
  arena[offset + 11] = checksum & 0xff
  return true
}

function markV6(arena: Uint8Array, offset: number): boolean {
  if (((arena[offset + 1]! >>> 4) & CE) === NOT_ECT) return false
  arena[offset + 1]! |= CE << 4
  return true
}
