/**
 * Why bytes were refused. Malformed input is a value here, so that a counter per reason is
 * `counters[code]++` and costs nothing; {@link DECODE_ERROR_NAMES} says how to call it.
 */
export const DecodeError = {
  none: 0,
  /** A frame of less than 16 bytes. */
  short: 1,
  badVersion: 2,
  badType: 3,
  /** Receiver index 0 where one is needed, or one in a `hello`. */
  badReceiver: 4,
  /** The reserved class, or a reserved flag. */
  badFlags: 5,
  /** An empty data frame, or a handshake or control frame that is not exactly as long as its kind. */
  badLength: 6,
  /** An unknown kind, sender index 0, or a reserved field that is not 0. */
  badHandshake: 7,
  /** An unknown kind or path state, or a reserved field that is not 0. */
  badControl: 8,
  /** Count or index out of range, or an empty piece. */
  badFragment: 9,
  /** An inner packet shorter than an IP header. */
  ipShort: 10,
  ipBadVersion: 11,
  /** An IPv4 header length below 20 bytes or past the end. */
  ipBadHeader: 12,
  /** The length in the header is not the length of the packet. */
  ipBadLength: 13,
  /** An IP fragment that would end behind the largest packet. */
  ipBadFragment: 14,
  /** An IPv6 extension header past the end, or too many of them. */
  ipBadExtension: 15,
} as const

/** One of {@link DecodeError}; 0 = all is well. */
export type DecodeCode = (typeof DecodeError)[keyof typeof DecodeError]

/** The name of each code for counters, kebab-case, by code; `none` for 0. */
export const DECODE_ERROR_NAMES: readonly string[] = Object.keys(DecodeError).map((name) =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
)
