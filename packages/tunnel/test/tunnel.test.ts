import { describe, expect, test } from 'vitest'
import { inOrder, packets, stream } from './support/packets.ts'
import { dataFrames } from './support/tap.ts'
import { inWorld, pathsOf, statsOf } from './support/world.ts'

describe('a tunnel over two lines', () => {
  test('comes up by itself within half a second, whoever starts first', async () => {
    await inWorld({}, async ({ runtime, client, server }) => {
      expect(runtime.nowMs()).toBeLessThan(500)
      expect(statsOf(client).sessions[0]?.established).toBe(true)
      expect(pathsOf(server).map(({ id }) => id)).toEqual([0, 1])
    })
  })

  test.each([4, 6] as const)('carries IPv%i packets both ways, unchanged', async (version) => {
    await inWorld({}, async (world) => {
      const { client, server } = world
      const there = packets(100, { version })
      const back = packets(100, { version, from: 1000 })
      client.tun.injectBatch(there)
      server.tun.injectBatch(back)
      await world.pass(50)
      expect(inOrder(server.tun.received)).toEqual(inOrder(there))
      expect(inOrder(client.tun.received)).toEqual(inOrder(back))
      for (const end of [client, server]) expect(statsOf(end).drops).toEqual({})
    })
  })
})

describe('shares', () => {
  test('follow the weights of the client in both directions', async () => {
    const weights = [1, 2, 5]
    const paths = weights.map((weight, index) => ({ name: `line ${index}`, weight }))
    await inWorld({ paths }, async (world) => {
      for (const side of ['client', 'server'] as const) {
        const before = pathsOf(world[side]).map(({ txBytes }) => txBytes)
        await stream(world, side, { count: 1600, perMs: 8, bytes: 1000 })
        const sent = pathsOf(world[side]).map(({ txBytes }, index) => txBytes - before[index]!)
        const total = sent.reduce((sum, bytes) => sum + bytes)
        for (const [index, weight] of weights.entries()) {
          const share = sent[index]! / total
          expect(Math.abs(share - weight / 8), `${side}, weight ${weight}: ${share}`).toBeLessThan(0.02)
        }
      }
    })
  })
})

describe('packets larger than a path carries', () => {
  const narrow = { wire: { maxFrameBytes: 1280 } }
  const large = { bytes: 1400 }

  test('are cut, and joined at the other side, both ways', async () => {
    await inWorld(narrow, async (world) => {
      const { client, server } = world
      const there = [...packets(50, large), ...packets(50, { from: 50 })]
      const back = packets(50, { ...large, version: 6, from: 1000 })
      client.tun.injectBatch(there)
      server.tun.injectBatch(back)
      await world.pass(50)
      expect(inOrder(server.tun.received)).toEqual(inOrder(there))
      expect(inOrder(client.tun.received)).toEqual(inOrder(back))
      for (const end of [client, server]) expect(statsOf(end).drops).toEqual({})
    })
  })

  test('travel whole on one path, all pieces under one number, none larger than the path takes', async () => {
    await inWorld(narrow, async (world) => {
      await stream(world, 'client', { count: 100, ...large })
      const pieces = dataFrames(world.client.tap.sent)
      expect(pieces).toHaveLength(200)
      const byPacket = new Map<number, typeof pieces>()
      for (const piece of pieces) {
        const { sequence } = piece.header
        byPacket.set(sequence, [...(byPacket.get(sequence) ?? []), piece])
        expect(piece.bytes.length).toBeLessThanOrEqual(1280)
      }
      expect(byPacket.size).toBe(100)
      for (const [first, second] of byPacket.values()) {
        expect(first?.header.pathId).toBe(second?.header.pathId)
        expect([first?.fragment?.index, second?.fragment?.index]).toEqual([0, 1])
      }
      expect(new Set(pieces.map(({ header }) => header.pathId)).size).toBe(2)
    })
  })

  test('are dropped and counted piece by piece when pieces are lost', async () => {
    await inWorld(narrow, async (world) => {
      world.line(0).set({ loss: 0.2 })
      world.line(1).set({ loss: 0.2 })
      const received = await stream(world, 'client', { count: 400, perMs: 4, ...large })
      await world.pass(1000)
      const pieces = dataFrames(world.server.tap.received).length
      const dropped = Object.values(statsOf(world.server).drops).reduce((sum, count) => sum + count, 0)
      expect(received.length).toBeGreaterThan(200)
      expect(received.length).toBeLessThan(320)
      expect(2 * received.length + dropped).toBe(pieces)
      expect(inOrder(packets(400, large))).toEqual(expect.arrayContaining(inOrder(received)))
    })
  })
})
