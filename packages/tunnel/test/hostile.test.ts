import { ControlKind, FLAG_FRAGMENT, FrameType } from '@mp/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inOrder, packet, packets, stream } from './support/packets.ts'
import {
  closeBody,
  frameFor,
  frameOf,
  handshakeOf,
  indexOf,
  nowhere,
  probeBody,
  stranger,
  throwAt,
} from './support/raw.ts'
import { inWorld, pathsOf, statsOf, World } from './support/world.ts'

/** Stands for the index of whom the frame is for, which is not known when frames are made. */
const RECEIVER = 0xabcdef

/** The frame with the real index in it. */
function addressed(frame: Uint8Array, receiver: number): Uint8Array {
  const isFor = frame.length >= 4 && (new DataView(frame.buffer).getUint32(0) & 0xff_ffff) === RECEIVER
  return isFor
    ? Uint8Array.of(frame[0]!, receiver >> 16, receiver >> 8, receiver, ...frame.subarray(4))
    : frame
}

/** Proper frames of all kinds. */
function properFrames(): fc.Arbitrary<Uint8Array> {
  const header = fc.record({
    receiver: fc.constant(RECEIVER),
    pathId: fc.nat(3),
    counter24: fc.nat(0xff_ffff),
    sequence: fc.nat(0xff_ffff),
    sendTime: fc.nat(0xffff),
  })
  const data = fc.tuple(header, fc.nat(1000)).map(([values, id]) => frameOf(values, packet(id)))
  const pieces = fc
    .tuple(
      header,
      fc.nat(3),
      fc.nat(4),
      fc.integer({ min: 2, max: 5 }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
    )
    .map(([values, id, index, count, part]) =>
      frameOf({ ...values, flags: FLAG_FRAGMENT }, Uint8Array.of(0, id, index, count, ...part)),
    )
  const bodies = [probeBody(), probeBody(ControlKind.probeReply), probeBody(ControlKind.probe, 9)]
  const control = fc
    .tuple(header, fc.constantFrom(...bodies))
    .map(([values, body]) => frameOf({ ...values, type: FrameType.control, sequence: 0 }, body))
  const greeting = fc
    .record({
      receiver: fc.constantFrom(0, RECEIVER),
      sender: fc.nat(3),
      instanceLow: fc.nat(3),
      pathId: fc.nat(255),
    })
    .map(handshakeOf)
  const goodbye = header.map((values) =>
    frameOf({ ...values, type: FrameType.control, sequence: 0 }, closeBody()),
  )
  return fc.oneof(
    { weight: 9, arbitrary: fc.oneof(data, pieces, control) },
    // These end sessions, and nothing behind them is looked at as closely.
    { weight: 1, arbitrary: fc.oneof(greeting, goodbye) },
  )
}

/** A frame with some bytes changed, cut off or appended. */
function mutated(frames: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const changes = fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 })
  return fc
    .tuple(frames, changes, fc.nat(600), fc.uint8Array({ maxLength: 4 }))
    .map(([frame, at, keep, tail]) => {
      const bytes = Uint8Array.of(...frame.subarray(0, keep < 40 ? keep : undefined), ...tail)
      for (const [index, value] of at) if (index < bytes.length) bytes[index] = value
      return bytes
    })
}

const anything = fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated(properFrames()), properFrames())

/** Whether a kernel may see it: the length in the header is the length of the packet. */
function isIp(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[0]! >> 4
  if (version === 4) return bytes.length >= 20 && view.getUint16(2) === bytes.length
  return version === 6 && bytes.length >= 40 && view.getUint16(4) + 40 === bytes.length
}

describe('whatever comes from the network', () => {
  test.each(['client', 'server'] as const)(
    'does not throw, costs no memory, and nothing but IP packets reaches the TUN of the %s',
    async (side) => {
      const bursts = fc.array(fc.array(anything, { maxLength: 30 }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(bursts, fc.boolean(), async (given, answered) => {
          await inWorld({}, async (world) => {
            const end = world[side]
            const source = answered ? stranger(end).source : nowhere(end)
            const receiver = indexOf(end)
            for (const frames of given) {
              throwAt(
                end,
                frames.map((frame) => addressed(frame, receiver)),
                source,
              )
              await world.pass(20)
            }
            expect(end.tun.received.filter((bytes) => !isIp(bytes))).toEqual([])
            expect(pathsOf(end).length).toBeLessThanOrEqual(32)
            // Pieces that wait for others are given up after half a second, or a whole one.
            await world.pass(1100)
            expect(end.pool.inUse).toBe(0)
          })
        }),
        { numRuns: 60 },
      )
    },
  )

  test('stops nobody else: the tunnel carries what it did before, once it is over', async () => {
    await inWorld({}, async (world) => {
      for (const [seed, end] of [world.client, world.server].entries()) {
        const frames = fc.sample(anything, { numRuns: 300, seed })
        throwAt(
          end,
          frames.map((frame) => addressed(frame, indexOf(end))),
          stranger(end).source,
        )
      }
      await world.until(() => world.allHealthy(), 15_000)
      for (const from of ['client', 'server'] as const) {
        expect(inOrder(await stream(world, from, { count: 40 }))).toEqual(inOrder(packets(40)))
      }
    })
  })

  test('is not needed for memory to stay bounded: pieces that never become packets are given up', async () => {
    await inWorld({ slots: 512 }, async (world) => {
      const { server } = world
      const receiver = indexOf(server)
      for (let id = 0; id < 5000; id++) {
        const part = Uint8Array.of(id >> 8, id, 0, 2, 1, 2, 3)
        throwAt(server, [frameOf({ receiver, flags: FLAG_FRAGMENT, counter24: 100 + id }, part)])
        expect(server.pool.inUse).toBeLessThanOrEqual(128)
      }
      await world.pass(1000)
      const { drops } = statsOf(server)
      expect(drops['piece-evicted']! + drops['piece-expired']!).toBe(5000)
      expect(server.pool.inUse).toBe(0)
    })
  })
})

test('a world in which nothing comes is no test: frames thrown in do arrive', async () => {
  const world = new World({})
  await world.start()
  throwAt(world.server, [frameFor(world.server, {}, packet(7))])
  expect(world.server.tun.received).toEqual([packet(7)])
  await world.close()
})
