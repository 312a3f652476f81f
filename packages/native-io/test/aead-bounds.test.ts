import type { PacketBatch } from '@mp/interface'
import { Batch } from '@mp/mempool'
import { requires } from '@mp/netlab'
import { nodeAead } from '@mp/runtime-node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadNativeIo } from '@mp/native-io'

const { io } = loadNativeIo()
const missing = requires([], { native: io !== undefined })

const ARENA_BYTES = 512
const MARGIN_BYTES = 64
const ROWS = 6

/** An arena in the midst of other memory. */
function memory(): { readonly all: Uint8Array; readonly arena: Uint8Array } {
  const all = Uint8Array.from({ length: ARENA_BYTES + 2 * MARGIN_BYTES }, (_, i) => i)
  return { all, arena: all.subarray(MARGIN_BYTES, MARGIN_BYTES + ARENA_BYTES) }
}

type Row = readonly [offset: number, length: number]

function batchWith(rows: readonly Row[]): PacketBatch {
  const batch = new Batch(ROWS)
  for (const [offset, length] of rows) batch.push(0, offset, length)
  return batch
}

const EDGES = [-(2 ** 31), -1, 0, 7, 8, 23, 24, ARENA_BYTES - 24, ARENA_BYTES - 16, ARENA_BYTES, 2 ** 31 - 1]
const number = fc.oneof(fc.constantFrom(...EDGES), fc.integer({ min: -20, max: ARENA_BYTES + 20 }))
const anyRows = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: ROWS })
const cipher = fc.constantFrom('aes-256-gcm' as const, 'chacha20-poly1305' as const)

describe.skipIf(missing.length > 0)('native AEAD and rows that point anywhere [needs native]', () => {
  it('seals what node:crypto seals, byte by byte, and leaves the rest of the memory alone', () => {
    fc.assert(
      fc.property(cipher, anyRows, (name, rows) => {
        const [ours, theirs] = [memory(), memory()]
        const native = io!.createAead({ pool: ours, cipher: name }).aead!
        const [batch, expected] = [batchWith(rows), batchWith(rows)]
        const run = { from: 0, to: rows.length, pathId: 1, firstCounter: 2 }
        native.createKey(new Uint8Array(32)).seal(batch, run)
        nodeAead({ pool: theirs, cipher: name }).createKey(new Uint8Array(32)).seal(expected, run)
        expect(batch.table).toEqual(expected.table)
        expect(ours.all).toEqual(theirs.all)
      }),
    )
  })

  it('opens nothing of it, and touches no byte outside of the arena', () => {
    fc.assert(
      fc.property(cipher, anyRows, (name, rows) => {
        const { all, arena } = memory()
        const batch = batchWith(rows)
        const key = io!.createAead({ pool: { arena }, cipher: name }).aead!.createKey(new Uint8Array(32))
        expect(key.open(batch, { from: 0, to: rows.length, counters: new Float64Array(ROWS) })).toBe(0)
        expect(batch.length.every((length) => length === 0)).toBe(true)
        arena.set(memory().arena)
        expect(all).toEqual(memory().all)
      }),
    )
  })
})
