/** Protocol version of every frame this package writes and accepts. */
export const VERSION = 1
/** Frame header in front of every inner packet and control body, bytes. */
export const HEADER_BYTES = 16
/** Authentication tag behind an encrypted frame, bytes. */
export const TAG_BYTES = 16
/** All that a frame adds to an inner packet that is not cut, bytes. */
export const MAX_OVERHEAD_BYTES = 32
/** Fragment header in front of each piece of a cut packet, bytes. */
export const FRAGMENT_HEADER_BYTES = 4
/** A plain `hello` or `welcome` frame, bytes. */
export const HANDSHAKE_BYTES = 20
/** Body of a `probe` or `probeReply`, bytes. */
export const PROBE_BYTES = 8
/** Body of a `probe` with wishes, bytes. */
export const WISHES_PROBE_BYTES = 16
/** Body of a `close` or `pathClose`, bytes. */
export const CLOSE_BYTES = 4
/** Body of a `pathChallenge` or `pathResponse`, bytes. */
export const CHALLENGE_BYTES = 12
/** Body of a `sizeReply`, and shortest of a `sizeProbe`, bytes. */
export const SIZE_BYTES = 8
/** Longest body of a `report`, bytes: with its headers it fits every path. */
export const MAX_REPORT_BYTES = 1200
/** Most gaps that a `report` names of one path. */
export const MAX_REPORT_GAPS = 16
/** Most pieces an inner packet is cut into. */
export const MAX_FRAGMENTS = 64

/** What a frame is; 4 bits of its first word. The first three open a session, and are never encrypted as a whole. */
export const FrameType = { hello: 1, welcome: 2, cookie: 3, data: 4, control: 5 } as const

/** How a handshake frame is to be read. */
export const HandshakeKind = {
  /** No keys: the frames carry an instance id and nothing is secret or proven. */
  plain: 0,
} as const

/** What a control body is; its first byte. */
export const ControlKind = {
  probe: 1,
  probeReply: 2,
  /** What arrived on the sender's paths, and what it sent; see `ReportCodec`. */
  report: 3,
  close: 4,
  /** Asks whether the peer receives at the address this goes to. */
  pathChallenge: 5,
  /** Answers a challenge, with its token. */
  pathResponse: 6,
  /** The sender does not use this path any more. */
  pathClose: 7,
  /** Asks whether a frame of this size arrives; padded. */
  sizeProbe: 8,
  /** Answers a size probe. */
  sizeReply: 9,
} as const

/** What the sender of a probe thinks of the path it travels on. */
export const PathState = { initializing: 0, normal: 1, lost: 2, unstable: 3 } as const

/** What the client wishes a path to be used for; `none` carries nothing. */
export const WishedRole = { primary: 0, secondary: 1, backup: 2, none: 3 } as const

/** How packets of a class are to be shared among paths; two bits for each class, bulk lowest. */
export const WishedMode = { unsaid: 0, aggregate: 1, lowestLatency: 2, redundant: 3 } as const

/** Largest rate limit that a probe can say, kbit/s. */
export const MAX_LIMIT_KBPS = 0xff_ffff

/** Traffic class of an inner packet: the two low bits of the flags. */
export const TrafficClass = { bulk: 0, interactive: 1, critical: 2 } as const
/** The bits of the flags that hold the {@link TrafficClass}. */
export const CLASS_MASK = 3
/** Flag: a fragment header follows the frame header. */
export const FLAG_FRAGMENT = 4
/**
 * Flag: the TCP or UDP checksum of the inner packet is begun only. It holds the sum of the pseudo header, not
 * complemented; who gives the packet to a network that wants it whole finishes it, see {@link ChecksumCompleter}.
 */
export const FLAG_PARTIAL_CHECKSUM = 8

/** Header of a `data` or `control` frame; of the others, the clear part. Reuse one object for all frames. */
export class FrameHeader {
  /** One of {@link FrameType}. */
  type = 0
  /** Key epoch modulo 4. */
  epoch = 0
  /** The receiver's index for the session, 1…2^24-1; 0 in a `hello`. */
  receiver = 0
  /** 0…255, chosen by the side that opened the path. */
  pathId = 0
  /** Low 24 bits of the path counter, see `expandCounter`. Writing takes a whole counter and cuts it. */
  counter24 = 0
  /** {@link TrafficClass}, {@link FLAG_FRAGMENT} and {@link FLAG_PARTIAL_CHECKSUM}. */
  flags = 0
  /** Low 24 bits of the session's sequence number, see `expandCounter`. Writing takes a whole one and cuts it. */
  sequence = 0
  /** See `sendTimeOf`, 0…65535. */
  sendTime = 0
  /** How many sequence numbers back the packet before in the same flow is, 1…65535; 0: none, or further back. */
  flowSequence = 0
}

/** The rest of a `hello` or `welcome`. */
export class Handshake {
  /** One of {@link HandshakeKind}. */
  kind = 0
  /** The sender's own index for the session, 1…2^24-1: what it wants to see as `receiver`. */
  sender = 0
  /** High half of the client's instance id, 0…2^32-1. The id is new with every start of the client. */
  instanceHigh = 0
  /** Low half of the client's instance id, 0…2^32-1. */
  instanceLow = 0
}

/** Body of a `control` frame. Which fields count depends on `kind`; reading sets the others to 0. */
export class ControlBody {
  /** One of {@link ControlKind}. */
  kind = 0
  /** Probes: one of {@link PathState}. */
  state = 0
  /** Probes: share of this path in the sender's opinion, 1…65535; 0 = not said. */
  weight = 0
  /** Probes of both kinds: says which probe a reply answers, 0…2^32-1. */
  nonce = 0
  /** Probes: the five fields that follow are said. */
  hasWishes = false
  /** One of {@link WishedRole}. */
  role = 0
  /** How often the path is to be probed while nothing is sent over it, s, 1…255; 0 = not said. */
  idleSeconds = 0
  /** How many ms another path may be slower and still be preferred, 0…65535. */
  costMs = 0
  /** {@link WishedMode} of the session's three classes. */
  modes = 0
  /** Most that may be sent over the path to the sender of the probe, kbit/s, 1…2^24-1; 0 = no limit. */
  limitKbps = 0
  /** Size probes: length of the body of the probe, bytes, {@link SIZE_BYTES}…65 535. */
  sizeBytes = 0
  /** Challenges: high half of the token, 0…2^32-1. */
  tokenHigh = 0
  /** Challenges: low half of the token, 0…2^32-1. */
  tokenLow = 0
  /** Closes: 0…255; 0 = the sender shuts down. Others have no meaning yet. */
  reason = 0
}

/** Header of one piece of a cut packet. */
export class FragmentHeader {
  /** Which packet of this path and direction, 0…65535, wraps. */
  packetId = 0
  /** Which piece, 0…`count`-1. */
  index = 0
  /** How many pieces, 2…{@link MAX_FRAGMENTS}. */
  count = 0
}
