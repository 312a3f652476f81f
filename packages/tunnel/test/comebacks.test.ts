import type { Link, Transport } from '@mp/interface'
import { describe, expect, test } from 'vitest'
import { stream } from './support/packets.ts'
import { SERVER_HOST, World, countOf, pathsOf } from './support/world.ts'
import type { WorldOptions } from './support/world.ts'

const FALLBACK = '10.8.0.1'
const PREFERRED = '10.0.0.1'
const PATHS = [{ name: 'dsl', fallback: FALLBACK }]

/** Host the path leaves from now; whichever end is asked must say the same. */
function hosts(world: World): (string | undefined)[] {
  const atClient = pathsOf(world.client)[0]?.localAddress
  const atServer = pathsOf(world.server)[0]?.remoteAddress
  return [atClient, atServer].map((address) => address?.replace(/:\d+$/, ''))
}

const isAt = (world: World, host: string): boolean => hosts(world).every((each) => each === host)

/** A fallback that ends like TCP: what is under way still arrives. And when the client dialled the preferred transport, ms. */
function dialling(options: WorldOptions): { readonly world: World; readonly dialsMs: number[] } {
  const dialsMs: number[] = []
  const wrapClient = (transport: Transport): Transport => ({
    ...transport,
    dial: async (endpoint, wishes) => {
      const link = await transport.dial(endpoint, wishes)
      if (link.localAddress.startsWith(`${PREFERRED}:`)) dialsMs.push(world.runtime.nowMs())
      else closeLater(world, link)
      return link
    },
  })
  const world = new World({ ...options, wrapClient })
  return { world, dialsMs }
}

/** A path that works over its fallback, since the preferred transport is cut. */
async function fallBack(world: World): Promise<void> {
  await world.start()
  world.line(0).cut()
  await world.until(() => isAt(world, FALLBACK) && world.allHealthy(), 6000)
}

function closeLater({ runtime }: World, link: Link): void {
  const close = link.close.bind(link)
  link.close = () => void runtime.setTimer(runtime.nowMs() + 100, close)
}

describe.each([false, true])('a path with a fallback, adaptive: %s', (isAdaptive) => {
  test('begins over it where the preferred transport is blocked, and comes home when that is not any more', async () => {
    const world = new World({ paths: PATHS, isAdaptive })
    world.line(0).cut()
    await world.start()
    expect(isAt(world, FALLBACK)).toBe(true)
    expect(await stream(world, 'client', { count: 50 })).toHaveLength(50)
    await world.pass(120_000)
    expect(isAt(world, FALLBACK)).toBe(true)
    world.line(0).restore()
    await world.until(() => isAt(world, PREFERRED), 180_000)
    for (const side of ['client', 'server'] as const) {
      expect(await stream(world, side, { count: 50 })).toHaveLength(50)
    }
    await world.close()
  })

  test('falls back within seconds, and neither trials nor the way home lose a packet', async () => {
    const { world } = dialling({ paths: PATHS, isAdaptive, security: {} })
    await world.start()
    expect(isAt(world, PREFERRED)).toBe(true)
    world.line(0).cut()
    await world.until(() => isAt(world, FALLBACK) && world.allHealthy(), 6000)
    const states = countOf(world.client, 'path-state')
    // Some trials are in vain, and one is not.
    for (let round = 0; round < 120; round++) {
      if (round === 50) world.line(0).restore()
      for (const side of ['client', 'server'] as const) {
        expect(await stream(world, side, { count: 5 })).toHaveLength(5)
      }
    }
    expect(isAt(world, PREFERRED)).toBe(true)
    expect(countOf(world.client, 'path-state')).toBe(states)
    expect(countOf(world.client, 'established')).toBe(1)
    await world.close()
  })
})

test('one frame of a trial that gets through is enough to come home', async () => {
  const { world, dialsMs } = dialling({ paths: PATHS })
  await fallBack(world)
  dialsMs.length = 0
  await world.until(() => dialsMs.length > 0, 11_000)
  await world.pass(300)
  world.line(0).restore()
  await world.until(() => isAt(world, PREFERRED), 2000)
  expect(dialsMs).toHaveLength(1)
  await world.close()
})

test('a path that is unwell when a trial is due is tried as soon as it is well', async () => {
  const { world, dialsMs } = dialling({ paths: PATHS })
  await fallBack(world)
  dialsMs.length = 0
  world.line(0).restore()
  await world.pass(8000)
  const other = world.network.path(FALLBACK, SERVER_HOST)
  other.set({ loss: 0.5 })
  await world.pass(4000)
  expect(pathsOf(world.client)[0]?.prober.state).toBe('unstable')
  expect(dialsMs).toEqual([])
  other.set({ loss: 0 })
  await world.until(() => world.allHealthy(), 60_000)
  await world.until(() => isAt(world, PREFERRED), 3000)
  await world.close()
})

test('what gets through in one direction only is no reason to come home', async () => {
  const world = new World({ paths: PATHS })
  await fallBack(world)
  for (const [open, shut] of [
    [PREFERRED, SERVER_HOST],
    [SERVER_HOST, PREFERRED],
  ] as const) {
    world.line(0).restore()
    world.network.path(shut, open).setForward({ blackhole: true })
    await world.pass(400_000)
    expect(pathsOf(world.client)[0]?.localAddress).toMatch(FALLBACK)
    expect(await stream(world, 'client', { count: 20 })).toHaveLength(20)
  }
  await world.close()
})

test('trials become rarer, and rarer still for a transport that soon fails again', async () => {
  const { world, dialsMs } = dialling({ paths: PATHS })
  world.line(0).cut()
  await world.start()
  const startMs = world.runtime.nowMs()
  dialsMs.length = 0
  await world.pass(1_200_000)
  const waits = dialsMs.map((atMs, index) => Math.round((atMs - (dialsMs[index - 1] ?? startMs)) / 1000))
  expect(waits).toEqual([10, 22, 42, 82, 162, 302, 302])
  world.line(0).restore()
  await world.until(() => isAt(world, PREFERRED), 310_000)
  world.line(0).cut()
  await world.until(() => isAt(world, FALLBACK) && world.allHealthy(), 20_000)
  dialsMs.length = 0
  world.line(0).restore()
  await world.pass(290_000)
  expect(dialsMs).toEqual([])
  await world.until(() => isAt(world, PREFERRED), 20_000)
  await world.close()
})
