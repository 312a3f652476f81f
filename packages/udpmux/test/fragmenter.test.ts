import type { Fragmenter, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { FRAGMENT_HEADER_BYTES, FragmentHeader, FrameCodec, HEADER_BYTES } from '@mp/wire'
import { testFragmenter } from '@mp/testkit/conformance'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fragmenter } from '@mp/udpmux'
import type { FragmenterOptions } from '@mp/udpmux'
import { expectNoneOut } from './fixtures.ts'

/** Rows of pieces to try; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 200)

let pool: Mempool
let open: Fragmenter[]
beforeEach(() => {
  pool = new Mempool({
    classes: [
      { packetBytes: 2000, slots: 1024 },
      { packetBytes: 9000, slots: 8 },
    ],
  })
  open = []
})
afterEach(() => {
  for (const each of open) each.close()
  expectNoneOut(pool)
})

function make(options: Partial<FragmenterOptions> = {}): Fragmenter {
  const made = fragmenter({ pool, ...options })
  open.push(made)
  return made
}

/** A batch of one packet of `path`. */
function packet(bytes: Uint8Array, path = 0): PacketBatch {
  const batch = pool.createBatch(1)
  const slot = pool.acquire(Math.max(1, bytes.length))
  pool.arena.set(bytes, pool.offsetOf(slot))
  batch.push(slot, pool.offsetOf(slot), bytes.length)
  batch.path[0] = path
  return batch
}

function bytesOf(lengthBytes: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, at) => (at * 7 + seed * 31 + (at >> 8)) & 0xff)
}

/** A piece made by hand. */
function piece(
  header: [packetId: number, index: number, count: number],
  payload: Uint8Array,
  path = 0,
): PacketBatch {
  const batch = packet(new Uint8Array(FRAGMENT_HEADER_BYTES + payload.length), path)
  const fragment = Object.assign(new FragmentHeader(), {
    packetId: header[0],
    index: header[1],
    count: header[2],
  })
  new FrameCodec(pool.arena).writeFragment(batch.offset[0]!, fragment)
  pool.arena.set(payload, batch.offset[0]! + FRAGMENT_HEADER_BYTES)
  return batch
}

/** Joins pieces, one batch each, and returns the packets that came out. */
function joinAll(receiver: Fragmenter, pieces: readonly PacketBatch[], nowMs = 0): Uint8Array[] {
  const whole = pool.createBatch(64)
  for (const batch of pieces) receiver.join(batch, 0, whole, nowMs)
  return take(whole)
}

function take(batch: PacketBatch): Uint8Array[] {
  const packets = Array.from({ length: batch.count }, (_, row) =>
    pool.arena.slice(batch.offset[row], batch.offset[row]! + batch.length[row]!),
  )
  pool.releaseAll(batch)
  return packets
}

/** Pieces dropped so far, for whatever reason. */
const dropsOf = (receiver: Fragmenter): number =>
  Object.values(receiver.stats().drops).reduce((sum, count) => sum + count, 0)

describe('cutting', () => {
  it('makes pieces of nearly equal size that fit, with headroom for a frame header', () => {
    const pieces = pool.createBatch(64)
    expect(make().split(packet(bytesOf(2000)), 0, 604, pieces)).toBe(true)
    expect([...pieces.length.subarray(0, pieces.count)]).toEqual([504, 504, 504, 504])
    for (let row = 0; row < pieces.count; row++) {
      expect(pieces.offset[row]! - pool.startOf(pieces.slot[row]!)).toBeGreaterThanOrEqual(HEADER_BYTES)
    }
    pool.releaseAll(pieces)
  })

  it('gives the pieces all columns of the packet', () => {
    const from = packet(bytesOf(1000), 7)
    from.flow[0] = 99
    from.flags[0] = 2
    const pieces = pool.createBatch(64)
    make().split(from, 0, 600, pieces)
    expect([
      ...pieces.path.subarray(0, 2),
      ...pieces.flow.subarray(0, 2),
      ...pieces.flags.subarray(0, 2),
    ]).toEqual([7, 7, 99, 99, 2, 2])
    pool.releaseAll(pieces)
  })

  it('refuses a packet that would need more than 64 pieces, and leaves it to the caller', () => {
    const from = packet(bytesOf(1000))
    const pieces = pool.createBatch(256)
    const sender = make()
    expect(sender.split(from, 0, FRAGMENT_HEADER_BYTES + 15, pieces)).toBe(false)
    expect([pool.inUse, pieces.count]).toEqual([1, 0])
    expect(sender.split(from, 0, FRAGMENT_HEADER_BYTES + 16, pieces)).toBe(true)
    expect(pieces.count).toBe(63)
    pool.releaseAll(pieces)
  })

  it('throws for what cannot be cut', () => {
    const from = packet(bytesOf(1))
    const pieces = pool.createBatch(64)
    expect(() => make().split(from, 0, 600, pieces)).toThrow(RangeError)
    pool.releaseAll(from)
    const large = packet(bytesOf(100))
    expect(() => make().split(large, 0, FRAGMENT_HEADER_BYTES, pieces)).toThrow(RangeError)
    pool.releaseAll(large)
  })
})

describe('joining', () => {
  it('undoes cutting for every length, order and mixture of packets', () => {
    const cut = fc.record({
      lengthBytes: fc.integer({ min: 2, max: 2000 }),
      pieceBytes: fc.integer({ min: 40, max: 1500 }),
    })
    fc.assert(
      fc.property(
        fc.array(cut, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (cuts, random) => {
          const [sender, receiver] = [make(), make()]
          const rows = pool.createBatch(512)
          for (const [seed, { lengthBytes, pieceBytes }] of cuts.entries()) {
            expect(sender.split(packet(bytesOf(lengthBytes, seed), seed % 3), 0, pieceBytes, rows)).toBe(true)
          }
          const order = Array.from({ length: rows.count }, (_, row) => ({
            row,
            key: random.next().value as number,
          }))
          const whole = pool.createBatch(8)
          for (const { row } of order.toSorted((a, b) => a.key - b.key)) receiver.join(rows, row, whole, 0)
          rows.count = 0
          const got = take(whole).map((bytes) => Buffer.from(bytes).toString('hex'))
          const sent = cuts.map(({ lengthBytes }, seed) =>
            Buffer.from(bytesOf(lengthBytes, seed)).toString('hex'),
          )
          expect(got.toSorted()).toEqual(sent.toSorted())
          expect(receiver.stats()).toMatchObject({ joined: cuts.length, pending: 0 })
          expect(pool.inUse).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('survives arbitrary pieces: bounded, every slot accounted for, every drop counted', () => {
    const anyPiece = fc.record({
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc
          .tuple(fc.nat(3), fc.nat(4), fc.nat(5), fc.nat(40))
          .map(([id, index, count, payloadBytes]) =>
            Uint8Array.from([0, id, index, count, ...bytesOf(payloadBytes)]),
          ),
      ),
      path: fc.nat(2),
      waitMs: fc.nat(200),
    })
    fc.assert(
      fc.property(fc.array(anyPiece, { maxLength: 100 }), (pieces) => {
        const receiver = make({ maxPending: 3, maxPacketBytes: 100 })
        const whole = pool.createBatch(100)
        let nowMs = 0
        let joinedPieces = 0
        for (const { bytes, path, waitMs } of pieces) {
          nowMs += waitMs
          const before = whole.count
          const held = pool.inUse - before
          const droppedBefore = dropsOf(receiver)
          receiver.join(packet(bytes, path), 0, whole, nowMs)
          // Others may expire in the same call.
          const gone = held + 1 - (pool.inUse - whole.count) - (dropsOf(receiver) - droppedBefore)
          if (whole.count > before) joinedPieces += gone
          expect(receiver.stats().pending).toBeLessThanOrEqual(3)
          expect(receiver.pollTimeout()).toBeGreaterThan(nowMs)
        }
        expect(pool.inUse).toBe(whole.count + pieces.length - dropsOf(receiver) - joinedPieces)
        pool.releaseAll(whole)
        receiver.close()
        expect(pool.inUse).toBe(0)
      }),
      { numRuns: RUNS },
    )
  })

  it('keeps apart what has one packet id on two paths', () => {
    const receiver = make()
    expect(joinAll(receiver, [piece([5, 0, 2], bytesOf(4), 1), piece([5, 1, 2], bytesOf(4), 2)])).toEqual([])
    expect(receiver.stats().pending).toBe(2)
    expect(joinAll(receiver, [piece([5, 1, 2], bytesOf(3, 9), 1)])).toEqual([
      Uint8Array.from([...bytesOf(4), ...bytesOf(3, 9)]),
    ])
  })

  it('takes the first of two pieces with one index', () => {
    const receiver = make()
    const pieces = [
      piece([1, 0, 2], bytesOf(4, 1)),
      piece([1, 0, 2], bytesOf(4, 2)),
      piece([1, 1, 2], bytesOf(4, 3)),
    ]
    expect(joinAll(receiver, pieces)).toEqual([Uint8Array.from([...bytesOf(4, 1), ...bytesOf(4, 3)])])
    expect(receiver.stats().drops).toMatchObject({ duplicate: 1 })
  })

  it('drops a piece that disagrees about the number of pieces', () => {
    const receiver = make()
    const pieces = [piece([1, 0, 2], bytesOf(4)), piece([1, 2, 3], bytesOf(4)), piece([1, 1, 2], bytesOf(4))]
    expect(joinAll(receiver, pieces)).toHaveLength(1)
    expect(receiver.stats().drops).toMatchObject({ mismatch: 1 })
  })

  it('gives a packet up that grows too large', () => {
    const receiver = make({ maxPacketBytes: 1000 })
    expect(joinAll(receiver, [piece([1, 0, 2], bytesOf(600)), piece([1, 1, 2], bytesOf(401))])).toEqual([])
    expect(receiver.stats()).toMatchObject({ pending: 0, drops: { 'too-large': 2 } })
    expect(joinAll(receiver, [piece([2, 0, 2], bytesOf(600)), piece([2, 1, 2], bytesOf(400))])).toHaveLength(
      1,
    )
  })

  it.each([
    ['no payload', Uint8Array.of(0, 1, 0, 2)],
    ['a short header', Uint8Array.of(0, 1, 0)],
    ['one piece', Uint8Array.of(0, 1, 0, 1, 9)],
    ['65 pieces', Uint8Array.of(0, 1, 0, 65, 9)],
    ['an index beyond the count', Uint8Array.of(0, 1, 2, 2, 9)],
  ])('drops a piece with %s as malformed', (_name, bytes) => {
    const receiver = make()
    expect(joinAll(receiver, [packet(bytes)])).toEqual([])
    expect(receiver.stats()).toMatchObject({ pending: 0, drops: { malformed: 1 } })
  })

  it('gives a packet up 500 ms after its first piece', () => {
    const receiver = make()
    joinAll(receiver, [piece([1, 0, 3], bytesOf(4))], 100)
    joinAll(receiver, [piece([1, 1, 3], bytesOf(4))], 400)
    expect(receiver.pollTimeout()).toBe(600)
    receiver.handleTimeout(599)
    expect(receiver.stats().pending).toBe(1)
    expect(joinAll(receiver, [piece([1, 2, 3], bytesOf(4))], 600)).toEqual([])
    expect(receiver.stats()).toMatchObject({ pending: 1, drops: { expired: 2 } })
    expect(receiver.pollTimeout()).toBe(1100)
  })

  it('gives the oldest of too many packets up', () => {
    const receiver = make()
    for (let id = 0; id <= 64; id++) joinAll(receiver, [piece([id, 0, 2], bytesOf(4))], id)
    expect(receiver.stats()).toMatchObject({ pending: 64, drops: { evicted: 1 } })
    expect(joinAll(receiver, [piece([0, 1, 2], bytesOf(4)), piece([64, 1, 2], bytesOf(4))], 65)).toHaveLength(
      1,
    )
  })

  it('holds no more pool memory than allowed, however small the pieces', () => {
    const slotBytes = pool.endOf(0) - pool.startOf(0)
    const receiver = make({ maxHeldBytes: 10 * slotBytes })
    for (let index = 0; index < 63; index++) {
      joinAll(receiver, [piece([index >> 2, index & 3, 64], bytesOf(1))])
      expect(pool.inUse).toBeLessThanOrEqual(10)
    }
    expect(receiver.stats().drops).toMatchObject({ evicted: expect.any(Number) })
  })

  it('drops a packet, and counts its pieces, when there is no room to put it', () => {
    const receiver = make()
    const none = pool.createBatch(1)
    none.count = 1
    receiver.join(piece([1, 0, 2], bytesOf(4)), 0, none, 0)
    receiver.join(piece([1, 1, 2], bytesOf(4)), 0, none, 0)
    expect(receiver.stats().drops).toMatchObject({ 'batch-full': 2 })
    const pieces = [piece([2, 0, 2], bytesOf(4)), piece([2, 1, 2], bytesOf(4))]
    const hoard: number[] = []
    for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot)
    expect(joinAll(receiver, pieces)).toEqual([])
    expect(receiver.stats()).toMatchObject({ pending: 0, drops: { 'pool-empty': 2 } })
    for (const slot of hoard) pool.release(slot)
  })
})

it('refuses options that make no sense', () => {
  const tight = new Mempool({ headroomBytes: 0 })
  expect(() => fragmenter({ pool: tight })).toThrow(/headroom/)
  expect(() => fragmenter({ pool, timeoutMs: 0 })).toThrow(RangeError)
  expect(() => fragmenter({ pool, maxPending: 0 })).toThrow(RangeError)
})

testFragmenter({
  name: 'fragmenter',
  create: () => {
    const own = new Mempool({ classes: [{ packetBytes: 1920, slots: 2048 }] })
    return { pool: own, open: () => fragmenter({ pool: own }) }
  },
})
