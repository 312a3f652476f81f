import { expect, test } from 'vitest'
import { Fuzzer } from './support/fuzzer.ts'
import { inOrder, packets, stream } from './support/packets.ts'
import { statsOf } from './support/world.ts'

/** How long to look for trouble, ms; more with `MP_FUZZ_MS`. One world again with `MP_FUZZ_SEED`. */
const FUZZ_MS = Number(process.env['MP_FUZZ_MS'] ?? 2000)
const ONE_SEED = process.env['MP_FUZZ_SEED']

/** Throws when anything is not as it should be. */
async function tryWorld(seed: number): Promise<void> {
  const fuzzer = new Fuzzer(seed)
  const { world } = fuzzer
  await fuzzer.run()
  for (const side of ['client', 'server'] as const) {
    expect(fuzzer.surplus(side)).toEqual([])
    // Two at the server for as long as a client that began anew was not heard.
    expect(statsOf(world[side]).sessions.length).toBeLessThanOrEqual(2)
    for (const { paths } of statsOf(world[side]).sessions) expect(paths.length).toBeLessThanOrEqual(2)
  }
  for (const side of ['client', 'server'] as const) {
    expect(inOrder(await stream(world, side, { count: 20 }))).toEqual(inOrder(packets(20)))
  }
  await world.close()
}

test(
  'whatever is done to frames: nothing throws, nothing leaks, nothing comes out but what was sent, once, and it works after that',
  async () => {
    const endMs = performance.now() + FUZZ_MS
    const first = Number(ONE_SEED ?? 1)
    const goesOn = (seed: number): boolean =>
      seed === first || (ONE_SEED === undefined && performance.now() < endMs)
    for (let seed = first; goesOn(seed); seed++) {
      // The seed has to be known, or nobody can look into it.
      await tryWorld(seed).catch((cause: unknown) => {
        throw new Error(`MP_FUZZ_SEED=${seed} fails`, { cause })
      })
    }
    expect.hasAssertions()
  },
  FUZZ_MS + 20_000,
)
