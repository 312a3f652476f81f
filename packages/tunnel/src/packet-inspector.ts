import type { PacketBatch } from '@mp/interface'
import {
  DECODE_ERROR_NAMES,
  DecodeError,
  FLAG_PARTIAL_CHECKSUM,
  IpHeader,
  IpParser,
  classify,
} from '@mp/wire'

/** Reads the IP header of inner packets, strictly and in both directions: nothing malformed enters or leaves. */
export class PacketInspector {
  readonly #parser: IpParser
  readonly #header = new IpHeader()

  constructor(arena: Uint8Array) {
    this.#parser = new IpParser(arena)
  }

  /**
   * Fills in the flow hash and the traffic class of a packet, whose flags say otherwise at most that its checksum is
   * begun only.
   * @returns why the packet is not a proper one, as the name of a counter.
   */
  inspect(batch: PacketBatch, row: number): string | undefined {
    const fault = this.faultOf(batch, row)
    if (fault !== undefined) return fault
    batch.flow[row] = this.#header.flow
    batch.flags[row] = (batch.flags[row]! & FLAG_PARTIAL_CHECKSUM) | classify(this.#header, batch.length[row]!)
    return undefined
  }

  /** @returns why the packet is not a proper one, as the name of a counter. */
  faultOf(batch: PacketBatch, row: number): string | undefined {
    const code = this.#parser.parse(batch.offset[row]!, batch.length[row]!, this.#header)
    return code === DecodeError.none ? undefined : DECODE_ERROR_NAMES[code]
  }
}
