import type { Fragmenter, PacketBatch, PacketPool } from '@mp/interface'
import { expect } from 'vitest'
import { seededRandom } from '../random.ts'
import { append, batchOf, payload, takeAll, totalDrops } from './packets.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'

/** A source of fragmenters over one pool. */
export interface FragmenterFixture extends Fixture {
  /** Has at least 1024 slots of 1500 bytes. */
  readonly pool: PacketPool
  /** Makes a fragmenter, both sender and receiver. The suite closes it. */
  readonly open: () => Fragmenter
}

/** The contract {@link Fragmenter}. */
export function testFragmenter(options: SuiteOptions<FragmenterFixture>): void {
  defineSuite('Fragmenter', { ...wholeTests, ...badTests }, options)
}

const NOW_MS = 1000
const PIECE_BYTES = 600

/** Cuts a packet with content `bytes` into pieces for `path`. */
function cut(sender: Fragmenter, pool: PacketPool, bytes: Uint8Array, path = 1): PacketBatch {
  const pieces = pool.createBatch(256)
  expect(sender.split(batchOf(pool, [bytes]), 0, PIECE_BYTES, pieces)).toBe(true)
  pieces.path.fill(path, 0, pieces.count)
  return pieces
}

/** Joins the rows of `pieces` in `order` (default: as they are), and returns what came out whole. */
function join(
  receiver: Fragmenter,
  pool: PacketPool,
  { pieces, order, nowMs = NOW_MS }: { pieces: PacketBatch; order?: readonly number[]; nowMs?: number },
): Uint8Array[] {
  const whole = pool.createBatch(16)
  for (const row of order ?? Array.from({ length: pieces.count }, (_, i) => i)) {
    receiver.join(pieces, row, whole, nowMs)
  }
  pieces.count = 0
  return takeAll(pool, whole)
}

/** Runs `body` with `count` fragmenters and closes them. */
function withOpen(fixture: FragmenterFixture, count: number, body: (...each: Fragmenter[]) => void): void {
  const all = Array.from({ length: count }, () => fixture.open())
  try {
    body(...all)
  } finally {
    for (const fragmenter of all) fragmenter.close()
  }
}

const wholeTests: Tests<FragmenterFixture> = {
  'a packet of any length comes out as it went in': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      for (const lengthBytes of [40, 599, 600, 601, 1000, 1193, 1400, 1500]) {
        const pieces = cut(sender, pool, payload(lengthBytes, 1))
        expect(Math.max(...pieces.length.subarray(0, pieces.count))).toBeLessThanOrEqual(PIECE_BYTES)
        expect(join(receiver, pool, { pieces })).toEqual([payload(lengthBytes, 1)])
      }
      expect(sender.stats().split).toBe(8)
      expect(receiver.stats()).toMatchObject({ joined: 8, pending: 0 })
    })
  },

  'pieces may come in any order': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      for (const reverse of [false, true]) {
        const pieces = cut(sender, pool, payload(1500, 1))
        const order = Array.from({ length: pieces.count }, (_, i) => (reverse ? pieces.count - 1 - i : i))
        order.push(order.shift() ?? 0)
        expect(join(receiver, pool, { pieces, order })).toEqual([payload(1500, 1)])
      }
    })
  },

  'pieces of several packets may be mixed': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      const mixed = pool.createBatch(64)
      const batches = [1, 2, 3].map((seed) => cut(sender, pool, payload(1100, seed)))
      for (let row = 0; row < 8; row++) {
        for (const pieces of batches) if (row < pieces.count) pieces.copyRow(row, mixed)
      }
      const whole = join(receiver, pool, { pieces: mixed })
      expect(whole).toEqual([1, 2, 3].map((seed) => payload(1100, seed)))
    })
  },

  'pieces of different paths never mix': ({ pool, open }) => {
    withOpen({ pool, open }, 3, (one, two, receiver) => {
      const first = cut(one, pool, payload(1100, 1), 1)
      const second = cut(two, pool, payload(1100, 2), 2)
      const mixed = pool.createBatch(8)
      for (let row = 0; row < first.count; row++) {
        first.copyRow(row, mixed)
        second.copyRow(second.count - 1 - row, mixed)
      }
      expect(new Set(join(receiver, pool, { pieces: mixed }))).toEqual(
        new Set([payload(1100, 1), payload(1100, 2)]),
      )
    })
  },

  'a split that finds no row or no slot changes nothing': ({ pool, open }) => {
    withOpen({ pool, open }, 1, (sender) => {
      const from = batchOf(pool, [payload(1500, 1)])
      const full = pool.createBatch(1)
      expect(sender.split(from, 0, PIECE_BYTES, full)).toBe(false)
      expect([full.count, pool.inUse, from.count]).toEqual([0, 1, 1])
      const hoard = pool.createBatch(pool.capacity)
      for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot, 0, 0)
      const inUse = pool.inUse
      const pieces = pool.createBatch(64)
      expect(sender.split(from, 0, 100, pieces)).toBe(false)
      expect([pieces.count, pool.inUse]).toEqual([0, inUse])
      pool.releaseAll(hoard)
      expect(takeAll(pool, from)).toEqual([payload(1500, 1)])
    })
  },
}

const badTests: Tests<FragmenterFixture> = {
  'a piece that comes twice does no harm and is counted': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      const pieces = cut(sender, pool, payload(1100, 1))
      const copy = pool.createBatch(1)
      append(
        pool,
        copy,
        pool.arena.slice(pieces.offset[0], (pieces.offset[0] ?? 0) + (pieces.length[0] ?? 0)),
      )
      copy.path[0] = 1
      const doubled = pool.createBatch(64)
      copy.copyRow(0, doubled)
      for (let row = 0; row < pieces.count; row++) pieces.copyRow(row, doubled)
      expect(join(receiver, pool, { pieces: doubled })).toEqual([payload(1100, 1)])
      expect(totalDrops(receiver.stats().drops)).toBe(1)
    })
  },

  'a packet whose pieces do not all come is given up in time and counted': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      expect(receiver.pollTimeout()).toBe(Infinity)
      const pieces = cut(sender, pool, payload(1100, 1))
      pool.release(pieces.slot[0] ?? -1)
      pieces.dropFront(1)
      expect(join(receiver, pool, { pieces })).toEqual([])
      expect(receiver.stats().pending).toBe(1)
      const dueMs = receiver.pollTimeout()
      expect(dueMs).toBeGreaterThan(NOW_MS)
      expect(dueMs).toBeLessThan(NOW_MS + 60_000)
      receiver.handleTimeout(dueMs)
      expect([receiver.stats().pending, pool.inUse, receiver.pollTimeout()]).toEqual([0, 0, Infinity])
      expect(totalDrops(receiver.stats().drops)).toBeGreaterThan(0)
    })
  },

  'a flood of lone pieces does not empty the pool': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      for (let packet = 0; packet < 2 * pool.capacity; packet++) {
        const pieces = cut(sender, pool, payload(1100, packet))
        while (pieces.count > 1) {
          pool.release(pieces.slot[0] ?? -1)
          pieces.dropFront(1)
        }
        join(receiver, pool, { pieces })
      }
      expect(pool.inUse).toBeLessThanOrEqual(pool.capacity / 2)
      expect(totalDrops(receiver.stats().drops)).toBeGreaterThan(0)
      const pieces = cut(sender, pool, payload(1100, 5), 2)
      expect(join(receiver, pool, { pieces, nowMs: NOW_MS + 60_000 })).toEqual([payload(1100, 5)])
    })
  },

  'arbitrary bytes are dropped and counted, never an exception': ({ pool, open }) => {
    withOpen({ pool, open }, 1, (receiver) => {
      const random = seededRandom(9)
      for (let piece = 0; piece < 2000; piece++) {
        const bytes = Uint8Array.from({ length: Math.floor(random() ** 3 * 40) }, () => random() * 256)
        const batch = batchOf(pool, [bytes])
        batch.path[0] = piece % 3
        join(receiver, pool, { pieces: batch })
        expect(pool.inUse).toBeLessThanOrEqual(pool.capacity / 2)
      }
      expect(totalDrops(receiver.stats().drops)).toBeGreaterThan(0)
    })
  },

  'close releases what is still incomplete': ({ pool, open }) => {
    withOpen({ pool, open }, 2, (sender, receiver) => {
      const pieces = cut(sender, pool, payload(1100, 1))
      pool.release(pieces.slot[0] ?? -1)
      pieces.dropFront(1)
      join(receiver, pool, { pieces })
      expect(pool.inUse).toBeGreaterThan(0)
      receiver.close()
      expect(pool.inUse).toBe(0)
    })
  },
}
