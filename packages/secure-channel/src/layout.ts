import { viewOf } from './bytes.ts'

// Where everything is in a handshake frame; docs/protocol.md has the pictures. All of it is big-endian.

const VERSION = 1
/** The kind of handshake in the top byte of word 2: Noise. */
const KIND_NOISE = 1
const WORD_BYTES = 4
const NOISE_OFFSET = 3 * WORD_BYTES
const KEY_BYTES = 32
const TAG_BYTES = 16
const MAX_INDEX = 0xff_ffff

/** Types of frames that open a session. */
export const FrameType = { hello: 1, welcome: 2, cookie: 3 } as const
/** One of {@link FrameType}. */
export type HandshakeFrameType = (typeof FrameType)[keyof typeof FrameType]

/** Timestamp, index of the session to rekey, and what each cipher costs. */
export const HELLO_PAYLOAD_BYTES = 20
/** Epoch and index, and the chosen cipher. */
export const WELCOME_PAYLOAD_BYTES = 8
/** Each of the two MACs at the end of a hello and a welcome, bytes. */
export const MAC_BYTES = 16
/** A cookie's nonce, bytes. */
export const COOKIE_NONCE_BYTES = 12
/** A cookie, bytes. */
export const COOKIE_BYTES = 16

/** A whole hello frame, bytes. */
export const HELLO_BYTES: number =
  NOISE_OFFSET + KEY_BYTES + (KEY_BYTES + TAG_BYTES) + (HELLO_PAYLOAD_BYTES + TAG_BYTES) + 2 * MAC_BYTES
/** A whole welcome frame, bytes. */
export const WELCOME_BYTES: number =
  NOISE_OFFSET + KEY_BYTES + (WELCOME_PAYLOAD_BYTES + TAG_BYTES) + 2 * MAC_BYTES
/** A whole cookie frame, bytes. */
export const COOKIE_FRAME_BYTES: number = 2 * WORD_BYTES + COOKIE_NONCE_BYTES + COOKIE_BYTES + TAG_BYTES

const LENGTHS: Readonly<Record<HandshakeFrameType, number>> = {
  [FrameType.hello]: HELLO_BYTES,
  [FrameType.welcome]: WELCOME_BYTES,
  [FrameType.cookie]: COOKIE_FRAME_BYTES,
}

/** The clear words of a handshake frame. */
export interface ClearWords {
  readonly type: HandshakeFrameType
  /** The receiver's index; 0 in a hello. */
  readonly receiver: number
  readonly pathId: number
  /** The sender's own index; a cookie has none and says 0. */
  readonly sender: number
}

/** Why the clear part of a frame was refused. The names are those of the frame codec. */
export type LayoutDrop = 'bad-length' | 'bad-handshake'

/** Whether a number can name a session: 1…2^24-1. */
export function isIndex(index: number): boolean {
  return Number.isInteger(index) && index >= 1 && index <= MAX_INDEX
}

/** Writes the clear words to the front of `frame`. */
export function writeClear(frame: Uint8Array, words: ClearWords): void {
  const view = viewOf(frame)
  view.setUint32(0, ((VERSION << 30) | (words.type << 26) | words.receiver) >>> 0)
  view.setUint32(WORD_BYTES, (words.pathId << 24) >>> 0)
  if (words.type !== FrameType.cookie) {
    view.setUint32(2 * WORD_BYTES, (KIND_NOISE << 24) | words.sender)
  }
}

/** The clear words of a frame of this type and exactly its length, or why it is none. */
export function readClear(frame: Uint8Array, type: HandshakeFrameType): ClearWords | LayoutDrop {
  if (frame.length !== LENGTHS[type]) return 'bad-length'
  const view = viewOf(frame)
  const first = view.getUint32(0)
  const second = view.getUint32(WORD_BYTES)
  const receiver = first & MAX_INDEX
  const sender = senderOf(view, type)
  const fits =
    first >>> 24 === ((VERSION << 6) | (type << 2)) &&
    (receiver === 0) === (type === FrameType.hello) &&
    (second & MAX_INDEX) === 0
  if (!fits || sender === undefined) return 'bad-handshake'
  return { type, receiver, pathId: second >>> 24, sender }
}

/** The sender's index in word 2, or undefined when that word is malformed; 0 for a cookie, which has no such word. */
function senderOf(view: DataView, type: HandshakeFrameType): number | undefined {
  if (type === FrameType.cookie) return 0
  const word = view.getUint32(2 * WORD_BYTES)
  const sender = word & MAX_INDEX
  return word >>> 24 === KIND_NOISE && sender !== 0 ? sender : undefined
}

/** The Noise message between the clear words and the MACs. */
export function noiseMessage(frame: Uint8Array): Uint8Array {
  return frame.subarray(NOISE_OFFSET, frame.length - 2 * MAC_BYTES)
}

/** What is the same in a hello on every path: kind, sender and Noise message. */
export function pathlessPart(hello: Uint8Array): Uint8Array {
  return hello.subarray(2 * WORD_BYTES, hello.length - 2 * MAC_BYTES)
}

/** The initiator's ephemeral public key in the {@link pathlessPart}, which tells its hellos apart. */
export function ephemeralOf(pathless: Uint8Array): Uint8Array {
  return pathless.subarray(WORD_BYTES, WORD_BYTES + KEY_BYTES)
}

/** Nonce and sealed cookie of a cookie frame. */
export function cookieParts(frame: Uint8Array): { readonly nonce: Uint8Array; readonly sealed: Uint8Array } {
  const at = 2 * WORD_BYTES
  return {
    nonce: frame.subarray(at, at + COOKIE_NONCE_BYTES),
    sealed: frame.subarray(at + COOKIE_NONCE_BYTES, COOKIE_FRAME_BYTES),
  }
}
