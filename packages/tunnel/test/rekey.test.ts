import { KeyRing } from '@mp/secure-channel'
import { FrameType } from '@mp/wire'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { dropHandshakes } from './support/handshakes.ts'
import { inOrder, packets, stream } from './support/packets.ts'
import { closeReasons, countOf, inWorld, statsOf } from './support/world.ts'
import type { End, Side, World } from './support/world.ts'

const security = {}
const REKEY_MS = 120_000
const REJECT_MS = 180_000
/** What the change of keys takes, and how late it may begin. */
const LATE_MS = 600

afterEach(() => {
  vi.restoreAllMocks()
})

/** Epochs of the frames an end sent, each once, in order. */
function epochsOf({ tap }: End): number[] {
  const epochs = tap.sent
    .filter(({ header }) => header.type >= FrameType.data)
    .map(({ header }) => header.epoch)
  return epochs.filter((epoch, index) => epoch !== epochs[index - 1])
}

/** Path ids and counters of the frames an end sent: with the key that is the nonce. */
function countersOf({ tap }: End): string[] {
  const frames = tap.sent.filter(({ header }) => header.type >= FrameType.data)
  return frames.map(({ header }) => `${header.pathId} ${header.counter24}`)
}

/** Sends packets both ways until `untilMs`, some every `everyMs`. @returns how many are missing at each end. */
async function lossUntil(world: World, untilMs: number, everyMs = 2000): Promise<Record<Side, number>> {
  const sides = ['client', 'server'] as const
  const before = sides.map((side) => world[side].tun.received.length)
  let bursts = 0
  for (; world.runtime.nowMs() < untilMs; bursts++) {
    for (const side of sides) world[side].tun.injectBatch(packets(3, { from: 3 * bursts, bytes: 100 }))
    await world.pass(Math.min(everyMs, untilMs - world.runtime.nowMs()))
  }
  await world.pass(100)
  const [client, server] = sides.map((side, index) => world[side].tun.received.length - before[index]!)
  return { client: 3 * bursts - client!, server: 3 * bursts - server! }
}

describe('new keys', () => {
  test('come every two minutes without a packet lost, and without a frame that cannot be opened', async () => {
    await inWorld({ security }, async (world) => {
      const none = { client: 0, server: 0 }
      for (let epoch = 1; epoch <= 5; epoch++) {
        expect(await lossUntil(world, epoch * REKEY_MS - 500, 5000)).toEqual(none)
        expect(await lossUntil(world, epoch * (REKEY_MS + LATE_MS), 20)).toEqual(none)
      }
      for (const end of [world.client, world.server]) {
        expect(epochsOf(end)).toEqual([0, 1, 2, 3, 0, 1])
        expect(Object.keys(statsOf(end).drops).filter((name) => name !== 'late-welcome')).toEqual([])
        expect(countOf(end, 'established')).toBe(1)
        expect(countOf(end, 'closed')).toBe(0)
        const told = end.events.flatMap((event) => (event.type === 'rekeyed' ? [event.epoch] : []))
        expect(told).toEqual([1, 2, 3, 0, 1])
        // They go on over all epochs, so even without the keys no nonce is there twice.
        expect(new Set(countersOf(end)).size).toBe(countersOf(end).length)
      }
    })
  })

  test('come over lines that lose, delay and reorder frames, and what is lost is lost on the lines', async () => {
    const line = { delayMs: 40, jitterMs: 80, jitterReorders: true, loss: 0.1, duplicateRatio: 0.05 }
    await inWorld({ security, line }, async (world) => {
      for (let epoch = 1; epoch <= 3; epoch++) {
        await lossUntil(world, epoch * REKEY_MS - 500, 10_000)
        await lossUntil(world, epoch * (REKEY_MS + LATE_MS) + 3000, 20)
      }
      await lossUntil(world, 3 * REKEY_MS + 10_000, 500)
      for (const end of [world.client, world.server]) {
        expect(epochsOf(end)).toEqual([0, 1, 2, 3])
        expect(countOf(end, 'established')).toBe(1)
        expect(statsOf(end).drops['forged']).toBeUndefined()
        expect(statsOf(end).drops['no-key']).toBeUndefined()
      }
    })
  })

  test('come by count too', async () => {
    // oxlint-disable-next-line typescript/unbound-method -- called on each ring below
    const { handleSealed } = KeyRing.prototype
    vi.spyOn(KeyRing.prototype, 'handleSealed').mockImplementation(function (this: KeyRing, count: number) {
      handleSealed.call(this, count * 2 ** 13)
    })
    await inWorld({ security: { cipher: 'aes-256-gcm' } }, async (world) => {
      const received = await stream(world, 'client', { count: 3000, perMs: 4, bytes: 100 })
      expect(received).toHaveLength(3000)
      expect(epochsOf(world.client).length).toBeGreaterThan(4)
      expect(countOf(world.client, 'established')).toBe(1)
      expect(statsOf(world.server).drops).toEqual({})
    })
  })

  test('come by the count of what the server sent as well', async () => {
    // oxlint-disable-next-line typescript/unbound-method -- called on each ring below
    const { handleOpened } = KeyRing.prototype
    vi.spyOn(KeyRing.prototype, 'handleOpened').mockImplementation(function (this: KeyRing, ...opened) {
      handleOpened.call(this, opened[0], opened[1] * 2 ** 13, opened[2])
    })
    await inWorld({ security: { cipher: 'aes-256-gcm' } }, async (world) => {
      expect(await stream(world, 'server', { count: 2000, perMs: 4, bytes: 100 })).toHaveLength(2000)
      expect(epochsOf(world.server).length).toBeGreaterThan(2)
      expect(statsOf(world.client).drops['forged']).toBeUndefined()
    })
  })

  test('are asked for again when an outage came between, and the session goes on', async () => {
    await inWorld({ security }, async (world) => {
      await world.pass(REKEY_MS - 2000)
      world.cutAll()
      await world.pass(10_000)
      world.restoreAll()
      await world.until(() => world.allHealthy(), 15_000)
      expect(await lossUntil(world, 3 * REKEY_MS)).toEqual({ client: 0, server: 0 })
    })
  })

  test('are asked for again after a path came back before the answer to a search', async () => {
    await inWorld({ security, paths: [{ name: 'dsl' }] }, async (world) => {
      await world.pass(REKEY_MS - 30_000)
      // The client hears nothing and looks for its server, while the keys grow old.
      const dropping = dropHandshakes(world.client)
      world.cutAll()
      await world.until(() => countOf(world.client, 'stalled') === 1, 20_000)
      await world.pass(REKEY_MS + 1000 - world.runtime.nowMs())
      world.restoreAll()
      await world.until(() => world.allHealthy(), 20_000)
      dropping.mockRestore()
      expect(await lossUntil(world, 2 * REKEY_MS)).toEqual({ client: 0, server: 0 })
      expect(epochsOf(world.client)).toEqual([0, 1])
      expect(countOf(world.client, 'established')).toBe(1)
    })
  })

  test('that cannot be asked for end the session, and another one begins as soon as it can', async () => {
    await inWorld({ security }, async (world) => {
      const dropping = dropHandshakes(world.server)
      await world.pass(REJECT_MS + LATE_MS)
      expect(closeReasons(world.server)).toEqual(['no keys left: expired'])
      expect(countOf(world.client, 'stalled')).toBe(1)
      world.client.tun.injectBatch(packets(5))
      expect(statsOf(world.client).drops).toMatchObject({ 'no-path': 5 })
      dropping.mockRestore()
      await world.until(() => world.allHealthy(), 3000)
      expect(inOrder(await stream(world, 'server', { count: 20 }))).toEqual(inOrder(packets(20)))
      expect(countOf(world.client, 'established')).toBe(2)
    })
  })

  test('that are not answered in time stop the session, and it goes on as soon as they are', async () => {
    await inWorld({ security }, async (world) => {
      const dropping = dropHandshakes(world.client)
      await world.pass(REJECT_MS + 1000)
      expect(countOf(world.client, 'stalled')).toBe(1)
      world.server.tun.injectBatch(packets(5))
      await world.pass(50)
      expect(world.client.tun.received).toEqual([])
      dropping.mockRestore()
      await world.until(() => world.allHealthy(), 3000)
      expect(inOrder(await stream(world, 'server', { count: 20 }))).toEqual(inOrder(packets(20)))
      expect(closeReasons(world.server)).toEqual([])
    })
  })
})
