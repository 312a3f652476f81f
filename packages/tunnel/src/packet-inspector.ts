import type { PacketBatch } from '@mp/interface'
import {
  DECODE_ERROR_NAMES,
  DecodeError,
  FLAG_PARTIAL_CHECKSUM,
  FlowMemo,
  IpHeader,
  IpParser,
  MssClamp,
  TCP_SYN,
  TrafficClass,
  classify,
  ecnOf,
} from '@mp/wire'

/** Reads the IP header of inner packets, strictly and in both directions: nothing malformed enters or leaves. */
export class PacketInspector {
  readonly #arena: Uint8Array
  readonly #parser: IpParser
  readonly #header = new IpHeader()
  readonly #memo: FlowMemo
  readonly #mss: MssClamp
  readonly #segmentLimitBytes: (() => number) | undefined

  /** @param segmentLimitBytes largest packet that TCP should make now, bytes. Absent: what it wants. */
  constructor(arena: Uint8Array, segmentLimitBytes?: () => number) {
    this.#arena = arena
    this.#parser = new IpParser(arena)
    this.#memo = new FlowMemo(arena)
    this.#mss = new MssClamp(arena)
    this.#segmentLimitBytes = segmentLimitBytes
  }

  /**
   * Fills in the flow hash, the traffic class and the ECN field of a packet, whose flags say otherwise at most that its
   * checksum is begun only. Where a connection begins, its segments are kept small.
   * @returns why the packet is not a proper one, as the name of a counter.
   */
  inspect(batch: PacketBatch, row: number): string | undefined {
    const offset = batch.offset[row]!
    const length = batch.length[row]!
    const partial = batch.flags[row]! & FLAG_PARTIAL_CHECKSUM
    if (this.#memo.matches(offset, length)) {
      batch.flow[row] = this.#memo.flow
      batch.flags[row] = partial | TrafficClass.bulk | ecnOf(this.#arena, offset)
      return undefined
    }
    const code = this.#parser.parse(offset, length, this.#header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    this.#memo.note(offset, length, this.#header)
    batch.flow[row] = this.#header.flow
    batch.flags[row] = partial | classify(this.#header, length) | ecnOf(this.#arena, offset)
    if ((this.#header.tcpFlags & TCP_SYN) !== 0) this.#clamp(batch, row)
    return undefined
  }

  #clamp(batch: PacketBatch, row: number): void {
    if (this.#segmentLimitBytes === undefined) return
    this.#mss.maxPacketBytes = this.#segmentLimitBytes()
    this.#mss.clamp(batch.offset[row]!, batch.length[row]!, batch.flags[row]!)
  }
}
