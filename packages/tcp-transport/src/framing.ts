import type { PacketBatch, PacketPool } from '@mp/interface'

/** Bytes in front of each frame on the stream: its length, big-endian, 1…65 535. */
export const LENGTH_BYTES = 2
/** Largest frame whose length can be written, bytes. */
export const MAX_FRAME_BYTES = 0xffff

/** Frames lost on the way from the stream to the handler. */
export interface FrameDecoderDrops {
  /** There was no slot to put it into. */
  'pool-empty': number
  /** Its length was 0 or above the limit: the stream cannot be read any further. */
  'bad-length': number
  /** The stream ended within it. */
  'cut-off': number
}

/** How a decoder works. */
export interface FrameDecoderOptions {
  /** Where frames are put. */
  readonly pool: PacketPool
  /** Largest length to accept, bytes, 1…65 535. */
  readonly maxFrameBytes: number
  /** Counters to add to. */
  readonly drops: FrameDecoderDrops
}

/**
 * Takes the frames out of a byte stream that arrives in arbitrary chunks. A pure machine: it keeps at most one slot,
 * for the frame that is not complete yet. Without a free slot a frame is skipped and the stream stays in step.
 */
export class FrameDecoder {
  readonly #pool: PacketPool
  readonly #arena: Buffer
  readonly #maxFrameBytes: number
  readonly #drops: FrameDecoderDrops
  /** Bytes of the length that were read, 0…2. */
  #lengthSeen = 0
  #lengthBytes = 0
  /** Bytes of the frame that were read. */
  #filledBytes = 0
  /** Of the frame being read; -1 when it is skipped. */
  #slot = -1
  #offset = 0
  #broken = false

  constructor({ pool, maxFrameBytes, drops }: FrameDecoderOptions) {
    this.#pool = pool
    this.#arena = bufferOver(pool)
    this.#maxFrameBytes = maxFrameBytes
    this.#drops = drops
  }

  /**
   * Reads `chunk` from byte `start` on and appends the frames that are complete to `to`.
   * @returns where it stopped: `chunk.length`, or before it when `to` is full; -1 after a bad length, for good.
   */
  decode(chunk: Buffer, start: number, to: PacketBatch): number {
    let at = start
    while (at < chunk.length && !this.#broken) {
      if (to.count === to.capacity) return at
      if (this.#lengthSeen < LENGTH_BYTES) this.#readLength(chunk[at++]!)
      else at += this.#readBody(chunk, at, to)
    }
    return this.#broken ? -1 : at
  }

  /** The stream ended: gives back the slot of a frame that is not complete. */
  close(): void {
    // One that is skipped is counted already.
    const isSkipped = this.#lengthSeen === LENGTH_BYTES && this.#slot < 0
    if (this.#lengthSeen > 0 && !this.#broken && !isSkipped) this.#drops['cut-off']++
    if (this.#slot >= 0) this.#pool.release(this.#slot)
    this.#slot = -1
    this.#broken = true
  }

  #readLength(byte: number): void {
    this.#lengthBytes = (this.#lengthBytes << 8) | byte
    if (++this.#lengthSeen < LENGTH_BYTES) return
    if (this.#lengthBytes === 0 || this.#lengthBytes > this.#maxFrameBytes) {
      this.#drops['bad-length']++
      this.#broken = true
      return
    }
    this.#slot = this.#pool.acquire(this.#lengthBytes)
    if (this.#slot < 0) this.#drops['pool-empty']++
    else this.#offset = this.#pool.offsetOf(this.#slot)
  }

  /** Reads what there is of the frame, and hands it over when that is all of it. */
  #readBody(chunk: Buffer, at: number, to: PacketBatch): number {
    const bytes = Math.min(this.#lengthBytes - this.#filledBytes, chunk.length - at)
    if (this.#slot >= 0) chunk.copy(this.#arena, this.#offset + this.#filledBytes, at, at + bytes)
    this.#filledBytes += bytes
    if (this.#filledBytes === this.#lengthBytes) {
      if (this.#slot >= 0) to.push(this.#slot, this.#offset, this.#lengthBytes)
      this.#slot = -1
      this.#lengthSeen = this.#lengthBytes = this.#filledBytes = 0
    }
    return bytes
  }
}

/** Writes frames one behind the other as they go on the stream. */
export class FrameEncoder {
  readonly #arena: Buffer
  readonly #maxFrameBytes: number

  constructor(pool: PacketPool, maxFrameBytes: number) {
    this.#arena = bufferOver(pool)
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Whether a frame of this length can be written. */
  fits(lengthBytes: number): boolean {
    return lengthBytes > 0 && lengthBytes <= this.#maxFrameBytes
  }

  /** The first `rows` packets of `batch` that fit, each with its length in front, in one buffer. The slots stay the caller's. */
  encode(batch: PacketBatch, rows: number): Buffer {
    let streamBytes = 0
    for (let row = 0; row < rows; row++) {
      if (this.fits(batch.length[row]!)) streamBytes += LENGTH_BYTES + batch.length[row]!
    }
    const stream = Buffer.allocUnsafeSlow(streamBytes)
    let at = 0
    for (let row = 0; row < rows; row++) {
      const offset = batch.offset[row]!
      const lengthBytes = batch.length[row]!
      if (!this.fits(lengthBytes)) continue
      at = stream.writeUInt16BE(lengthBytes, at)
      at += this.#arena.copy(stream, at, offset, offset + lengthBytes)
    }
    return stream
  }
}

/** The arena as a Buffer, whose `copy` needs no view per packet. */
function bufferOver({ arena }: PacketPool): Buffer {
  return Buffer.from(arena.buffer, arena.byteOffset, arena.byteLength)
}
