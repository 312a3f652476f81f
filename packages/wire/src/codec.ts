import { DecodeError } from './errors.ts'
import type { DecodeCode } from './errors.ts'
import {
  CHALLENGE_BYTES,
  CLASS_MASK,
  CLOSE_BYTES,
  ControlKind,
  FLAG_FRAGMENT,
  FLAG_PARTIAL_CHECKSUM,
  FRAGMENT_HEADER_BYTES,
  FrameType,
  HANDSHAKE_BYTES,
  HEADER_BYTES,
  HandshakeKind,
  MAX_FRAGMENTS,
  PROBE_BYTES,
  PathState,
  SIZE_BYTES,
  VERSION,
  WISHES_PROBE_BYTES,
  WishedRole,
} from './format.ts'
import type { ControlBody, FragmentHeader, FrameHeader, Handshake } from './format.ts'

const LOW24 = 0xff_ffff
const KNOWN_TYPES = Object.values(FrameType).reduce((bits, type) => bits | (1 << type), 0)
const RESERVED_CLASS = 3
/** Two bits for each of three classes. */
const ALL_MODES = 0x3f
const RESERVED_FLAGS = 0xff & ~(CLASS_MASK | FLAG_FRAGMENT | FLAG_PARTIAL_CHECKSUM)

/**
 * Reads and writes frames in place, in one arena, without allocating. The layout is `docs/protocol.md`.
 *
 * Reading never throws for what the bytes say and never looks outside `offset … offset+length-1`; it throws
 * RangeError only when that range itself is not inside the arena. After any code but 0 the object read into holds
 * nothing of use. Writing cuts values to their fields and returns the bytes written.
 *
 * The clear and the inner half of a header are read apart, because decryption happens between the two:
 * `readClear` → find the session → open in place → `readInner`. Without encryption `readFrame` does both.
 */
export class FrameCodec {
  readonly #arena: Uint8Array
  readonly #view: DataView

  constructor(arena: Uint8Array) {
    this.#arena = arena
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Reads the clear half, and for `data` and `control` the inner half too. The body is left alone. */
  readFrame(offset: number, length: number, header: FrameHeader): DecodeCode {
    const code = this.readClear(offset, length, header)
    return code === DecodeError.none && header.type >= FrameType.data
      ? this.readInner(offset, length, header)
      : code
  }

  /** The receiver index of a frame that belongs to a session; 0 for all others, malformed ones too. */
  receiverOf(offset: number, length: number): number {
    if (length < HEADER_BYTES) return 0
    const word0 = this.#view.getInt32(offset)
    const type = (word0 >>> 26) & 15
    const belongs = type === FrameType.data || type === FrameType.control
    return belongs && word0 >>> 30 === VERSION ? word0 & LOW24 : 0
  }

  /** Reads type, epoch, receiver, path id and counter of any frame. */
  readClear(offset: number, length: number, header: FrameHeader): DecodeCode {
    if (length < HEADER_BYTES) return DecodeError.short
    const word0 = this.#view.getInt32(offset)
    if (word0 >>> 30 !== VERSION) return DecodeError.badVersion
    const type = (word0 >>> 26) & 15
    if (((KNOWN_TYPES >>> type) & 1) === 0) return DecodeError.badType
    const receiver = word0 & LOW24
    if ((receiver === 0) !== (type === FrameType.hello)) return DecodeError.badReceiver
    const word1 = this.#view.getInt32(offset + 4)
    header.type = type
    header.epoch = (word0 >>> 24) & 3
    header.receiver = receiver
    header.pathId = word1 >>> 24
    header.counter24 = word1 & LOW24
    return DecodeError.none
  }

  /**
   * Whether the frame has the clear half last read into `header`, but for its counter, which is the next: that is all
   * that changes then. Frames come in trains.
   */
  isNextClear(offset: number, length: number, header: FrameHeader): boolean {
    if (length < HEADER_BYTES) return false
    const { type, epoch, receiver, pathId } = header
    const counter24 = (header.counter24 + 1) & LOW24
    const word0 = (VERSION << 30) | (type << 26) | (epoch << 24) | receiver
    if (this.#view.getInt32(offset) !== word0) return false
    if (this.#view.getInt32(offset + 4) !== ((pathId << 24) | counter24)) return false
    header.counter24 = counter24
    return true
  }

  /**
   * Whether the inner half is the one last read into `header`, of a `data` frame, but for its sequence, which is the
   * next, and how far back in its flow the packet before is: these change then. `length` without tag.
   */
  isNextInner(offset: number, length: number, header: FrameHeader): boolean {
    if (length <= HEADER_BYTES) return false
    const sequence = (header.sequence + 1) & LOW24
    const word3 = this.#view.getInt32(offset + 12)
    if (this.#view.getInt32(offset + 8) !== ((header.flags << 24) | sequence)) return false
    if (word3 >>> 16 !== header.sendTime) return false
    header.sequence = sequence
    header.flowSequence = word3 & 0xffff
    return true
  }

  /** Reads the inner half of a `data` or `control` frame that {@link readClear} accepted. `length` without tag. */
  readInner(offset: number, length: number, header: FrameHeader): DecodeCode {
    if (length <= HEADER_BYTES) return DecodeError.badLength
    const word2 = this.#view.getInt32(offset + 8)
    const word3 = this.#view.getInt32(offset + 12)
    const flags = word2 >>> 24
    if ((flags & RESERVED_FLAGS) !== 0 || (flags & CLASS_MASK) === RESERVED_CLASS) return DecodeError.badFlags
    const sequence = word2 & LOW24
    if (header.type === FrameType.control) {
      if (flags !== 0) return DecodeError.badFlags
      if (sequence !== 0) return DecodeError.badControl
    }
    header.flags = flags
    header.sequence = sequence
    header.sendTime = word3 >>> 16
    header.flowSequence = word3 & 0xffff
    return DecodeError.none
  }

  /** Writes both halves of the header of a `data` or `control` frame. */
  writeFrame(offset: number, header: FrameHeader): number {
    this.#writeWord0(offset, header, header.epoch & 3)
    this.#view.setInt32(offset + 4, (header.pathId << 24) | (header.counter24 & LOW24))
    this.#view.setInt32(offset + 8, (header.flags << 24) | (header.sequence & LOW24))
    this.#view.setInt32(offset + 12, (header.sendTime << 16) | (header.flowSequence & 0xffff))
    return HEADER_BYTES
  }

  /** Reads the rest of a `hello` or `welcome` that {@link readClear} accepted; `offset` is the frame's. */
  readHandshake(offset: number, length: number, handshake: Handshake): DecodeCode {
    if (length < HEADER_BYTES) return DecodeError.short
    const reserved = (this.#view.getInt32(offset) & 0x300_0000) | (this.#view.getInt32(offset + 4) & LOW24)
    const word2 = this.#view.getInt32(offset + 8)
    const sender = word2 & LOW24
    if (reserved !== 0 || sender === 0 || word2 >>> 24 !== HandshakeKind.plain)
      return DecodeError.badHandshake
    if (length !== HANDSHAKE_BYTES) return DecodeError.badLength
    handshake.kind = HandshakeKind.plain
    handshake.sender = sender
    handshake.instanceHigh = this.#view.getUint32(offset + 12)
    handshake.instanceLow = this.#view.getUint32(offset + 16)
    return DecodeError.none
  }

  /** Writes a whole `hello` or `welcome`: of `header` its type, receiver and path id. */
  writeHandshake(offset: number, header: FrameHeader, handshake: Handshake): number {
    this.#writeWord0(offset, header, 0)
    this.#view.setInt32(offset + 4, header.pathId << 24)
    this.#view.setInt32(offset + 8, (handshake.kind << 24) | (handshake.sender & LOW24))
    this.#view.setUint32(offset + 12, handshake.instanceHigh)
    this.#view.setUint32(offset + 16, handshake.instanceLow)
    return HANDSHAKE_BYTES
  }

  /** Reads the body of a `control` frame; `offset` and `length` are the body's, behind the header. */
  readControl(offset: number, length: number, body: ControlBody): DecodeCode {
    if (length < CLOSE_BYTES) return DecodeError.badLength
    const word = this.#view.getInt32(offset)
    clearBody(body)
    body.kind = word >>> 24
    switch (body.kind) {
      case ControlKind.probe:
      case ControlKind.probeReply:
        return this.#readProbe(offset, length, body)
      case ControlKind.pathChallenge:
      case ControlKind.pathResponse:
        return this.#readChallenge(offset, length, body)
      case ControlKind.close:
      case ControlKind.pathClose:
        return this.#readClose(word, length, body)
      case ControlKind.sizeProbe:
      case ControlKind.sizeReply:
        return this.#readSize(offset, length, body)
      default:
        return DecodeError.badControl
    }
  }

  /** Writes the body of a `control` frame; `offset` is the body's. */
  writeControl(offset: number, body: ControlBody): number {
    switch (body.kind) {
      case ControlKind.close:
      case ControlKind.pathClose:
        this.#view.setInt32(offset, (body.kind << 24) | ((body.reason & 0xff) << 16))
        return CLOSE_BYTES
      case ControlKind.pathChallenge:
      case ControlKind.pathResponse:
        this.#view.setInt32(offset, body.kind << 24)
        this.#view.setUint32(offset + 4, body.tokenHigh)
        this.#view.setUint32(offset + 8, body.tokenLow)
        return CHALLENGE_BYTES
      case ControlKind.sizeProbe:
      case ControlKind.sizeReply:
        return this.#writeSize(offset, body)
      default:
        this.#view.setInt32(offset, (body.kind << 24) | ((body.state & 0xff) << 16) | (body.weight & 0xffff))
        this.#view.setUint32(offset + 4, body.nonce)
        return body.hasWishes ? this.#writeWishes(offset, body) : PROBE_BYTES
    }
  }

  /** Reads the header of a piece; `offset` and `length` are the piece's, behind the frame header. */
  readFragment(offset: number, length: number, fragment: FragmentHeader): DecodeCode {
    if (length <= FRAGMENT_HEADER_BYTES) return DecodeError.badFragment
    const word = this.#view.getInt32(offset)
    const index = (word >>> 8) & 0xff
    const count = word & 0xff
    if (count < 2 || count > MAX_FRAGMENTS || index >= count) return DecodeError.badFragment
    fragment.packetId = word >>> 16
    fragment.index = index
    fragment.count = count
    return DecodeError.none
  }

  /** Writes the header of a piece; `offset` is the piece's. */
  writeFragment(offset: number, fragment: FragmentHeader): number {
    const { packetId, index, count } = fragment
    this.#view.setInt32(offset, (packetId << 16) | ((index & 0xff) << 8) | (count & 0xff))
    return FRAGMENT_HEADER_BYTES
  }

  #readProbe(offset: number, length: number, body: ControlBody): DecodeCode {
    const hasWishes = length === WISHES_PROBE_BYTES && body.kind === ControlKind.probe
    if (length !== PROBE_BYTES && !hasWishes) return DecodeError.badLength
    const word = this.#view.getInt32(offset)
    const state = (word >>> 16) & 0xff
    if (state > PathState.unstable) return DecodeError.badControl
    body.state = state
    body.weight = word & 0xffff
    body.nonce = this.#view.getUint32(offset + 4)
    body.hasWishes = hasWishes
    return hasWishes ? this.#readWishes(offset + 8, body) : DecodeError.none
  }

  #readWishes(offset: number, body: ControlBody): DecodeCode {
    const high = this.#view.getInt32(offset)
    const low = this.#view.getInt32(offset + 4)
    body.role = high >>> 24
    body.idleSeconds = (high >>> 16) & 0xff
    body.costMs = high & 0xffff
    body.modes = low >>> 24
    body.limitKbps = low & LOW24
    const isKnown = body.role <= WishedRole.none && body.modes <= ALL_MODES
    return isKnown ? DecodeError.none : DecodeError.badControl
  }

  #writeWishes(offset: number, { role, idleSeconds, costMs, modes, limitKbps }: ControlBody): number {
    this.#view.setInt32(offset + 8, (role << 24) | ((idleSeconds & 0xff) << 16) | (costMs & 0xffff))
    this.#view.setInt32(offset + 12, (modes << 24) | (limitKbps & LOW24))
    return WISHES_PROBE_BYTES
  }

  #readClose(word: number, length: number, body: ControlBody): DecodeCode {
    if (length !== CLOSE_BYTES) return DecodeError.badLength
    if ((word & 0xffff) !== 0) return DecodeError.badControl
    body.reason = (word >>> 16) & 0xff
    return DecodeError.none
  }

  #readChallenge(offset: number, length: number, body: ControlBody): DecodeCode {
    if (length !== CHALLENGE_BYTES) return DecodeError.badLength
    if ((this.#view.getInt32(offset) & 0xff_ffff) !== 0) return DecodeError.badControl
    body.tokenHigh = this.#view.getUint32(offset + 4)
    body.tokenLow = this.#view.getUint32(offset + 8)
    return DecodeError.none
  }

  #readSize(offset: number, length: number, body: ControlBody): DecodeCode {
    if (length < SIZE_BYTES) return DecodeError.badLength
    const word = this.#view.getInt32(offset)
    const sizeBytes = word & 0xffff
    if ((word & 0xff_0000) !== 0 || sizeBytes < SIZE_BYTES) return DecodeError.badControl
    if (length !== (body.kind === ControlKind.sizeProbe ? sizeBytes : SIZE_BYTES))
      return DecodeError.badLength
    body.sizeBytes = sizeBytes
    body.nonce = this.#view.getUint32(offset + 4)
    return DecodeError.none
  }

  /** What pads a probe is 0, whatever was there before. */
  #writeSize(offset: number, { kind, sizeBytes, nonce }: ControlBody): number {
    this.#view.setInt32(offset, (kind << 24) | (sizeBytes & 0xffff))
    this.#view.setUint32(offset + 4, nonce)
    if (kind === ControlKind.sizeReply) return SIZE_BYTES
    this.#arena.fill(0, offset + SIZE_BYTES, offset + sizeBytes)
    return sizeBytes
  }

  #writeWord0(offset: number, header: FrameHeader, epoch: number): void {
    const clear = (VERSION << 30) | ((header.type & 15) << 26) | (epoch << 24)
    this.#view.setInt32(offset, clear | (header.receiver & LOW24))
  }
}

/** Nothing of what was read before may be taken for what is read now. */
function clearBody(body: ControlBody): void {
  body.state = body.weight = body.nonce = body.reason = body.tokenHigh = body.tokenLow = 0
  body.sizeBytes = 0
  body.hasWishes = false
  body.role = body.idleSeconds = body.costMs = body.modes = body.limitKbps = 0
}
