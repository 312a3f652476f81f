import type { Fragmenter, FragmenterStats, PacketBatch, PacketPool } from '@mp/interface'
import { HEADER_BYTES } from '@mp/wire'
import { NO_PIECE_DROPS, Reassembler } from './reassembly.ts'
import type { ReassemblyOptions } from './reassembly.ts'
import { Splitter } from './split.ts'

/** How a fragmenter works. */
export interface FragmenterOptions {
  /** Where packets and pieces live. A piece needs headroom for the frame header in front of it, 16 bytes. */
  readonly pool: PacketPool
  /** How long a packet waits for its last piece, ms, > 0. Default 500. */
  readonly timeoutMs?: number
  /** Most packets that wait for pieces, ≥ 1; then the oldest is given up. Default 64. */
  readonly maxPending?: number
  /** Most pool memory in waiting pieces, bytes; then the oldest packet is given up. Default 1 MiB, at most a quarter of the arena. */
  readonly maxHeldBytes?: number
  /** Largest packet put together, bytes. Default: what a slot of the pool holds. */
  readonly maxPacketBytes?: number
}

const DEFAULT_TIMEOUT_MS = 500
const DEFAULT_MAX_PENDING = 64
const DEFAULT_MAX_HELD_BYTES = 1 << 20

/**
 * Cuts packets into 2…64 pieces and joins them again. A pure machine: time comes as an argument.
 *
 * - `split` throws RangeError for a packet of less than 2 bytes and for pieces without room for payload. It returns
 *   false also for a packet that would need more than 64 pieces. A packet that fits into one piece is cut in two.
 * - `join` puts pieces of one path and packet id together. In a joined packet the columns besides slot, offset and
 *   length are those of the piece that came last.
 * - Dropped pieces are counted as `malformed`, `duplicate`, `mismatch` (another count than the pieces before),
 *   `too-large`, `evicted`, `expired`, `pool-empty`, `batch-full` and `closed`.
 *
 * Throws RangeError when the pool has too little headroom or an option is out of range.
 */
export function fragmenter(options: FragmenterOptions): Fragmenter {
  const { pool, timeoutMs = DEFAULT_TIMEOUT_MS, maxPending = DEFAULT_MAX_PENDING } = options
  const maxHeldBytes = options.maxHeldBytes ?? Math.min(DEFAULT_MAX_HELD_BYTES, pool.arena.length / 4)
  if (pool.headroomBytes < HEADER_BYTES) {
    throw new RangeError(`pieces need ${HEADER_BYTES} bytes of headroom, the pool has ${pool.headroomBytes}`)
  }
  if (!(timeoutMs > 0)) throw new RangeError(`timeoutMs must be above 0, not ${timeoutMs}`)
  if (!(Number.isSafeInteger(maxPending) && maxPending >= 1)) {
    throw new RangeError(`maxPending must be an integer of at least 1 packet, not ${maxPending}`)
  }
  const maxPacketBytes = options.maxPacketBytes ?? pool.packetBytes
  return new PacketFragmenter({ pool, timeoutMs, maxPending, maxHeldBytes, maxPacketBytes })
}

/** Both halves are made when they are first needed: a server has a fragmenter for each session, and most never cut or join. */
class PacketFragmenter implements Fragmenter {
  readonly #options: ReassemblyOptions
  #splitter: Splitter | undefined
  #reassembler: Reassembler | undefined

  constructor(options: ReassemblyOptions) {
    this.#options = options
  }

  split(from: PacketBatch, index: number, pieceBytes: number, to: PacketBatch): boolean {
    this.#splitter ??= new Splitter(this.#options.pool)
    return this.#splitter.split(from, index, pieceBytes, to)
  }

  join(batch: PacketBatch, index: number, to: PacketBatch, nowMs: number): void {
    this.#reassembler ??= new Reassembler(this.#options)
    this.#reassembler.join(batch, index, to, nowMs)
  }

  pollTimeout(): number {
    return this.#reassembler?.pollTimeout() ?? Infinity
  }

  handleTimeout(nowMs: number): void {
    this.#reassembler?.handleTimeout(nowMs)
  }

  pollTransmit(): undefined {}

  pollEvent(): undefined {}

  stats(): FragmenterStats {
    const { joined = 0, pending = 0, drops = NO_PIECE_DROPS } = this.#reassembler ?? {}
    return { split: this.#splitter?.packets ?? 0, joined, pending, drops: { ...drops } }
  }

  close(): void {
    this.#reassembler?.close()
  }
}
