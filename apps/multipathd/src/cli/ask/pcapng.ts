/**
 * Writes packets as pcapng (draft-ietf-opsawg-pcapng): an interface for each path, bare IP packets, times in
 * microseconds, and of each packet in which direction it went.
 */
export class PcapngWriter {
  readonly #interfaces = new Map<string, number>()

  /** The beginning of a file. */
  header(): Buffer {
    const body = Buffer.alloc(16)
    body.writeUInt32LE(BYTE_ORDER_MAGIC, 0)
    body.writeUInt16LE(1, 4)
    // The length of the section is not known.
    body.fill(0xff, 8)
    return block(SECTION_HEADER, [body])
  }

  /** A packet, after its interface if that is new. */
  packet({ peer, path, direction, lengthBytes, bytes, atMs, comment }: PcapPacket): Buffer {
    const key = `${path}\n${peer}`
    const known = this.#interfaces.get(key)
    const number = known ?? this.#interfaces.size
    this.#interfaces.set(key, number)
    const head = Buffer.alloc(20)
    const timeUs = BigInt(Math.round(atMs * 1000))
    head.writeUInt32LE(number, 0)
    head.writeUInt32LE(Number(timeUs >> 32n), 4)
    head.writeUInt32LE(Number(timeUs & 0xffff_ffffn), 8)
    head.writeUInt32LE(bytes.length, 12)
    head.writeUInt32LE(lengthBytes, 16)
    const flags = Buffer.alloc(4)
    flags.writeUInt32LE(direction === 'in' ? INBOUND : OUTBOUND)
    const options = [
      ...(comment === undefined ? [] : [option(COMMENT, Buffer.from(comment))]),
      option(PACKET_FLAGS, flags),
    ]
    const packet = block(ENHANCED_PACKET, [head, padded(bytes), ...options, END_OF_OPTIONS])
    return known === undefined ? Buffer.concat([this.#interface(path, peer), packet]) : packet
  }

  #interface(path: string, peer: string): Buffer {
    const body = Buffer.alloc(8)
    body.writeUInt16LE(LINKTYPE_RAW, 0)
    const named = [option(INTERFACE_NAME, Buffer.from(path)), option(INTERFACE_ABOUT, Buffer.from(peer))]
    return block(INTERFACE, [body, ...named, END_OF_OPTIONS])
  }
}

/** What is written of a packet. */
export interface PcapPacket {
  readonly peer: string
  readonly path: string
  readonly direction: 'in' | 'out'
  /** Of the whole packet. */
  readonly lengthBytes: number
  /** Its beginning, or all of it. */
  readonly bytes: Buffer
  /** Since 1970. */
  readonly atMs: number
  readonly comment?: string | undefined
}

const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const INTERFACE = 1
const ENHANCED_PACKET = 6
/** IPv4 or IPv6 without anything in front. */
const LINKTYPE_RAW = 101
const COMMENT = 1
const INTERFACE_NAME = 2
const INTERFACE_ABOUT = 3
const PACKET_FLAGS = 2
const INBOUND = 1
const OUTBOUND = 2
const END_OF_OPTIONS = Buffer.alloc(4)

function block(type: number, parts: readonly Buffer[]): Buffer {
  const lengthBytes = 12 + parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(lengthBytes, 4)
  return Buffer.concat([head, ...parts, head.subarray(4)])
}

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(code, 0)
  head.writeUInt16LE(value.length, 2)
  return Buffer.concat([head, padded(value)])
}

/** To a multiple of four bytes. */
function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
