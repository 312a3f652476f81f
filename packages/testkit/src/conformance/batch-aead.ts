import type { AeadBox, AeadKey, BatchAead, PacketBatch, PacketPool } from '@mp/interface'
import { expect } from 'vitest'
import {
  around,
  countersFrom,
  KEY,
  same,
  sealedBy,
  shiftedBatch,
  TAG_BYTES,
  wrongRows,
} from './aead-frames.ts'
import { KNOWN_FRAMES } from './aead-vectors.ts'
import { batchOf, packetAt, payload } from './packets.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'

/** An AEAD over the arena of a pool. */
export interface BatchAeadFixture extends Fixture {
  /** Has at least 64 slots of 1600 bytes. */
  readonly pool: PacketPool
  readonly aead: BatchAead
  /** The same cipher by other code, preferably another library: ciphertext with the tag behind it. */
  readonly reference: (box: AeadBox) => Uint8Array
}

/** The contract {@link BatchAead} and its {@link AeadKey}. */
export function testBatchAead(options: SuiteOptions<BatchAeadFixture>): void {
  defineSuite('BatchAead', { ...sealingTests, ...forgeryTests, ...misuseTests }, options)
}

const ROWS = 64
const LEAST_BYTES = 8
const MOST_BYTES = 1500
const BEYOND_32_BITS = 2 ** 32 - 20
const RUN = { pathId: 3, firstCounter: 7 }

/** Lengths 8 … 1500, in portions of one batch. */
const LENGTHS: readonly (readonly number[])[] = Array.from(
  { length: Math.ceil((MOST_BYTES - LEAST_BYTES + 1) / ROWS) },
  (_, i) =>
    Array.from({ length: ROWS }, (_each, row) => LEAST_BYTES + i * ROWS + row).filter((n) => n <= MOST_BYTES),
)

/** A batch of frames of one key, sealed as in {@link RUN}, ready to be opened. */
function sealedBatch(fixture: BatchAeadFixture, frames: readonly Uint8Array[]): SealedBatch {
  const { pool, aead } = fixture
  const key = aead.createKey(KEY)
  const batch = batchOf(pool, frames)
  const to = frames.length
  key.seal(batch, { from: 0, to, ...RUN })
  batch.path.fill(RUN.pathId, 0, to)
  return { key, batch, run: { from: 0, to, counters: countersFrom(RUN.firstCounter, to) } }
}

interface SealedBatch {
  readonly key: AeadKey
  readonly batch: PacketBatch
  readonly run: { readonly from: number; readonly to: number; readonly counters: Float64Array }
}

/** Counters of all sizes, from 2^53-1 down to 0. */
function spread(row: number): number {
  return Math.floor((2 ** 53 - 1) / 2 ** row)
}

const sealingTests: Tests<BatchAeadFixture> = {
  'published vectors come out, and go back': ({ pool, aead }) => {
    const known = KNOWN_FRAMES.filter(({ cipher }) => cipher === aead.cipher)
    expect(known.length).toBeGreaterThan(0)
    for (const { key: bytes, pathId, counter, frame, sealed } of known) {
      const key = aead.createKey(bytes)
      const batch = batchOf(pool, [frame])
      key.seal(batch, { from: 0, to: 1, pathId, firstCounter: counter })
      expect(packetAt(pool, batch, 0)).toEqual(sealed)
      batch.path[0] = pathId
      expect(key.open(batch, { from: 0, to: 1, counters: Float64Array.of(counter) })).toBe(1)
      expect(packetAt(pool, batch, 0)).toEqual(frame)
      pool.releaseAll(batch)
    }
  },

  'frames of all lengths at all alignments are sealed as by the reference, and nothing around them changes':
    ({ pool, aead, reference }) => {
      const key = aead.createKey(KEY)
      for (const lengths of LENGTHS) {
        const frames = lengths.map((length) => payload(length, length))
        const batch = shiftedBatch(pool, frames)
        const outside = frames.map((frame, row) => around(pool, batch, row, frame.length))
        key.seal(batch, { from: 0, to: frames.length, pathId: 0x01020304, firstCounter: BEYOND_32_BITS })
        const expected = frames.map((frame, row) =>
          sealedBy(reference, frame, { pathId: 0x01020304, counter: BEYOND_32_BITS + row }),
        )
        expect(wrongRows(pool, batch, expected)).toEqual([])
        expect([...batch.length.subarray(0, batch.count)]).toEqual(
          lengths.map((length) => length + TAG_BYTES),
        )
        const touched = outside.filter((before, row) =>
          around(pool, batch, row, frames[row]!.length).some((after, side) => !same(after, before[side]!)),
        )
        expect(touched).toEqual([])
        pool.releaseAll(batch)
      }
    },

  'opening gives back frames of all lengths, each with a path and a counter of its own': ({
    pool,
    aead,
    reference,
  }) => {
    const key = aead.createKey(KEY)
    for (const lengths of LENGTHS) {
      const frames = lengths.map((length) => payload(length, length))
      const sealed = frames.map((frame, row) =>
        sealedBy(reference, frame, { pathId: row, counter: spread(row) }),
      )
      const batch = shiftedBatch(pool, sealed)
      for (const row of frames.keys()) batch.path[row] = row
      const counters = Float64Array.from(frames.keys(), spread)
      expect(key.open(batch, { from: 0, to: frames.length, counters })).toBe(frames.length)
      expect(wrongRows(pool, batch, frames)).toEqual([])
      pool.releaseAll(batch)
    }
  },

  'one key seals and opens by turns': ({ pool, aead }) => {
    const [key, other] = [aead.createKey(KEY), aead.createKey(payload(32, 2))]
    const frame = payload(100, 5)
    const batch = batchOf(pool, [frame])
    for (let counter = 0; counter < 4; counter++) {
      for (const each of [key, other]) each.seal(batch, { from: 0, to: 1, pathId: 0, firstCounter: counter })
      expect(batch.length[0]).toBe(frame.length + 2 * TAG_BYTES)
      const run = { from: 0, to: 1, counters: Float64Array.of(counter) }
      expect([other.open(batch, run), key.open(batch, run)]).toEqual([1, 1])
      expect(packetAt(pool, batch, 0)).toEqual(frame)
    }
    pool.releaseAll(batch)
  },

  'rows outside of the run stay as they are': ({ pool, aead }) => {
    const key = aead.createKey(KEY)
    const frames = [10, 20, 30, 40].map((length) => payload(length, length))
    const batch = batchOf(pool, frames)
    key.seal(batch, { from: 1, to: 3, ...RUN })
    expect(wrongRows(pool, batch, frames)).toEqual([1, 2])
    const counters = Float64Array.of(Number.NaN, RUN.firstCounter, RUN.firstCounter + 1)
    batch.path.fill(RUN.pathId)
    expect(key.open(batch, { from: 2, to: 3, counters })).toBe(1)
    expect(wrongRows(pool, batch, frames)).toEqual([1])
    expect(key.open(batch, { from: 1, to: 2, counters })).toBe(1)
    expect(wrongRows(pool, batch, frames)).toEqual([])
    pool.releaseAll(batch)
  },
}

const FRAMES = Array.from({ length: ROWS }, (_, row) => payload(40 + row, row))

/** With the counter that each would be taken for by one who does not look: cut off, wrapped around or simply written. */
const BAD_COUNTERS: readonly (readonly [bad: number, takenFor: number | bigint])[] = [
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [0.5, 0],
  [1.5, 1],
  [-1, 2 ** 32 - 1],
  [-1, 2n ** 64n - 1n],
  [2 ** 53, 2 ** 53],
  [2 ** 63, 2 ** 63],
  [2 ** 64, 0],
]

const forgeryTests: Tests<BatchAeadFixture> = {
  'every flipped bit makes its row fail, and no other': (fixture) => {
    const { pool } = fixture
    const frame = payload(50, 9)
    const bits = 8 * (frame.length + TAG_BYTES)
    for (let first = 0; first < bits; first += ROWS / 2) {
      const frames = Array.from({ length: ROWS }, () => frame)
      const { key, batch, run } = sealedBatch(fixture, frames)
      const forged = Array.from({ length: Math.min(ROWS / 2, bits - first) }, (_, i) => 2 * i)
      for (const row of forged) {
        const bit = first + row / 2
        pool.arena[batch.offset[row]! + (bit >> 3)]! ^= 1 << (bit & 7)
      }
      expect(key.open(batch, run)).toBe(ROWS - forged.length)
      expect(wrongRows(pool, batch, frames)).toEqual(forged)
      expect(forged.map((row) => batch.length[row])).toEqual(forged.map(() => 0))
      pool.releaseAll(batch)
    }
  },

  'a large frame fails wherever it was changed or cut': (fixture) => {
    const { pool } = fixture
    const frame = payload(1400, 4)
    const { key, batch, run } = sealedBatch(fixture, [frame])
    const sealed = packetAt(pool, batch, 0)
    const offset = batch.offset[0]!
    const opens = (length: number): boolean => {
      batch.length[0] = length
      return key.open(batch, run) === 1
    }
    const accepted = [...sealed.keys()].filter((index) => {
      pool.arena.set(sealed, offset)
      pool.arena[offset + index]! ^= 0x80
      return opens(sealed.length) || (pool.arena.set(sealed, offset), opens(index))
    })
    expect(accepted).toEqual([])
    pool.arena.set(sealed, offset)
    expect(opens(sealed.length)).toBe(true)
    pool.releaseAll(batch)
  },

  'another path, counter or key opens nothing': (fixture) => {
    const { pool, aead } = fixture
    const { batch, key, run } = sealedBatch(fixture, FRAMES)
    const sealed = FRAMES.map((_, row) => packetAt(pool, batch, row))
    const restore = (): void => {
      for (const [row, frame] of sealed.entries()) pool.arena.set(frame, batch.offset[row])
      batch.length.set(sealed.map((frame) => frame.length))
    }
    for (const shift of [1, 2 ** 8, 2 ** 32, 2 ** 52]) {
      const counters = run.counters.map((counter) => counter + shift)
      expect(key.open(batch, { ...run, counters })).toBe(0)
      expect(batch.length.every((length) => length === 0)).toBe(true)
      restore()
    }
    for (const pathId of [RUN.pathId ^ 1, RUN.pathId + 256, RUN.pathId | 0x01000000]) {
      batch.path.fill(pathId)
      expect(key.open(batch, run)).toBe(0)
      restore()
    }
    batch.path.fill(RUN.pathId)
    expect(aead.createKey(KEY.with(31, 0)).open(batch, run)).toBe(0)
    restore()
    expect(key.open(batch, run)).toBe(ROWS)
    expect(wrongRows(pool, batch, FRAMES)).toEqual([])
    pool.releaseAll(batch)
  },

  'a counter that is no integer below 2^53 opens nothing': ({ pool, aead, reference }) => {
    const sealed = BAD_COUNTERS.map(([, counter], row) =>
      sealedBy(reference, FRAMES[row]!, { pathId: 0, counter }),
    )
    const batch = batchOf(pool, [...sealed, sealedBy(reference, FRAMES[0]!, { pathId: 0, counter: 0 })])
    const counters = Float64Array.from([...BAD_COUNTERS.map(([bad]) => bad), 0])
    expect(aead.createKey(KEY).open(batch, { from: 0, to: batch.count, counters })).toBe(1)
    expect([...batch.length]).toEqual([...BAD_COUNTERS.map(() => 0), FRAMES[0]!.length])
    pool.releaseAll(batch)
  },
}

/** Rows (offset, length) that are no frames to seal in an arena of `end` bytes. */
function unsealable(end: number): (readonly [offset: number, length: number])[] {
  return [
    [0, 7],
    [0, 0],
    [0, -1],
    [-1, 100],
    [-(2 ** 31), 100],
    [end, 100],
    [end - 100, 85],
    [end - 8, 8],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [0, 2 ** 31 - 1],
    [0, -(2 ** 31)],
  ]
}

const misuseTests: Tests<BatchAeadFixture> = {
  'rows that are no frames get length 0, and the others are sealed and opened': (fixture) => {
    const { pool, aead } = fixture
    const bad = unsealable(pool.arena.length)
    const key = aead.createKey(KEY)
    const batch = batchOf(pool, FRAMES)
    const offsets = batch.offset.slice()
    for (const [i, [offset, length]] of bad.entries()) {
      batch.offset[2 * i] = offset
      batch.length[2 * i] = length
    }
    const kept = pool.arena.slice(-100)
    key.seal(batch, { from: 0, to: ROWS, ...RUN })
    const failed = bad.map((_, i) => 2 * i)
    expect(failed.map((row) => batch.length[row])).toEqual(failed.map(() => 0))
    expect(pool.arena.slice(-100)).toEqual(kept)
    for (const [i, [, length]] of bad.entries()) batch.length[2 * i] = i % 2 === 0 ? length : 23
    batch.path.fill(RUN.pathId)
    const counters = countersFrom(RUN.firstCounter, ROWS)
    expect(key.open(batch, { from: 0, to: ROWS, counters })).toBe(ROWS - bad.length)
    batch.offset.set(offsets)
    expect(wrongRows(pool, batch, FRAMES)).toEqual(failed)
    pool.releaseAll(batch)
  },

  'a run that cannot be throws RangeError, and nothing has changed': (fixture) => {
    const { pool } = fixture
    const { key, batch, run } = sealedBatch(fixture, FRAMES)
    const before = pool.arena.slice()
    const rows = [
      [-1, 1],
      [0, ROWS + 1],
      [2, 1],
      [0, 0.5],
      [Number.NaN, 1],
    ] as const
    for (const [from, to] of rows) {
      expect(() => key.seal(batch, { ...RUN, from, to })).toThrow(RangeError)
      expect(() => key.open(batch, { ...run, from, to })).toThrow(RangeError)
    }
    for (const pathId of [-1, 2 ** 32, 0.5, Number.NaN]) {
      expect(() => key.seal(batch, { ...run, ...RUN, pathId })).toThrow(RangeError)
    }
    for (const firstCounter of [-1, 0.5, Number.NaN, 2 ** 53, 2 ** 53 - ROWS + 1]) {
      expect(() => key.seal(batch, { ...run, ...RUN, firstCounter })).toThrow(RangeError)
    }
    expect(() => key.open(batch, { ...run, counters: new Float64Array(ROWS - 1) })).toThrow(RangeError)
    expect(same(pool.arena, before)).toBe(true)
    expect(key.open(batch, run)).toBe(ROWS)
    key.seal(batch, { ...run, ...RUN, firstCounter: 2 ** 53 - ROWS })
    expect(batch.length[ROWS - 1]).toBe(FRAMES[ROWS - 1]!.length + TAG_BYTES)
    pool.releaseAll(batch)
  },

  'a key has 32 bytes, and a copy of them': ({ pool, aead, reference }) => {
    for (const length of [0, 16, 31, 33]) {
      expect(() => aead.createKey(new Uint8Array(length))).toThrow(RangeError)
    }
    const bytes = KEY.slice()
    const key = aead.createKey(bytes)
    bytes.fill(0)
    const batch = batchOf(pool, [payload(30, 3)])
    key.seal(batch, { from: 0, to: 1, ...RUN })
    const at = { pathId: RUN.pathId, counter: RUN.firstCounter }
    expect(packetAt(pool, batch, 0)).toEqual(sealedBy(reference, payload(30, 3), at))
    pool.releaseAll(batch)
  },

  'a wiped key is of no more use, and other keys are': (fixture) => {
    const { pool, aead } = fixture
    const { key, batch, run } = sealedBatch(fixture, FRAMES)
    const twin = aead.createKey(KEY)
    key.wipe()
    key.wipe()
    expect(() => key.seal(batch, { ...run, ...RUN })).toThrow(/wiped/)
    expect(() => key.open(batch, run)).toThrow(/wiped/)
    expect(() => key.open(batch, { ...run, to: 0 })).toThrow(/wiped/)
    expect(twin.open(batch, run)).toBe(ROWS)
    expect(wrongRows(pool, batch, FRAMES)).toEqual([])
    pool.releaseAll(batch)
  },
}
