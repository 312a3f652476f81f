/** Clear bytes at the start of a frame, authenticated and not encrypted. */
export const CLEAR_BYTES = 8
export const TAG_BYTES = 16

/** A key that works on one frame of an arena at a time. Frames are given by where they lie, bytes from its start. */
export interface FrameCipher {
  /** Encrypts in place and writes the tag behind `end`. */
  seal(nonce: Uint8Array, start: number, end: number): void
  /** The reverse; the tag lies before `end`. @returns false when the frame is not authentic. */
  open(nonce: Uint8Array, start: number, end: number): boolean
}

/** Uses `key` as it is, and does not overwrite it. */
export type CreateFrameCipher = (key: Uint8Array, arena: Uint8Array) => FrameCipher
