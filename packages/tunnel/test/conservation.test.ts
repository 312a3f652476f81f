import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { glassAead } from './support/glass-aead.ts'
import { WatchedPool, watchDrops } from './support/ledger.ts'
import { idOf, packet, packets } from './support/packets.ts'
import { frameOf, throwAt } from './support/raw.ts'
import { dataFrames } from './support/tap.ts'
import { pathsOf, statsOf, World } from './support/world.ts'
import type { End, Side } from './support/world.ts'

/** One thing that happens to a tunnel. */
type Step =
  | { readonly what: 'send'; readonly side: Side; readonly count: number; readonly bytes: number }
  | { readonly what: 'pass'; readonly ms: number }
  | { readonly what: 'cut' | 'restore' | 'worsen' | 'slow' | 'rebind' | 'refuse'; readonly path: number }
  | { readonly what: 'send nonsense' | 'receive nonsense' | 'close' | 'kill'; readonly side: Side }
  | { readonly what: 'empty TUN' | 'take memory' | 'give memory back'; readonly side: Side }

const side = fc.constantFrom<Side[]>('client', 'server')
const path = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('send'),
      side,
      count: fc.integer({ min: 1, max: 100 }),
      bytes: fc.integer({ min: 100, max: 1300 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('pass'), ms: fc.integer({ min: 1, max: 2000 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom('cut', 'restore', 'worsen', 'slow', 'rebind', 'refuse'),
      path,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom('send nonsense', 'receive nonsense', 'close', 'kill'),
      side,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('empty TUN', 'take memory', 'give memory back'), side }),
  },
)

/** Slots that are left when memory is short. */
const LEFT_SLOTS = 20

/** A world to which such things happen, and what it was given. */
class Trial {
  readonly world: World
  /** Packets injected at each end that ever was, by number. */
  readonly injected = new Map<End, number[]>()
  /** Packets each end gave to its TUN. */
  readonly delivered = new Map<End, number[]>()
  readonly #hoard: (() => void)[] = []
  #nextId = 0

  constructor(seed: number, { sendBufferBytes, sealed }: { sendBufferBytes: number; sealed: boolean }) {
    this.world = new World({
      ...(sealed && { security: { createAead: glassAead } }),
      seed,
      paths: [{ name: 'a' }, { name: 'b', weight: 2 }, { name: 'c', weight: 3 }],
      wire: { sendBufferBytes },
      tunRoom: 150,
      createPool: (slots) => new WatchedPool({ classes: [{ packetBytes: 1920, slots }] }),
      slots: 512,
    })
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.world.start()
    for (const each of steps) await this.#do(each)
    this.#hoard.forEach((giveBack) => giveBack())
    this.world.restoreAll()
    await this.world.pass(5000)
    for (const end of this.world.ends) this.#emptyTun(end)
    await this.world.close()
  }

  // long: one line for each thing that can happen
  async #do(each: Step): Promise<void> {
    const { world } = this
    switch (each.what) {
      case 'send':
        return this.#inject(
          world[each.side],
          packets(each.count, { bytes: each.bytes, from: this.#ids(each.count) }),
        )
      case 'pass':
        return world.pass(each.ms)
      case 'cut':
      case 'restore':
        return world.line(each.path)[each.what]()
      case 'refuse':
        return world.line(each.path).unreachable()
      case 'worsen':
        return world.line(each.path).set({ loss: 0.2, duplicateRatio: 0.2, reorderRatio: 0.2, jitterMs: 30 })
      case 'slow':
        return world.line(each.path).set({ rateBps: 2e6, queueBytes: 5000 })
      case 'rebind':
        return this.#rebind(each.path)
      case 'send nonsense':
        return this.#inject(world[each.side], [packet(this.#ids(1), { bytes: 200 }).subarray(0, 150)])
      case 'receive nonsense':
        return throwAt(world[each.side], [
          frameOf({ receiver: 77 }),
          Uint8Array.of(1),
          frameOf({ flags: 255 }),
        ])
      case 'close':
      case 'kill':
        return this.#restart(each.side, each.what)
      case 'empty TUN':
        return this.#emptyTun(world[each.side])
      case 'take memory':
        return this.#takeMemory(world[each.side])
      case 'give memory back':
        return this.#hoard.pop()?.()
    }
  }

  #ids(count: number): number {
    this.#nextId += count
    return this.#nextId - count
  }

  #inject(end: End, given: Uint8Array[]): void {
    this.injected.set(end, [...(this.injected.get(end) ?? []), ...given.map(idOf)])
    end.tun.injectBatch(given)
  }

  #rebind(index: number): void {
    const localAddress = pathsOf(this.world.client)[index]?.localAddress
    if (localAddress !== undefined) this.world.network.rebind({ localAddress })
  }

  async #restart(which: Side, how: 'close' | 'kill'): Promise<void> {
    if (how === 'kill') await this.world.kill(which)
    else await this.world[which].tunnel.close()
    if (which === 'client') this.world.startClient()
    else await this.world.startServer()
  }

  #emptyTun(end: End): void {
    const ids = end.tun.received.splice(0).map(idOf)
    this.delivered.set(end, [...(this.delivered.get(end) ?? []), ...ids])
  }

  #takeMemory({ pool }: End): void {
    const slots: number[] = []
    while (pool.inUse < pool.capacity - LEFT_SLOTS) slots.push(pool.acquire())
    this.#hoard.push(() => slots.forEach((slot) => pool.release(slot)))
  }
}

/** How often each value is there. */
function tally<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

const idsIn = (end: End, way: 'sent' | 'received'): number[] =>
  dataFrames(end.tap[way]).flatMap(({ bytes }) => (bytes.length > 60 ? [idOf(bytes.subarray(16))] : []))

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Names that are also counted for frames that never had a slot, or have none any more. */
const SLOTLESS = new Set(['link-full', 'pool-empty', 'late-reply', 'unexpected-control'])
/** Begins the names of what links dropped, which is handed on to them before. */
const BELOW = 'link-'

/** The same counts, but for the names that are no use for comparing. */
const comparable = (counts: Iterable<readonly [string, number]>): Record<string, number> =>
  Object.fromEntries([...counts].filter(([name]) => !SLOTLESS.has(name) && !name.startsWith(BELOW)))

/** What an end should have counted, by what went in and out of it. */
function expected(trial: Trial, end: End) {
  const { fates } = end.pool as WatchedPool
  const delivered = trial.delivered.get(end) ?? []
  return {
    injected: trial.injected.get(end)?.length ?? 0,
    entered: end.tun.stats().rxPackets + idsIn(end, 'received').length,
    onward: tally([...idsIn(end, 'sent'), ...delivered]),
    delivered: delivered.length,
    drops: comparable(tally(fates.flatMap(({ drop }) => drop ?? []))),
  }
}

/** What an end did count. */
function found(end: End) {
  const packetFates = (end.pool as WatchedPool).fates.filter(({ id }) => id !== undefined)
  const { rxPackets, txPackets, drops: tunDrops } = end.tun.stats()
  return {
    injected: rxPackets + sum(tunDrops),
    entered: packetFates.length,
    onward: tally(packetFates.filter(({ drop }) => drop === undefined).map(({ id }) => id)),
    delivered: txPackets,
    drops: comparable(Object.entries(statsOf(end).drops)),
  }
}

describe('whatever happens', () => {
  let undo: () => void
  beforeAll(() => {
    undo = watchDrops()
  })
  afterAll(() => undo())

  test.each([
    ['in clear, with links that take everything', { sealed: false, sendBufferBytes: Infinity }],
    ['in clear, with links that fill up', { sealed: false, sendBufferBytes: 20_000 }],
    ['sealed, with links that take everything', { sealed: true, sendBufferBytes: Infinity }],
    ['sealed, with links that fill up', { sealed: true, sendBufferBytes: 20_000 }],
  ])(
    'each packet is delivered, lost on a line, or dropped under exactly one name: %s',
    async (_how, options) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 40, size: 'max' }), async (seed, steps) => {
          const trial = new Trial(seed, options)
          await trial.run(steps)
          for (const end of trial.world.ends) expect(found(end)).toEqual(expected(trial, end))
        }),
        { numRuns: 20 },
      )
    },
  )
})
