import { HELLO_BYTES } from '@mp/secure-channel'
import { seededRandom } from '@mp/testkit'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets, stream } from './support/packets.ts'
import { stranger, throwAt } from './support/raw.ts'
import { dropsOf, inWorld, statsOf, World } from './support/world.ts'
import type { End } from './support/world.ts'

const BATCH = 500
const security = {}

/** Frames as they came in at an end, but for those that open a session. */
const capturedAt = (end: End): Uint8Array[] =>
  end.tap.received.filter(({ header }) => header.type >= FrameType.data).map(({ bytes }) => bytes)

/** Has frames come from an address that is nobody's. @returns what is sent back there. */
function throwAll(end: End, frames: readonly Uint8Array[]): Uint8Array[] {
  const { source, answers } = stranger(end)
  for (let from = 0; from < frames.length; from += BATCH) {
    throwAt(end, frames.slice(from, from + BATCH), source)
  }
  return answers
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = seededRandom(seed)
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** The frame once with each of its bits flipped. */
function* flips(frame: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < 8 * frame.length; bit++) {
    const flipped = frame.slice()
    flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
    yield flipped
  }
}

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

describe('a capture of what both ends received', () => {
  test('does nothing when it comes again, 100 000 frames in any order, and is counted', async () => {
    await inWorld({ security, wire: { maxFrameBytes: 1280 } }, async (world) => {
      for (const side of ['client', 'server'] as const) {
        await stream(world, side, { count: 1200, perMs: 10, bytes: 300 })
        await stream(world, side, { count: 50, perMs: 10, bytes: 1400 })
      }
      for (const end of [world.client, world.server]) {
        const captured = capturedAt(end)
        const rounds = Math.ceil(50_000 / captured.length)
        const [delivered, answered] = [end.tun.received.length, end.tap.sent.length]
        const drops = await dropsOf(end, () => {
          for (let round = 0; round < rounds; round++) {
            expect(throwAll(end, shuffled(captured, round))).toEqual([])
          }
        })
        expect(drops).toEqual({ replayed: rounds * captured.length })
        expect([end.tun.received.length, end.tap.sent.length]).toEqual([delivered, answered])
      }
      expect(inOrder(await stream(world, 'client', { count: 50 }))).toEqual(inOrder(packets(50)))
    })
  })

  test('is too old once the session has new keys, and foreign to a session that began after it', async () => {
    await inWorld({ security }, async (world) => {
      await stream(world, 'client', { count: 200, perMs: 5 })
      const captured = capturedAt(world.server)
      await world.pass(130_000)
      const delivered = world.server.tun.received.length
      expect(await dropsOf(world.server, () => throwAll(world.server, captured))).toEqual({
        replayed: captured.length,
      })
      await world.kill('client')
      world.startClient()
      await world.until(() => world.allHealthy(), 3000)
      expect(await dropsOf(world.server, () => throwAll(world.server, captured))).toEqual({
        'unknown-session': captured.length,
      })
      expect(world.server.tun.received).toHaveLength(delivered)
    })
  })
})

describe('frames that never arrived', () => {
  test.each(['client', 'server'] as const)(
    'reach the TUN of the %s as they are, and not with any one bit flipped',
    async (side) => {
      await inWorld({ security }, async (world) => {
        const [end, far] = side === 'client' ? [world.client, world.server] : [world.server, world.client]
        world.cutAll()
        const before = far.tap.sent.length
        const sent = [...packets(8, { bytes: 60 }), ...packets(2, { from: 8, bytes: 300 })]
        far.tun.injectBatch(sent)
        const frames = far.tap.sent.slice(before).map(({ bytes }) => bytes)
        expect(frames).toHaveLength(10)
        const forgeries = frames.flatMap((frame) => [...flips(frame)])
        const answered = end.tap.sent.length
        const drops = await dropsOf(end, () => expect(throwAll(end, shuffled(forgeries, 1))).toEqual([]))
        expect(end.tun.received).toEqual([])
        expect(end.tap.sent).toHaveLength(answered)
        expect(total(drops)).toBe(forgeries.length)
        const names = ['bad-receiver', 'bad-type', 'bad-version', 'forged', 'replayed', 'unknown-session']
        expect(names).toEqual(expect.arrayContaining(Object.keys(drops)))
        // Nearly all are found out by their tag alone.
        expect(drops['forged']!).toBeGreaterThan(forgeries.length * 0.9)
        // At the server this is a new address, to be asked before anything else goes there.
        expect(throwAll(end, shuffled(frames, 2)).length).toBeLessThanOrEqual(2)
        expect(inOrder(end.tun.received)).toEqual(inOrder(sent))
      })
    },
  )
})

describe('a greeting with any one bit flipped', () => {
  test('is not answered, but for one with a proof that is none: a cookie goes back, smaller than it', async () => {
    const world = new World({ security })
    await world.startServer()
    world.cutAll()
    const { tap } = world.startClient()
    await world.pass(10)
    const { server } = world
    const hello = tap.sent[0]!.bytes
    expect(hello).toHaveLength(HELLO_BYTES)
    const forgeries = [...flips(hello)]
    const proofAt = 8 * (HELLO_BYTES - 16)
    const drops = await dropsOf(server, () =>
      expect(throwAll(server, forgeries.slice(0, proofAt))).toEqual([]),
    )
    expect(total(drops)).toBe(proofAt)
    const answers = throwAll(server, forgeries.slice(proofAt))
    expect(answers).toHaveLength(128)
    for (const bytes of answers) {
      expect((bytes[0]! >> 2) & 15).toBe(FrameType.cookie)
      expect(bytes.length).toBeLessThan(HELLO_BYTES / 2)
    }
    expect(statsOf(server).sessions).toEqual([])
    world.restoreAll()
    await world.until(() => world.allHealthy(), 3000)
    await world.close()
  })

  test('and an answer neither: the client goes on waiting, and takes the right one', async () => {
    const world = new World({ security, paths: [{ name: 'dsl' }] })
    await world.startServer()
    world.line(0).setBackward({ blackhole: true })
    const client = world.startClient()
    await world.pass(15)
    const welcome = world.server.tap.sent[0]!.bytes
    const forgeries = [...flips(welcome)]
    const drops = await dropsOf(client, () => expect(throwAll(client, forgeries)).toEqual([]))
    expect(total(drops)).toBe(forgeries.length)
    expect(client.tunnel.stats().sessions[0]?.established).toBe(false)
    throwAt(client, [welcome])
    expect(client.tunnel.stats().sessions[0]?.established).toBe(true)
    world.restoreAll()
    await world.until(() => world.allHealthy(), 1000)
    await world.close()
  })
})
