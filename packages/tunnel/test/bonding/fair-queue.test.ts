import { internetChecksum } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { idOf, packet } from '../support/packets.ts'
import { inWorld, statsOf } from '../support/world.ts'
import type { World } from '../support/world.ts'

/** Two lines that carry 16 Mbit/s together. */
const SLOW = { isAdaptive: true, line: { rateBps: 8e6, delayMs: 10 } } as const
/** Numbers of packets of the quiet flow; those of the greedy flows end with other digits. */
const QUIET = 7

/** A packet of one of ten flows: the last digit of its number says which. */
const ofFlow = (flow: number, count: number, bytes: number): Uint8Array =>
  packet(count * 10 + flow, { bytes })

/** The same packet from a sender that understands congestion marks. */
function withEct(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[1] = 2
  copy.set([0, 0], 10)
  const checksum = internetChecksum(copy.subarray(0, 20))
  copy.set([checksum >> 8, checksum & 0xff], 10)
  return copy
}

/** Sends `perMs` packets a millisecond of the greedy flows for `ms`, and what `also` adds. */
async function flood(world: World, ms: number, also: (atMs: number) => readonly Uint8Array[]): Promise<void> {
  const [first, second] = [1, 2]
  for (let atMs = 0; atMs < ms; atMs++) {
    const greedy = [first, first, second].map((flow, index) => ofFlow(flow, 3 * atMs + index, 1200))
    world.client.tun.injectBatch([...greedy, ...also(atMs)])
    await world.pass(1)
  }
}

const countOf = (received: readonly Uint8Array[], flow: number): number =>
  received.filter((bytes) => idOf(bytes) % 10 === flow).length

describe('what waits for a path', () => {
  test('has its turn by flows: a quiet one loses nothing, greedy ones get the same', async () => {
    await inWorld(SLOW, async (world) => {
      await flood(world, 3000, () => [])
      world.server.tun.received.length = 0
      let quiet = 0
      await flood(world, 3000, (atMs) => (atMs % 20 === 0 ? [ofFlow(QUIET, quiet++, 300)] : []))
      await world.pass(300)
      const { received } = world.server.tun
      expect(countOf(received, QUIET)).toBe(quiet)
      // One sends twice as much as the other.
      expect(countOf(received, 1) / countOf(received, 2)).toBeLessThan(1.3)
      expect(Object.keys(statsOf(world.client).drops).toSorted()).toEqual(['codel', 'queue-full'])
    })
  })

  test('is marked, and not dropped, where its sender understands that', async () => {
    await inWorld(SLOW, async (world) => {
      for (let atMs = 0; atMs < 2000; atMs++) {
        // A little more than the lines carry: what waits grows, but not to its bound.
        world.client.tun.injectBatch([withEct(ofFlow(1, atMs, 1400)), withEct(ofFlow(2, atMs, 700))])
        await world.pass(1)
      }
      await world.pass(300)
      const { received } = world.server.tun
      const marked = received.filter((bytes) => (bytes[1]! & 3) === 3)
      expect(marked.length).toBeGreaterThan(0)
      for (const bytes of marked) expect(internetChecksum(bytes.subarray(0, 20))).toBe(0)
      expect(statsOf(world.client).drops['codel'] ?? 0).toBe(0)
    })
  })
})
