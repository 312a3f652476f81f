/** TCP header with the timestamp option and its padding, bytes. */
const SEGMENT_HEADER_BYTES = 32
/** TCP header of a SYN: MSS, SACK permitted, timestamps, window scale. */
const SYN_HEADER_BYTES = 40
/** Selective acknowledgements that fit beside timestamps. */
export const MAX_SACK_BLOCKS = 3

const SACK_BASE_BYTES = 4
const SACK_BLOCK_BYTES = 8
const WINDOW_SCALE = 10
const SYN = 0x02
const ACK = 0x10
const TIMESTAMPS = 0x0101_080a
const NOP_NOP_SACK = 0x0101_0500

/** The fields of a segment. One object serves all of them. Sequence numbers are 32 bits on the wire, bytes of the stream here. */
export class Segment {
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  isSyn = false
  windowBytes = 0
  /** Of a SYN. */
  mssBytes = 0
  /** When it was sent, and when that was sent which made the other end send, ms. */
  timestamp = 0
  echo = 0
  /** Beginnings and ends of what arrived behind a gap. */
  readonly sackStart: number[] = [0, 0, 0]
  readonly sackEnd: number[] = [0, 0, 0]
  sackBlocks = 0
  payloadBytes = 0
}

/** Bytes of the TCP header that {@link writeSegment} will write. */
export function headerBytesOf({ isSyn, sackBlocks }: Segment): number {
  if (isSyn) return SYN_HEADER_BYTES
  return SEGMENT_HEADER_BYTES + (sackBlocks > 0 ? SACK_BASE_BYTES + SACK_BLOCK_BYTES * sackBlocks : 0)
}

/** Writes the header; the payload stays what it is. */
export function writeSegment(view: DataView, offset: number, segment: Segment): void {
  const words = headerBytesOf(segment) / 4
  view.setInt32(offset, (segment.sourcePort << 16) | segment.destinationPort)
  view.setInt32(offset + 4, segment.seq | 0)
  view.setInt32(offset + 8, segment.ack | 0)
  const flags = segment.isSyn ? (segment.ack > 0 ? SYN | ACK : SYN) : ACK
  const window = segment.windowBytes >>> WINDOW_SCALE
  view.setInt32(offset + 12, (words << 28) | (flags << 16) | Math.min(0xffff, window))
  view.setInt32(offset + 16, 0)
  if (segment.isSyn) return writeSynOptions(view, offset + 20, segment)
  view.setInt32(offset + 20, TIMESTAMPS)
  view.setInt32(offset + 24, segment.timestamp)
  view.setInt32(offset + 28, segment.echo)
  if (segment.sackBlocks > 0) writeSack(view, offset + SEGMENT_HEADER_BYTES, segment)
}

function writeSynOptions(view: DataView, offset: number, segment: Segment): void {
  view.setInt32(offset, (2 << 24) | (4 << 16) | segment.mssBytes)
  view.setInt32(offset + 4, (4 << 24) | (2 << 16) | (8 << 8) | 10)
  view.setInt32(offset + 8, segment.timestamp)
  view.setInt32(offset + 12, segment.echo)
  view.setInt32(offset + 16, (1 << 24) | (3 << 16) | (3 << 8) | WINDOW_SCALE)
}

function writeSack(view: DataView, offset: number, { sackBlocks, sackStart, sackEnd }: Segment): void {
  view.setInt32(offset, NOP_NOP_SACK | (2 + SACK_BLOCK_BYTES * sackBlocks))
  for (let block = 0; block < sackBlocks; block++) {
    view.setInt32(offset + 4 + block * 8, sackStart[block]! | 0)
    view.setInt32(offset + 8 + block * 8, sackEnd[block]! | 0)
  }
}

/**
 * Reads what {@link writeSegment} wrote; options elsewhere are not found.
 * @param nearSeq a position of the stream close to `seq`, which tells its upper bits; `nearAck` is the same for `ack`.
 */
export function readSegment(
  view: DataView,
  at: { offset: number; lengthBytes: number },
  near: Near,
  into: Segment,
): void {
  const { offset, lengthBytes } = at
  const ports = view.getInt32(offset)
  const word3 = view.getInt32(offset + 12)
  const headerBytes = (word3 >>> 28) * 4
  into.sourcePort = ports >>> 16
  into.destinationPort = ports & 0xffff
  into.seq = unwrap(view.getInt32(offset + 4), near.seq)
  into.ack = unwrap(view.getInt32(offset + 8), near.ack)
  into.isSyn = ((word3 >>> 16) & SYN) !== 0
  into.windowBytes = (word3 & 0xffff) << WINDOW_SCALE
  into.payloadBytes = lengthBytes - headerBytes
  into.sackBlocks = 0
  into.mssBytes = into.isSyn ? view.getUint16(offset + 22) : 0
  into.timestamp = view.getInt32(offset + (into.isSyn ? 28 : 24))
  into.echo = view.getInt32(offset + (into.isSyn ? 32 : 28))
  if (!into.isSyn && headerBytes > SEGMENT_HEADER_BYTES)
    readSack(view, offset + SEGMENT_HEADER_BYTES, near.ack, into)
}

/** Positions of the stream. */
export interface Near {
  readonly seq: number
  readonly ack: number
}

function readSack(view: DataView, offset: number, near: number, into: Segment): void {
  into.sackBlocks = (view.getUint8(offset + 3) - 2) / SACK_BLOCK_BYTES
  for (let block = 0; block < into.sackBlocks; block++) {
    into.sackStart[block] = unwrap(view.getInt32(offset + 4 + block * 8), near)
    into.sackEnd[block] = unwrap(view.getInt32(offset + 8 + block * 8), near)
  }
}

const unwrap = (low: number, near: number): number => near + ((low - near) | 0)
