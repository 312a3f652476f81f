import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { idOf, packets } from './support/packets.ts'
import { statsOf, World } from './support/world.ts'

/** A minute with bad lines, an outage, a new address and a restart. */
async function story(seed: number) {
  const line = {
    delayMs: 20,
    jitterMs: 30,
    jitterReorders: true,
    loss: 0.05,
    duplicateRatio: 0.02,
    rateBps: 20e6,
  }
  const world = new World({ seed, line, wire: { maxFrameBytes: 1280 } })
  await world.startServer()
  world.startClient()
  const happenings = new Map<number, () => unknown>([
    [10, () => world.line(0).cut()],
    [20, () => world.line(0).restore()],
    [
      25,
      () =>
        world.network.rebind({
          localAddress: world.client.tunnel.stats().sessions[0]!.paths[1]!.localAddress!,
        }),
    ],
    [30, () => world.kill('server')],
    [31, () => world.startServer()],
    [40, () => world.cutAll()],
    [45, () => world.restoreAll()],
  ])
  for (let second = 0; second < 60; second++) {
    await happenings.get(second)?.()
    for (const side of ['client', 'server'] as const) {
      world[side].tun.injectBatch(packets(20, { bytes: 1400, from: second * 20 }))
    }
    await world.pass(1000)
  }
  const outcome = {
    trace: world.trace,
    delivered: world.ends.map(({ tun }) => tun.received.map(idOf)),
    stats: world.ends.map(statsOf),
    frames: world.ends.map(({ tap }) =>
      [tap.sent, tap.received].map((seen) => seen.map(({ bytes }) => Buffer.from(bytes).toString('base64'))),
    ),
  }
  await world.close()
  return outcome
}

const hashOf = (part: unknown): string => createHash('sha1').update(JSON.stringify(part)).digest('hex')

describe('a run from a seed', () => {
  test('is the same again, to the last byte, and another one from another seed', async () => {
    const first = await story(5)
    const again = await story(5)
    const other = await story(6)
    expect(first.trace.length).toBeGreaterThan(20)
    expect(first.delivered.flat().length).toBeGreaterThan(1500)
    for (const part of ['trace', 'stats', 'delivered', 'frames'] as const) {
      expect(hashOf(again[part]), `${part}, same seed`).toBe(hashOf(first[part]))
      expect(hashOf(other[part]), `${part}, other seed`).not.toBe(hashOf(first[part]))
    }
  })
})
