import type { AeadKey, BatchAead, OpenRun, PacketBatch, SealRun } from '@mp/interface'
import type { Mempool } from '@mp/mempool'

const TAG_BYTES = 16

/**
 * Seals without hiding anything, for tests that must see what is in a frame: the tag is a sum over key, nonce and
 * frame, so that the wrong one does not fit. It protects nothing.
 */
export const glassAead = (pool: Mempool): BatchAead => ({
  cipher: 'chacha20-poly1305',
  backend: 'glass',
  createKey: (key) => new GlassKey(pool.arena, key.slice()),
})

class GlassKey implements AeadKey {
  readonly #arena: Uint8Array
  readonly #view: DataView
  readonly #key: Uint8Array

  constructor(arena: Uint8Array, key: Uint8Array) {
    this.#arena = arena
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
    this.#key = key
  }

  seal(batch: PacketBatch, { from, to, pathId, firstCounter }: SealRun): void {
    for (let row = from; row < to; row++) {
      const sum = this.#sum(batch, row, [pathId, firstCounter + row - from])
      const end = batch.offset[row]! + batch.length[row]!
      this.#arena.fill(0, end, end + TAG_BYTES)
      this.#view.setUint32(end, sum)
      batch.length[row]! += TAG_BYTES
    }
  }

  open(batch: PacketBatch, { from, to, counters }: OpenRun): number {
    let opened = 0
    for (let row = from; row < to; row++) {
      batch.length[row] = Math.max(0, batch.length[row]! - TAG_BYTES)
      const sum = this.#sum(batch, row, [batch.path[row]!, counters[row]!])
      const fits =
        batch.length[row]! >= 8 && this.#view.getUint32(batch.offset[row]! + batch.length[row]!) === sum
      if (fits) opened++
      else batch.length[row] = 0
    }
    return opened
  }

  wipe(): void {
    this.#key.fill(0)
  }

  #sum(batch: PacketBatch, row: number, nonce: readonly number[]): number {
    const offset = batch.offset[row]!
    let sum = 0
    const add = (value: number): void => {
      sum = Math.imul(sum ^ value, 0x9e37_79b1) + 1
    }
    this.#key.forEach(add)
    nonce.forEach(add)
    this.#arena.subarray(offset, offset + batch.length[row]!).forEach(add)
    return sum >>> 0
  }
}
