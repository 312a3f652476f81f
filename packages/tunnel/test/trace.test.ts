import { describe, expect, test } from 'vitest'
import type { TappedPacket, TraceEntry } from '../src/trace.ts'
import { idOf, packets, stream } from './support/packets.ts'
import { inWorld } from './support/world.ts'

const LINE = { delayMs: 10, rateBps: 20e6 }

describe('a trace', () => {
  test('has why capacities change, paths leave the choice, and losses are repaired', async () => {
    await inWorld({ isAdaptive: true, line: LINE }, async (world) => {
      const entries: TraceEntry[] = []
      world.client.trace.decisions = (entry) => entries.push(entry)
      await stream(world, 'client', { count: 4000, perMs: 8, bytes: 1000 })
      const capacities = entries.filter((entry) => entry.type === 'capacity')
      expect(capacities[0]).toMatchObject({
        peer: 'server',
        reason: expect.stringMatching(/^[a-z-]+$/),
        delayMs: expect.any(Number),
      })
      for (const { fromBps, toBps, path } of capacities) {
        expect(fromBps).not.toBe(toBps)
        expect(['dsl', 'lte']).toContain(path)
      }
      entries.length = 0
      world.line(0).cut()
      await stream(world, 'client', { count: 500, perMs: 4, bytes: 1000 })
      expect(entries.find((entry) => entry.type === 'path-use')).toMatchObject({
        path: 'dsl',
        isUsed: false,
        reason: expect.stringMatching(/^(suspect|unstable)$/),
      })
      const repairs = entries.filter((entry) => entry.type === 'repair')
      expect(repairs.reduce((sum, { repairedFrames }) => sum + repairedFrames, 0)).toBeGreaterThan(0)
      world.client.trace.decisions = undefined
      const { length } = entries
      world.line(0).restore()
      await world.pass(5000)
      expect(entries).toHaveLength(length)
    })
  })

  test.each([
    ['adaptive', true],
    ['static', false],
  ])(
    'shows each inner packet once, with the path it takes, where sharing is %s',
    async (_name, isAdaptive) => {
      await inWorld({ isAdaptive, security: {}, line: LINE }, async (world) => {
        const seen: { id: number; path: string; direction: string; peer: string }[] = []
        const ids = (): number[] => seen.map(({ id }) => id).toSorted((a, b) => a - b)
        world.client.trace.packets = ({ bytes, ...about }: TappedPacket) =>
          void seen.push({ id: idOf(bytes), ...about })
        await stream(world, 'client', { count: 200, bytes: 300 })
        expect(ids()).toEqual(packets(200).map(idOf))
        expect(new Set(seen.map(({ direction }) => direction))).toEqual(new Set(['out']))
        for (const { path } of seen) expect(['dsl', 'lte']).toContain(path)
        seen.length = 0
        await stream(world, 'server', { count: 200, bytes: 300 })
        expect(ids()).toEqual(packets(200).map(idOf))
        expect(new Set(seen.map(({ direction }) => direction))).toEqual(new Set(['in']))
        world.client.trace.packets = undefined
        await stream(world, 'client', { count: 10, bytes: 300 })
        expect(seen).toHaveLength(200)
      })
    },
  )
})
