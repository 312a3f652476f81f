import type { PacketBatch, PacketPool } from '@mp/interface'
import { DECODE_ERROR_NAMES, DecodeError, ECN_MASK, FrameHeader, FrameType, expandCounter } from '@mp/wire'
import type { FrameCodec } from '@mp/wire'
import type { DropCounter } from './drop-counter.ts'
import type { RecentPath } from './recent-path.ts'

export interface AdmissionParts {
  readonly pool: PacketPool
  readonly codec: FrameCodec
  readonly drops: DropCounter
  readonly recent: RecentPath
  /** Our index for the session: the peer puts it into every frame. */
  readonly localIndex: number
  /** Takes a `welcome` or `cookie`. @returns why it is dropped, or undefined when it was of use; its slot stays ours. */
  readonly onHandshake: (frame: Uint8Array) => string | undefined
}

/** In the place of a reason: nothing was dropped, and the slot is used up. */
export const TAKEN = ''

/** Looks at what anybody could have written: whether the clear header of a frame says that it can be one of ours. */
export class Admission {
  readonly #parts: AdmissionParts
  readonly #header = new FrameHeader()
  #counters: Float64Array = new Float64Array(0)

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /**
   * Leaves in `batch` what can be ours, moved up over what cannot, with the path id in column `path`, the epoch beside the
   * ECN field in `flags` and the type in `sequence`. The whole counter of each row goes into `counters`.
   */
  admitAll(batch: PacketBatch, counters: Float64Array): void {
    this.#counters = counters
    let kept = 0
    // The header at hand is that of the frame admitted last.
    let isNext = false
    for (let row = 0; row < batch.count; row++) {
      if (isNext && this.#isNext(batch, row, counters[kept - 1]! + 1)) {
        counters[kept] = counters[kept - 1]! + 1
      } else {
        const fault = this.#admit(batch, row, kept)
        isNext = fault === undefined
        if (fault !== undefined && fault !== TAKEN) this.#parts.drops.drop(batch.slot[row]!, fault)
        if (!isNext) continue
      }
      this.#place(batch, row, kept++)
    }
    batch.count = kept
  }

  /** Whether {@link #admit} would take the frame for the one with the number `counter` on the path of the last one. */
  #isNext({ offset, length }: PacketBatch, row: number, counter: number): boolean {
    const header = this.#header
    if (!this.#parts.codec.isNextClear(offset[row]!, length[row]!, header)) return false
    return this.#parts.recent.of(header.pathId)?.window.check(counter) !== false
  }

  /** Notes the counter of a frame that can be ours as that of row `to`. @returns why the frame is dropped. */
  #admit(batch: PacketBatch, row: number, to: number): string | undefined {
    const header = this.#header
    const { codec, localIndex, recent } = this.#parts
    const code = codec.readClear(batch.offset[row]!, batch.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    if (header.receiver !== localIndex) return 'unknown-session'
    if (header.type < FrameType.data) return this.#takeHandshake(batch, row)
    const window = recent.of(header.pathId)?.window
    const counter = expandCounter(header.counter24, window?.highest ?? -1)
    // It is not opened: anybody may have made it, and so the peer is not told of it.
    if (window?.check(counter) === false) return 'replayed'
    this.#counters[to] = counter
    return undefined
  }

  #place(batch: PacketBatch, row: number, to: number): void {
    const { pathId, epoch, type } = this.#header
    const ecn = batch.flags[row]! & ECN_MASK
    if (to !== row) batch.moveRow(row, to)
    batch.path[to] = pathId
    batch.flags[to] = ecn | epoch
    batch.sequence[to] = type
  }

  #takeHandshake(batch: PacketBatch, row: number): string | undefined {
    const offset = batch.offset[row]!
    const { pool, onHandshake } = this.#parts
    const fault = onHandshake(pool.arena.subarray(offset, offset + batch.length[row]!))
    if (fault !== undefined) return fault
    pool.release(batch.slot[row]!)
    return TAKEN
  }
}
