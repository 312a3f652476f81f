import type { PacketPool } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { FrameDecoder, FrameEncoder } from '@mp/tcp-transport'
import type { FrameDecoderDrops } from '@mp/tcp-transport'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOfTexts, expectNoneOut, textsOf } from './fixtures.ts'

/** Streams to try; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 300)

let pool: Mempool
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 300, slots: 64 }] })
})
afterEach(() => {
  expectNoneOut(pool)
})

function decoder(maxFrameBytes = 300): { decoder: FrameDecoder; drops: FrameDecoderDrops } {
  const drops = { 'pool-empty': 0, 'bad-length': 0, 'cut-off': 0 }
  return { decoder: new FrameDecoder({ pool, maxFrameBytes, drops }), drops }
}

function encode(texts: readonly string[]): Buffer {
  const batch = batchOfTexts(pool, texts)
  const stream = new FrameEncoder(pool, 300).encode(batch, batch.count)
  pool.releaseAll(batch)
  return stream
}

/** Feeds a chunk in batches of `rows` and returns the frames and where it ended. */
function feed(reader: FrameDecoder, chunk: Buffer, rows = 4): { frames: string[]; at: number } {
  const batch = pool.createBatch(rows)
  const frames: string[] = []
  let at = 0
  do {
    at = reader.decode(chunk, at, batch)
    frames.push(...textsOf(pool, batch))
    pool.releaseAll(batch)
  } while (at >= 0 && at < chunk.length)
  return { frames, at }
}

/** Cuts a buffer at arbitrary places, also into empty pieces. */
function cutAt(stream: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (stream.length + 1)), stream.length].toSorted(
    (a, b) => a - b,
  )
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end))
}

/** The obvious decoder: waits for the whole stream. */
function slowDecode(stream: Buffer): { frames: string[]; bad: boolean } {
  const frames: string[] = []
  for (let at = 0; at + 2 <= stream.length;) {
    const length = stream.readUInt16BE(at)
    if (length === 0 || length > 300) return { frames, bad: true }
    if (at + 2 + length <= stream.length) frames.push(stream.toString('latin1', at + 2, at + 2 + length))
    at += 2 + length
  }
  return { frames, bad: false }
}

describe('a frame on the stream', () => {
  it('is its length in two bytes, high byte first, and its content', () => {
    expect(encode(['ab', 'x'.repeat(258)]).subarray(0, 6)).toEqual(Buffer.from([0, 2, 0x61, 0x62, 1, 2]))
  })

  it('comes out as it went in, wherever the stream is cut', () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' }), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        (sent, places, rows) => {
          const { decoder: reader, drops } = decoder()
          const got = cutAt(encode(sent), places).flatMap((chunk) => feed(reader, chunk, rows).frames)
          expect(got).toEqual(sent)
          reader.close()
          expect(drops).toEqual({ 'pool-empty': 0, 'bad-length': 0, 'cut-off': 0 })
          expectNoneOut(pool)
        },
      ),
    )
  })

  it('is found in arbitrary bytes by the same rule as a slow decoder has', () => {
    const noise = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc.constant(Uint8Array.of(0, 3, 7, 8, 9)),
        fc.constant(Uint8Array.of(0)),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(noise, fc.array(fc.nat(), { maxLength: 10 }), (parts, places) => {
        const stream = Buffer.concat(parts)
        const { decoder: reader, drops } = decoder()
        const fed = cutAt(stream, places).map((chunk) => feed(reader, chunk))
        const slow = slowDecode(stream)
        expect(fed.flatMap(({ frames }) => frames)).toEqual(slow.frames)
        expect(drops['bad-length']).toBe(slow.bad ? 1 : 0)
        expect(fed.some(({ at }) => at === -1)).toBe(slow.bad)
        reader.close()
        expectNoneOut(pool)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('the decoder', () => {
  it.each([
    ['0', [0, 0]],
    ['above the limit', [1, 45]],
  ])('reads no further after a length of %s', (_name, bad) => {
    const { decoder: reader, drops } = decoder()
    const chunk = Buffer.concat([encode(['good']), Buffer.from(bad), encode(['lost'])])
    expect(feed(reader, chunk)).toEqual({ frames: ['good'], at: -1 })
    expect(feed(reader, encode(['lost too']))).toEqual({ frames: [], at: -1 })
    expect(drops).toMatchObject({ 'bad-length': 1 })
    reader.close()
    expect(drops).toMatchObject({ 'cut-off': 0 })
  })

  it('skips a frame for which there is no slot and stays in step', () => {
    const { decoder: reader, drops } = decoder()
    const stream = encode(['first', 'second', 'third'])
    const hoard: number[] = []
    for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot)
    expect(feed(reader, stream.subarray(0, 9)).frames).toEqual([])
    for (const slot of hoard) pool.release(slot)
    expect(feed(reader, stream.subarray(9)).frames).toEqual(['third'])
    expect(drops['pool-empty']).toBe(2)
    reader.close()
  })

  it('counts a frame that is skipped and cut off under one name', () => {
    const { decoder: reader, drops } = decoder()
    const half = encode(['half of this']).subarray(0, 6)
    const hoard: number[] = []
    for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot)
    feed(reader, half)
    reader.close()
    for (const slot of hoard) pool.release(slot)
    expect(drops).toEqual({ 'pool-empty': 1, 'bad-length': 0, 'cut-off': 0 })
  })

  it('gives back the slot of a frame that was cut off, and counts it', () => {
    const { decoder: reader, drops } = decoder()
    feed(reader, encode(['half of this']).subarray(0, 6))
    expect((pool as PacketPool).inUse).toBe(1)
    reader.close()
    reader.close()
    expect(drops['cut-off']).toBe(1)
  })
})
