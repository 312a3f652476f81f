import type { PacketBatch } from '@mp/interface'

/** IPv4 and UDP headers in front of a datagram, bytes. */
export const ENVELOPE_BYTES = 28

/** UDP port of the far end of every relayed flow, inside the tunnel. */
export const RELAY_PORT = 51_820

const IPV4_BYTES = 20
const VERSION_AND_LENGTH = 0x4500
const DO_NOT_FRAGMENT = 0x4000
const TTL_AND_UDP = 0x4011
const UDP = 17

/**
 * The IP packet a relayed datagram travels in, so that the tunnel treats it like any other. Ports tell flows apart.
 * It carries no UDP checksum (RFC 768 lets it be absent): the seal of the tunnel covers the packet.
 */
export class Envelope {
  /** IPv4 addresses as 32 bits, signed. */
  source = 0
  destination = 0
  sourcePort = 0
  destinationPort = 0
  readonly #view: DataView

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Puts the headers in front of the datagram in `row`, into the headroom of its slot. */
  put({ offset, length, flags }: PacketBatch, row: number): void {
    const at = (offset[row]! -= ENVELOPE_BYTES)
    const bytes = (length[row]! += ENVELOPE_BYTES)
    const view = this.#view
    flags[row] = 0
    view.setUint16(at, VERSION_AND_LENGTH)
    view.setUint16(at + 2, bytes)
    view.setUint16(at + 4, 0)
    view.setUint16(at + 6, DO_NOT_FRAGMENT)
    view.setUint16(at + 8, TTL_AND_UDP)
    view.setUint16(at + 10, this.#checksum(bytes))
    view.setInt32(at + 12, this.source)
    view.setInt32(at + 16, this.destination)
    view.setUint16(at + 20, this.sourcePort)
    view.setUint16(at + 22, this.destinationPort)
    view.setUint16(at + 24, bytes - IPV4_BYTES)
    view.setUint16(at + 26, 0)
  }

  /** Takes the headers off the packet in `row` and fills in what they say. False, with nothing changed, when it is no envelope. */
  takeOff({ offset, length }: PacketBatch, row: number): boolean {
    const at = offset[row]!
    const bytes = length[row]!
    const view = this.#view
    if (bytes < ENVELOPE_BYTES || view.getUint8(at) !== VERSION_AND_LENGTH >> 8) return false
    if (view.getUint8(at + 9) !== UDP || (view.getUint16(at + 6) & ~DO_NOT_FRAGMENT) !== 0) return false
    if (view.getUint16(at + 24) !== bytes - IPV4_BYTES) return false
    this.source = view.getInt32(at + 12)
    this.destination = view.getInt32(at + 16)
    this.sourcePort = view.getUint16(at + 20)
    this.destinationPort = view.getUint16(at + 22)
    offset[row]! += ENVELOPE_BYTES
    length[row]! -= ENVELOPE_BYTES
    return true
  }

  #checksum(bytes: number): number {
    const { source, destination } = this
    const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff)
    const sum = VERSION_AND_LENGTH + bytes + DO_NOT_FRAGMENT + TTL_AND_UDP + addresses
    const folded = (sum & 0xffff) + (sum >>> 16)
    return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff
  }
}

/** An IPv4 address as 32 bits, signed. Throws RangeError for anything else. */
export function ipv4Bits(address: string): number {
  const parts = address.split('.').map(Number)
  const isIpv4 =
    parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255)
  if (!isIpv4) throw new RangeError(`a relay needs IPv4 addresses inside the tunnel, found '${address}'`)
  return parts.reduce((bits, part) => (bits << 8) | part, 0)
}
