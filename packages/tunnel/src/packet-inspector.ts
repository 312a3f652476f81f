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
    if (this.inspectNext(batch, row)) return undefined
    const offset = batch.offset[row]!
    const length = batch.length[row]!
    const code = this.#parser.parse(offset, length, this.#header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    this.#memo.note(offset, length, this.#header)
    batch.flow[row] = this.#header.flow
    this.#classify(batch, row, classify(this.#header, length))
    if ((this.#header.tcpFlags & TCP_SYN) !== 0) this.#clamp(batch, row)
    return undefined
  }

  /**
   * The same for a packet that is of one flow with the one before, as most are, and of the class `bulk`.
   * @returns false when it is not, and then nothing happened.
   */
  inspectNext(batch: PacketBatch, row: number): boolean {
    if (!this.#memo.matches(batch.offset[row]!, batch.length[row]!)) return false
    batch.flow[row] = this.#memo.flow
    this.#classify(batch, row, TrafficClass.bulk)
    return true
  }

  #classify({ offset, flags }: PacketBatch, row: number, trafficClass: number): void {
    flags[row] = (flags[row]! & FLAG_PARTIAL_CHECKSUM) | trafficClass | ecnOf(this.#arena, offset[row]!)
  }

  #clamp(batch: PacketBatch, row: number): void {
    if (this.#segmentLimitBytes === undefined) return
    this.#mss.maxPacketBytes = this.#segmentLimitBytes()
    this.#mss.clamp(batch.offset[row]!, batch.length[row]!, batch.flags[row]!)
  }
}
