import type { AeadBox, PacketBatch, PacketPool } from '@mp/interface'
import { batchOf, joined, packetAt, payload } from './packets.ts'

const CLEAR_BYTES = 8
export const TAG_BYTES = 16
/** The key of most tests. */
export const KEY: Uint8Array = payload(32, 1)

/** A batch with `frames`, each at another alignment. */
export function shiftedBatch(pool: PacketPool, frames: readonly Uint8Array[]): PacketBatch {
  const batch = batchOf(pool, frames)
  for (const [row, frame] of frames.entries()) {
    batch.offset[row]! += row % 17
    pool.arena.set(frame, batch.offset[row])
  }
  return batch
}

/** What is in the slot of `row` in front of the frame, and behind it and its tag. */
export function around(pool: PacketPool, batch: PacketBatch, row: number, frameBytes: number): Uint8Array[] {
  const [slot, offset] = [batch.slot[row]!, batch.offset[row]!]
  return [
    pool.arena.slice(pool.startOf(slot), offset),
    pool.arena.slice(offset + frameBytes + TAG_BYTES, pool.endOf(slot)),
  ]
}

function nonceOf(pathId: number, counter: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(12))
  view.setUint32(0, pathId)
  view.setBigUint64(4, BigInt(counter))
  return new Uint8Array(view.buffer)
}

/** What must become of `frame` under {@link KEY}, computed without a batch. */
export function sealedBy(
  reference: (box: AeadBox) => Uint8Array,
  frame: Uint8Array,
  at: { readonly pathId: number; readonly counter: number | bigint },
): Uint8Array {
  const clear = frame.subarray(0, CLEAR_BYTES)
  const box = { key: KEY, nonce: nonceOf(at.pathId, at.counter), associatedData: clear }
  return joined(clear, reference({ ...box, data: frame.subarray(CLEAR_BYTES) }))
}

/** Faster than `toEqual` by far, which matters with thousands of frames. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Rows whose packet is not the one in `expected`. */
export function wrongRows(pool: PacketPool, batch: PacketBatch, expected: readonly Uint8Array[]): number[] {
  return [...expected.keys()].filter((row) => !same(packetAt(pool, batch, row), expected[row]!))
}

/** `first`, `first + 1`, … */
export function countersFrom(first: number, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => first + row)
}
