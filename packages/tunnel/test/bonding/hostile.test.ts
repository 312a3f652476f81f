import { ControlKind } from '@mp/wire'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { FrameWriter } from '../../src/frame-writer.ts'
import { idOf, packets } from '../support/packets.ts'
import { inWorld, pathsOf, statsOf } from '../support/world.ts'
import type { World } from '../support/world.ts'

/** Longest time that order is waited for, ms, and as long as the lines of this world take. */
const LONGEST_MS = 160 + 30

const CLIENT_PATHS = new Set(['dsl', 'lte'])

const u48 = fc.oneof(fc.nat(3000), fc.bigInt(0n, 2n ** 48n - 1n).map(Number))
const u16 = fc.oneof(fc.nat(20), fc.nat(0xffff))
const u32 = fc.oneof(fc.nat(3000), fc.nat(0xffff_ffff))

/** What a report says of one path. */
const pathPart = fc
  .record({
    id: fc.nat(3),
    highest: u48,
    unsettled: u16,
    judged: u16,
    frames: u32,
    bytes: u48,
    receivedUs: u32,
    delayUs: u32,
  })
  .map(({ id, highest, unsettled, judged, frames, bytes, receivedUs, delayUs }) => {
    const part = Buffer.alloc(44)
    part.writeUInt8(id, 0)
    part.writeUIntBE(highest, 4, 6)
    part.writeUInt16BE(Math.min(unsettled, highest), 10)
    part.writeUInt16BE(judged, 12)
    part.writeUInt32BE(frames, 16)
    part.writeUIntBE(bytes, 20, 6)
    for (const [at, value] of [receivedUs, delayUs, delayUs, delayUs].entries())
      part.writeUInt32BE(value, 28 + 4 * at)
    return part
  })

const sentPart = fc.record({ id: fc.nat(3), sequence: u48 }).map(({ id, sequence }) => {
  const part = Buffer.alloc(8)
  part.writeUInt8(id, 0)
  part.writeUIntBE(sequence, 2, 6)
  return part
})

/** A report that is well formed, whatever it says. */
const wellFormed = fc
  .record({
    paths: fc.array(pathPart, { maxLength: 4 }),
    sent: fc.array(sentPart, { maxLength: 4 }),
    sequence: u48,
  })
  .map(({ paths, sent, sequence }) => {
    const head = Buffer.alloc(12)
    head.set([ControlKind.report, paths.length, sent.length])
    head.writeUIntBE(sequence, 6, 6)
    return Uint8Array.from(Buffer.concat([head, ...paths, ...sent]))
  })

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.of(ControlKind.report, ...bytes))

afterEach(() => {
  vi.restoreAllMocks()
})

/** Has the client say in all its reports what `bodies` say, one after the other and all over again. */
function lie(bodies: readonly Uint8Array[]): { arena?: Uint8Array } {
  const client: { arena?: Uint8Array } = {}
  let next = 0
  // oxlint-disable-next-line typescript/unbound-method -- called on the writer at work below
  const { writeReport } = FrameWriter.prototype
  vi.spyOn(FrameWriter.prototype, 'writeReport').mockImplementation(function (
    this: FrameWriter,
    path,
    write,
  ) {
    const { arena } = client
    if (arena === undefined || !CLIENT_PATHS.has(path.name)) return writeReport.call(this, path, write)
    return writeReport.call(this, path, (offset) => {
      const body = bodies[next++ % bodies.length]!
      arena.set(body, offset)
      return body.length
    })
  })
  return client
}

/** Packets of one flow from the client. @returns those that did not come in time. */
async function missing(world: World, from: number): Promise<number[]> {
  const { received } = world.server.tun
  const sent = packets(20, { from, bytes: 200 })
  world.client.tun.injectBatch(sent)
  await world.pass(LONGEST_MS)
  const came = new Set(received.map(idOf))
  return sent.map(idOf).filter((id) => !came.has(id))
}

describe('a peer that lies in its reports', () => {
  test('has nobody throw, stall or lose memory', async () => {
    const bodies = fc.array(fc.oneof(wellFormed, noise), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.nat(), bodies, async (seed, reports) => {
        const liar = lie(reports)
        // Whatever is thrown in a timer comes out of the clock of this world; slots are counted at its end.
        await inWorld({ isAdaptive: true, seed }, async (world) => {
          liar.arena = world.client.pool.arena
          for (let round = 0; round < 5; round++) {
            world.server.tun.injectBatch(packets(5, { from: 1000 + 5 * round, bytes: 200 }))
            expect(await missing(world, 20 * round)).toEqual([])
          }
          // The other direction is paced by what these reports say; it gets through nevertheless.
          await world.pass(1000)
          expect(world.client.tun.received.length).toBeGreaterThan(0)
          expect(pathsOf(world.server).some(({ use }) => use === 'active')).toBe(true)
          expect(statsOf(world.server).sessions).toHaveLength(1)
        })
        vi.restoreAllMocks()
      }),
      { numRuns: 60 },
    )
  })
})
