import type { OpenRun, PacketBatch, SealRun } from '@mp/interface'

const KEY_BYTES = 32
const MAX_PATH_ID = 0xffff_ffff
const COUNTER_LIMIT = 2 ** 53

/**
 * A copy of a key, to be overwritten with zeros when done. Throws RangeError unless `key` has 32 bytes. For those who
 * implement `BatchAead`.
 *
 * It lies outside of the JavaScript heap. Small arrays start inside of it, and V8 leaves their bytes behind when it
 * moves them, which it does as soon as native code asks for their memory: no `fill(0)` would reach those.
 */
export function copyAeadKey(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`)
  const copy = new Uint8Array(new ArrayBuffer(KEY_BYTES))
  copy.set(key)
  return copy
}

/** Throws RangeError for a run that `AeadKey.seal` must refuse. For those who implement it. */
export function checkSealRun(batch: PacketBatch, run: SealRun): void {
  checkRows(batch, run)
  const { from, to, pathId, firstCounter } = run
  if (!isBetween(pathId, 0, MAX_PATH_ID)) {
    throw new RangeError(`a path id is an integer from 0 to ${MAX_PATH_ID}, not ${pathId}`)
  }
  if (!isBetween(firstCounter, 0, COUNTER_LIMIT - (to - from))) {
    throw new RangeError(
      `counters are integers below 2^53: ${to - from} rows cannot start at ${firstCounter}`,
    )
  }
}

/** Throws RangeError for a run that `AeadKey.open` must refuse. For those who implement it. */
export function checkOpenRun(batch: PacketBatch, run: OpenRun): void {
  checkRows(batch, run)
  const { counters, to } = run
  if (counters.length < to) throw new RangeError(`there are ${counters.length} counters for ${to} rows`)
}

/** What a key throws that is used after `wipe`. */
export function wipedKeyError(): Error {
  return new Error('this key was wiped: its epoch is over, and the next one has a key of its own')
}

function checkRows(batch: PacketBatch, { from, to }: { readonly from: number; readonly to: number }): void {
  if (isBetween(from, 0, batch.count) && isBetween(to, from, batch.count)) return
  throw new RangeError(`rows ${from} to ${to} are not in a batch of ${batch.count} packets`)
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
