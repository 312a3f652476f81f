import { describe, expect, test } from 'vitest'
import { countOf, World } from './support/world.ts'

/** Worlds to try; more with `MP_SEEDS=1000`. */
const SEEDS = Number(process.env['MP_SEEDS'] ?? 150)
const GIVE_UP_MS = 30_000

/** How long it takes until the client has a session, in a world of its own. */
async function handshakeMs(seed: number, paths: number): Promise<number> {
  const world = new World({
    seed,
    security: {},
    slots: 64,
    paths: Array.from({ length: paths }, (_, index) => ({ name: `line ${index}` })),
    line: { delayMs: 20, loss: 0.3 },
  })
  await world.startServer()
  const client = world.startClient()
  const tookMs = await world.until(() => countOf(client, 'established') > 0, GIVE_UP_MS)
  await world.close()
  return tookMs
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(share * sorted.length) - 1]!

describe('a handshake over lines that lose 30 % both ways', () => {
  test.each([
    [5000, 1],
    [2000, 2],
  ])(
    'takes %i ms at most in 99 of 100 cases, over that many paths: %i',
    async (limitMs, paths) => {
      const times: number[] = []
      for (let seed = 1; seed <= SEEDS; seed++) times.push(await handshakeMs(seed, paths))
      times.sort((a, b) => a - b)
      expect(quantile(times, 0.99)).toBeLessThanOrEqual(limitMs)
      expect(quantile(times, 0.5)).toBeLessThanOrEqual(500)
    },
    Math.max(20_000, SEEDS * 100),
  )
})
