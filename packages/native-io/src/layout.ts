/** Memory shared with the addon. The numbers here repeat csrc/batch.h and csrc/vnet.h, and nothing else does. */

/** Columns of a batch; with one row they are the indices of its table. */
export const COLUMNS = 8
export const COLUMN = { offset: 1, length: 2 } as const

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
  txMessages: 13,
  rxMessages: 14,
  rxMoved: 15,
  cutOff: 16,
} as const
export const COUNTERS = 17

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
const EVENTS_END = STATE.eventPairs + 2 * MAX_EVENTS
/** State word: errno that ended segmentation, else 0. */
export const GSO_REFUSED: number = EVENTS_END
/** State word: what the last receive left behind, one of {@link MORE}. */
export const MORE_LEFT: number = EVENTS_END + 1
/** State word of a TUN device: bits of {@link OFFLOAD} that act now. */
export const STATE_OFFLOADS: number = EVENTS_END + 2
/** State word of a TCP connection: bytes taken and not given to the kernel. */
export const STATE_BACKLOG: number = EVENTS_END + 3
/** State word: rows that a wake-up may fill before it calls; 0: `receive` is called for it. */
export const READY_ROWS: number = EVENTS_END + 4
export const STATE_WORDS: number = EVENTS_END + 5

/** What a TUN device does for us; bits, as in csrc/vnet.h. */
export const OFFLOAD = { checksum: 1, tso: 2, uso: 4, coalesce: 8 } as const

/** What a receive leaves behind. Of what the addon holds the event loop does not know. */
export const MORE = { none: 0, inKernel: 1, held: 2 } as const

/** Events of a wake-up, as libuv numbers them. */
export const READABLE = 1
export const WRITABLE = 2
