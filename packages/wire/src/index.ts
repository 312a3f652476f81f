/**
 * The bytes of the tunnel: its frame format, and strict reading of the IP packets inside.
 *
 * A frame is 16 bytes in front of an inner packet: 8 that say in clear which session, which path and which packet of
 * that path it is, and 8 (encrypted together with the packet) with traffic class, sequence number and send time.
 * `docs/protocol.md` has every bit of it. {@link FrameCodec} reads and writes them in place in a packet arena,
 * {@link ReportCodec} does it for reports about paths, {@link IpParser} does the same for IPv4 and IPv6 headers, and {@link classify} says which packets cannot wait.
 * {@link MssClamp} keeps the segments of TCP small enough for a tunnel, and {@link TooBigWriter} answers packets that are not.
 *
 * All input is hostile until read: wrong bytes give a {@link DecodeError} code to count, never an exception, and
 * nothing outside the given range is looked at. Nothing here allocates per packet.
 *
 * ```ts
 * import { DECODE_ERROR_NAMES, FrameCodec, FrameHeader, FrameType, HEADER_BYTES, expandCounter } from '@mp/wire'
 *
 * const arena = new Uint8Array(2048)
 * const codec = new FrameCodec(arena)
 *
 * const sent = new FrameHeader()
 * sent.type = FrameType.data
 * sent.receiver = 7
 * sent.pathId = 2
 * sent.counter24 = 16_777_217 // the whole counter: 24 bits of it travel
 * const packetOffset = 64
 * codec.writeFrame(packetOffset - HEADER_BYTES, sent)
 *
 * const received = new FrameHeader()
 * const code = codec.readFrame(packetOffset - HEADER_BYTES, HEADER_BYTES + 100, received)
 * console.log(DECODE_ERROR_NAMES[code], received.pathId) // none 2
 * console.log(expandCounter(received.counter24, 16_777_210)) // 16777217
 * ```
 *
 * @packageDocumentation
 */
export { ChecksumCompleter } from './checksum.ts'
export { classify } from './classify.ts'
export { FrameCodec } from './codec.ts'
export { ECN_MASK, ECN_SHIFT, ecnOf, isMarked, markCongestion } from './ecn.ts'
export { DECODE_ERROR_NAMES, DecodeError } from './errors.ts'
export type { DecodeCode } from './errors.ts'
export { FlowMemo } from './flow-memo.ts'
export * from './format.ts'
export { IpHeader, IpParser, IpProtocol } from './ip.ts'
export { MssClamp, TCP_SYN } from './mss-clamp.ts'
export { expandCounter, sendTimeDeltaMs, sendTimeOf, sequenceDelta } from './numbers.ts'
export { ReportCodec, SentReport } from './report-codec.ts'
export { TooBigWriter, mustStayWhole } from './too-big.ts'
export type { PacketPlace } from './too-big.ts'
