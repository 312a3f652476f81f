/** Memory shared with the addon. The numbers here repeat csrc/batch.h, and nothing else does. */

/** Indices of the counters, a `Float64Array`. */
export const COUNTER = {
  rxPackets: 0,
  rxBytes: 1,
  txPackets: 2,
  txBytes: 3,
  poolEmpty: 4,
  tooBig: 5,
  unreachable: 6,
  unknownPeer: 7,
  peersFull: 8,
  tunDown: 9,
  malformed: 10,
  outsideArena: 11,
  closed: 12,
} as const
export const COUNTERS = 13

/** Indices of the state words, an `Int32Array`. */
export const STATE = {
  /** errno that stopped the last send, 0 when it took all. */
  blocked: 0,
  /** Peers in the table. */
  peers: 1,
  /** Peers last heard of under this number are not forgotten. */
  guard: 2,
  /** How many (peer, errno) pairs the last call noted. */
  events: 3,
  /** The first pair. */
  eventPairs: 4,
} as const
const MAX_EVENTS = 16
export const STATE_WORDS: number = STATE.eventPairs + 2 * MAX_EVENTS

/** Events of a wake-up, as libuv numbers them. */
export const READABLE = 1
export const WRITABLE = 2
